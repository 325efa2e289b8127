"""How far apart the minimisers are: bands, and where they end."""
