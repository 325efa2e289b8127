"""The page of a training study."""
