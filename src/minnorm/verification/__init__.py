"""The judge of claimed minimisers; it shares nothing with what computes them."""

from minnorm.verification.crossing import crossing
from minnorm.verification.judge import verify
from minnorm.verification.regions import verify_regions

__all__ = ["crossing", "verify", "verify_regions"]
