"""What is kept: shards, checkpoints, locks, merging and export."""
