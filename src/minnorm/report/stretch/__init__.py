"""The page of stretches: bumps of high dimension."""
