"""The page of the convergence theorem."""
