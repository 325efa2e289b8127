"""Regions where a function is known: their shapes, their labels, and how far a network is from them."""
