"""Training with the common optimisers, whole grids at once."""

from minnorm.training.checkpoint import Checkpoint as Checkpoint
from minnorm.training.choice import usual_batch as usual_batch
from minnorm.training.initial import INITIALISATIONS as INITIALISATIONS
from minnorm.training.loop import recorded_steps as recorded_steps
from minnorm.training.loop import train as train
from minnorm.training.optimizers import OPTIMIZERS as OPTIMIZERS
from minnorm.training.result import AXES as AXES
from minnorm.training.result import networks as networks
from minnorm.training.schedules import SCHEDULES as SCHEDULES

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
