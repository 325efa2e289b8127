"""Losses: what a function pays at a data point, by name (`loss="huber:1"`) or as an object (`mn.losses.Huber(1.0)`)."""

from minnorm.losses.constraints import Constraint as Constraint
from minnorm.losses.constraints import Margin as Margin
from minnorm.losses.constraints import Tolerance as Tolerance
from minnorm.losses.constraints import constrains as constrains
from minnorm.losses.margins import Hinge as Hinge
from minnorm.losses.margins import Logistic as Logistic
from minnorm.losses.margins import SquaredHinge as SquaredHinge
from minnorm.losses.pointwise import Loss as Loss
from minnorm.losses.pointwise import add as add
from minnorm.losses.pointwise import known as known
from minnorm.losses.pointwise import of as of
from minnorm.losses.residuals import SQUARED as SQUARED
from minnorm.losses.residuals import Absolute as Absolute
from minnorm.losses.residuals import Huber as Huber
from minnorm.losses.residuals import Insensitive as Insensitive
from minnorm.losses.residuals import Quantile as Quantile
from minnorm.losses.residuals import Squared as Squared

__all__ = [
    "SQUARED",
    "Absolute",
    "Constraint",
    "Hinge",
    "Huber",
    "Insensitive",
    "Logistic",
    "Loss",
    "Margin",
    "Quantile",
    "Squared",
    "SquaredHinge",
    "Tolerance",
    "add",
    "constrains",
    "known",
    "of",
]
