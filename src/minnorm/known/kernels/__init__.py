"""Interpolants of kernels: what networks that hardly move from their random start find."""
