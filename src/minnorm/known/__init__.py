"""Minimum-norm interpolants that are known exactly."""

from minnorm.known.line import line as line

__all__ = ["line"]
