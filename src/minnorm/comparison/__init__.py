"""A network against the certified minimum of its own objective: how far it is, and why."""

from minnorm.comparison.compare import compare as compare
from minnorm.comparison.result import Comparison as Comparison
from minnorm.comparison.result import Comparisons as Comparisons

__all__ = ["Comparison", "Comparisons", "compare"]
