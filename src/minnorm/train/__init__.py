"""Training with the common optimisers, whole grids at once."""

from minnorm.train.arguments import usual_batch as usual_batch
from minnorm.train.checkpoint import Checkpoint as Checkpoint
from minnorm.train.initial import INITIALISATIONS as INITIALISATIONS
from minnorm.train.loop import recorded_steps as recorded_steps
from minnorm.train.loop import train as train
from minnorm.train.optimizers import OPTIMIZERS as OPTIMIZERS
from minnorm.train.result import AXES as AXES
from minnorm.train.result import networks as networks
from minnorm.train.schedules import SCHEDULES as SCHEDULES

__all__ = [
    "AXES",
    "INITIALISATIONS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Checkpoint",
    "networks",
    "recorded_steps",
    "train",
    "usual_batch",
]
