"""Radial functions: bumps, shells, laws of radii, with proven norms."""
