"""How a study runs: here, in processes, on a cluster, and its plan."""
