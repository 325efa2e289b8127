"""Functions of few directions: ridges, their sums, denoisers."""
