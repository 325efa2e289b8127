"""Studies: whole grids of training runs, compared with the exact interpolant, resumable."""

from minnorm.study.run import Status as Status
from minnorm.study.run import run as run
from minnorm.study.run import status as status
from minnorm.study.spec import Shard as Shard
from minnorm.study.spec import Study as Study
from minnorm.study.spec import load as load
from minnorm.study.spec import parse as parse
from minnorm.study.store import Store as Store
from minnorm.study.store import stores as stores

__all__ = ["Shard", "Status", "Store", "Study", "load", "parse", "run", "status", "stores"]
