"""Interpolants on the line, in closed form or by a programme over knots."""
