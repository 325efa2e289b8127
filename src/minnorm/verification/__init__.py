"""The judge of claimed minimisers; it shares nothing with what computes them."""

from minnorm.verification.judge import verify

__all__ = ["verify"]
