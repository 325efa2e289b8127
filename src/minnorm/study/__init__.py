"""Studies: whole grids of training runs, compared with the exact interpolant, resumable."""

from minnorm.study.runners.plan import Plan as Plan
from minnorm.study.runners.plan import plan as plan
from minnorm.study.runners.run import Status as Status
from minnorm.study.runners.run import run as run
from minnorm.study.runners.run import status as status
from minnorm.study.specification.files import load as load
from minnorm.study.specification.files import load_all as load_all
from minnorm.study.specification.files import parse as parse
from minnorm.study.specification.spec import Shard as Shard
from minnorm.study.specification.spec import SolveShard as SolveShard
from minnorm.study.specification.spec import Study as Study
from minnorm.study.storage.export import export as export
from minnorm.study.storage.export import table as table
from minnorm.study.storage.merge import Merged as Merged
from minnorm.study.storage.merge import merge as merge
from minnorm.study.storage.store import Store as Store
from minnorm.study.storage.store import stores as stores

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
