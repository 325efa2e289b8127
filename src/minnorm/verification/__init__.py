"""The judge of claimed minimisers; it shares nothing with what computes them."""

from minnorm.verification.judge import verify
from minnorm.verification.regions import verify_regions

__all__ = ["verify", "verify_regions"]
