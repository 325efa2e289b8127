"""The page that needs no server: one file with its script, its style and its tables."""
