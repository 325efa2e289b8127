"""Studies: whole grids of training runs, compared with the exact interpolant, resumable."""

from minnorm.study.export import export as export
from minnorm.study.export import table as table
from minnorm.study.files import load as load
from minnorm.study.files import load_all as load_all
from minnorm.study.files import parse as parse
from minnorm.study.merge import Merged as Merged
from minnorm.study.merge import merge as merge
from minnorm.study.plan import Plan as Plan
from minnorm.study.plan import plan as plan
from minnorm.study.run import Status as Status
from minnorm.study.run import run as run
from minnorm.study.run import status as status
from minnorm.study.spec import Shard as Shard
from minnorm.study.spec import SolveShard as SolveShard
from minnorm.study.spec import Study as Study
from minnorm.study.store import Store as Store
from minnorm.study.store import stores as stores

__all__ = [
    "Merged",
    "Plan",
    "Shard",
    "SolveShard",
    "Status",
    "Store",
    "Study",
    "export",
    "load",
    "load_all",
    "merge",
    "parse",
    "plan",
    "run",
    "status",
    "stores",
    "table",
]
