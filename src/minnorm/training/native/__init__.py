"""The compiled kernel: its calls, and the translation of optimisers' updates for it."""

from minnorm.training.native.calls import INSTRUCTION_SETS as INSTRUCTION_SETS
from minnorm.training.native.calls import descend as descend
from minnorm.training.native.calls import instruction_set as instruction_set
from minnorm.training.native.calls import leaf_kinds as leaf_kinds
from minnorm.training.native.calls import loss_and_gradient as loss_and_gradient

__all__ = ["INSTRUCTION_SETS", "descend", "instruction_set", "leaf_kinds", "loss_and_gradient"]
