"""The judge of claimed minimisers; it shares nothing with what computes them."""

from minnorm.verify.judge import verify

__all__ = ["verify"]
