"""The largest margins that networks can have: least norms with y f >= 1 for classes y = -1 and 1."""
