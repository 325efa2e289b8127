"""What a study is: a task, settings and the axes that vary, validated; and the shards it falls into."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from minnorm.objective.norm import PathNorm
from minnorm.study.specification import pages
from minnorm.study.specification.classes import ClassTask as ClassTask
from minnorm.study.specification.places import Misplaced, Place, first_error, unknown
from minnorm.study.specification.probes import MeasureSpec
from minnorm.study.specification.regions import RegionsTask as RegionsTask
from minnorm.study.specification.settings import OPTIMAL, PenaltySpec, SolveSpec, TrainSpec, one_of
from minnorm.study.specification.strict import Strict
from minnorm.study.specification.tasks import TASKS, Task
from minnorm.training import AXES
from minnorm.training.choice import Choice, Unfit, options
from minnorm.training.margins import learnt

DEFAULT_PAGE = "training"
MOST_LAZY = 3000
"""Points whose tangent kernel is solved for: some seconds for each start."""
FORMAT = 4
"""The version of shard files; a change of what their numbers mean raises it, and so does one of a default: keys
leave defaults out, so that a new option leaves finished work alone."""


class Shard(Strict):
    """What one compiled program trains and one file holds."""

    does: ClassVar[Literal["train"]] = "train"
    task: Task
    train: TrainSpec
    measure: MeasureSpec

    @model_validator(mode="after")
    def _check_together(self) -> "Shard":
        """What one setting allows another to be, as `train` would say only after other shards have run."""
        points = 1 if self.train.batch_size is None else self.task.count()
        try:
            self.choice.checked(points)
        except Unfit as error:
            raise Misplaced(error.place, error.why) from None
        if self.measure.sharpness and self.train.loss != "squared":
            raise Misplaced(("loss",), f"sharpness is measured of the squared loss, not of {self.train.loss}")
        if learnt(self.train.loss):
            values = np.unique(self.task.data().values)
            if not np.array_equal(values, [-1, 1]):
                told = ", ".join(f"{value:g}" for value in values[:5]) + (", ..." if values.size > 5 else "")
                raise Misplaced(
                    ("loss",),
                    f"{self.train.loss} learns the classes -1 and 1, and the labels of this task of kind "
                    f"{self.task.kind} are {told}; take kind classes, or csv with classes = true",
                )
        if self.measure.lazy and learnt(self.train.loss):
            raise Misplaced(
                ("measure", "lazy"), f"{self.train.loss} has the kernel's measures without it; leave it out"
            )
        if self.measure.lazy and self.task.count() > MOST_LAZY:
            raise Misplaced(
                ("measure", "lazy"),
                f"a kernel takes at most {MOST_LAZY:,} points, and the task has {self.task.count():,}; leave lazy out",
            )
        if self.train.initial == OPTIMAL and not self.task.has_interpolant():
            raise Misplaced(("initial",), f"no interpolant is known for {self.task.kind}; choose a random start")
        return self

    @property
    def key(self) -> str:
        """The content hash: equal for equal work, whatever study asks for it."""
        return _key(self)

    @property
    def choice(self) -> Choice:
        """What is chosen for its networks."""
        chosen = {name: getattr(self.train, name) for name in options()}
        chosen["penalty"] = PathNorm(**self.train.penalty.model_dump())
        if self.train.initial != OPTIMAL:
            return Choice.of(**chosen)
        del chosen["initial"]
        return Choice.of(**chosen, given=True)

    @property
    def pieces(self) -> int:
        """How many networks it has."""
        return self.train.networks

    def describe(self) -> str:
        """What decides its speed, as a text."""
        settings = self.train.model_dump(exclude={"learning_rate", "weight_decay", "scale", "seed", "initial", "steps"})
        return f"{self.task.dimension()} {self.task.count()} {settings} {self.pieces} {self.measure}"

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for `minnorm.train`."""
        arguments = self.train.model_dump()
        arguments["seeds"] = arguments.pop("seed")
        arguments["penalty"] = PathNorm(**arguments.pop("penalty"))
        return arguments


class SolveShard(Strict):
    """What the solver is asked about one data set, and one file holds."""

    does: ClassVar[Literal["solve"]] = "solve"
    task: Task
    solve: SolveSpec

    @model_validator(mode="after")
    def _check_together(self) -> "SolveShard":
        if self.solve.method == "radii":
            if not self.task.radial:
                kinds = ", ".join(name for name, model in TASKS.items() if model.radial)
                raise Misplaced(("method",), f"radii are for tasks of kind {kinds}, not {self.task.kind}; use points")
            if self.solve.penalty != PenaltySpec():
                raise Misplaced(("penalty",), "radii are for the plain path norm; leave it out")
        if self.solve.loss != "squared" and (self.solve.method == "radii" or 0 in self.lams):
            raise Misplaced(("loss",), f"{self.solve.loss} is for method points and lam above 0; leave it out")
        return self

    @property
    def key(self) -> str:
        """The content hash: equal for equal work, whatever study asks for it."""
        return _key(self)

    @property
    def pieces(self) -> int:
        """How many problems it has."""
        return len(self.lams)

    def describe(self) -> str:
        """What decides its speed, as a text."""
        return f"{self.task.kind} {self.task.dimension()} {self.solve.method}"

    @property
    def lams(self) -> list[float]:
        """All lam, in the order given."""
        return self.solve.lam if isinstance(self.solve.lam, list) else [self.solve.lam]


AnyShard = Shard | SolveShard

_SHARDS: TypeAdapter[AnyShard] = TypeAdapter(AnyShard)


def read_shard(specification: str) -> AnyShard:
    """A shard of either kind from its JSON."""
    return _SHARDS.validate_json(specification)


class Study(Strict):
    """A task, common settings of training or solving, and the axes that vary.

    `grid` axes are crossed with each other; in each table of `zip`, lists of equal length move together. An axis is
    a setting of `train` (or `solve`), or one of the task, written task.NAME. Learning rates, decays, scales and
    seeds of the grid (or its lam) are one program; every other combination is a shard of its own. An entry of a
    zipped list may itself be a list, e.g. several learning rates for one optimiser. A field of the task that is a list
    of values is an axis of the grid, too. `report` chooses what a report says of the study, of `pages.known()`.
    """

    name: str = Field(min_length=1)
    description: str = ""
    report: str = DEFAULT_PAGE
    task: Task
    train: TrainSpec | None = None
    solve: SolveSpec | None = None
    grid: dict[str, list[Any] | int] = Field(default_factory=dict)
    zip: list[dict[str, list[Any]]] = Field(default_factory=list)
    measure: MeasureSpec = MeasureSpec()

    @model_validator(mode="before")
    @classmethod
    def _lists_are_axes(cls, content: Any) -> Any:
        """Fields of the task that are lists of values, as axes of the grid."""
        task = content.get("task") if isinstance(content, dict) else None
        model = TASKS.get(str(task.get("kind"))) if isinstance(task, dict) else None
        if not isinstance(task, dict) or model is None:
            return content
        lists = {name: value for name, value in task.items() if model.is_axis(name, value)}
        if not lists:
            return content
        grid = _flat(content.get("grid", {}))
        for name in lists:
            if isinstance(grid, dict) and f"task.{name}" in grid:
                raise Misplaced(("task", name), "is a list here and an axis of grid too; say it once")
        axes = {f"task.{name}": values for name, values in lists.items()}
        task = task | {name: values[0] for name, values in lists.items()}
        return content | {"task": task, "grid": axes | grid if isinstance(grid, dict) else grid}

    @field_validator("report")
    @classmethod
    def _known_page(cls, name: str) -> str:
        return one_of(name, pages.known())

    @field_validator("grid", mode="before")
    @classmethod
    def _flat_grid(cls, grid: Any) -> Any:
        return _flat(grid)

    @field_validator("zip", mode="before")
    @classmethod
    def _flat_zip(cls, tables: Any) -> Any:
        return [_flat(table) for table in tables] if isinstance(tables, list) else tables

    @model_validator(mode="after")
    def _check_axes(self) -> "Study":
        if self.train is not None and self.solve is not None:
            raise Misplaced(("solve",), "train and solve are both given; a study has one of them")
        settings = self.settings
        names = [name for table in (self.grid, *self.zip) for name in table]
        axes: dict[Place, dict[str, Any]] = {("grid",): self.grid}
        axes |= {("zip", i): table for i, table in enumerate(self.zip)}
        for place, table in axes.items():
            for name, values in table.items():
                if not name.startswith("task.") and name not in type(settings).model_fields:
                    allowed = [*type(settings).model_fields, *(f"task.{field}" for field in _varying(self.task))]
                    raise Misplaced((*place, name), "axis " + unknown(name, allowed))
                if name.startswith("task.") and name[5:] not in _varying(self.task):
                    raise Misplaced((*place, name), "axis " + unknown(name[5:], _varying(self.task)))
                if names.count(name) > 1:
                    raise Misplaced((*place, name), f"axis {name!r} appears more than once in grid and zip")
                if values == [] or (isinstance(values, int) and name != "seed"):
                    raise Misplaced((*place, name), f"{name} is {values!r}; give a list with at least one value")
                if place == ("grid",) and name in self._inside:
                    self._check_value(name, values, (*place, name))
                else:
                    for i, value in enumerate(values):  # type: ignore[arg-type]
                        self._check_value(name, value, (*place, name, i))
        for i, table in enumerate(self.zip):
            lengths = {name: len(values) for name, values in table.items()}
            if len(set(lengths.values())) != 1:
                raise Misplaced(("zip", i), f"zip needs lists of equal length, got {lengths}")
        return self

    @model_validator(mode="after")
    def _check_report(self) -> "Study":
        """A page that cannot be written is refused before the work."""
        why = pages.page(self.report).admits(self)
        if why is not None:
            raise Misplaced(("report",), f"{self.report!r} {why}")
        return self

    @property
    def settings(self) -> TrainSpec | SolveSpec:
        """What all shards share: of training, unless the study solves."""
        return self.solve or self.train or TrainSpec()

    @property
    def page(self) -> str:
        """The page of a report that it is on; a study that solves is of rates if it does not say otherwise."""
        return "rates" if self.solve is not None and self.report == DEFAULT_PAGE else self.report

    def values(self, name: str) -> list[Any]:
        """All values of a setting, or of task.NAME, in the study; none if there is no such setting."""
        for table in (self.grid, *self.zip):
            if name in table:
                return _flattened(table[name])
        owner, field = (self.task, name[5:]) if name.startswith("task.") else (self.settings, name)
        return _flattened(getattr(owner, field)) if field in type(owner).model_fields else []

    def shards(self) -> Iterator[AnyShard]:
        """All shards, in the order of the file."""
        inside = {name: values for name, values in self.grid.items() if name in self._inside}
        crossed = [[{name: value} for value in self.grid[name]] for name in self.grid if name not in inside]  # type: ignore[union-attr]
        zipped = [
            [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)] for table in self.zip
        ]
        common, kind = self.settings.model_dump(), type(self.settings)
        for choice in itertools.product(*crossed, *zipped):
            chosen = {name: value for part in choice for name, value in part.items()}
            of_task = {name[5:]: value for name, value in chosen.items() if name.startswith("task.")}
            here = {name: value for name, value in chosen.items() if not name.startswith("task.")}
            task = self._task(of_task) if of_task else self.task
            settings = kind.model_validate(common | inside | here)
            if isinstance(settings, SolveSpec):
                yield SolveShard(task=task, solve=settings)
            else:
                yield Shard(task=task, train=settings, measure=self.measure)

    @property
    def _inside(self) -> tuple[str, ...]:
        """The axes of the grid that one shard covers."""
        return AXES if isinstance(self.settings, TrainSpec) else ("lam",)

    def _task(self, changes: dict[str, Any]) -> Any:
        return type(self.task).model_validate(self.task.model_dump() | changes)

    def _check_value(self, name: str, value: Any, place: Place) -> None:
        try:
            if name.startswith("task."):
                name = name[5:]
                self._task({name: value})
            else:
                type(self.settings).model_validate({name: value})
        except ValidationError as error:
            inner, message, _ = first_error(error, {name: value}, lambda _: PenaltySpec.model_fields)
            raise Misplaced((*place, *inner[1:]), message) from None


def _varying(task: Any) -> list[str]:
    """What may vary of a task: its settings, not what kind it is."""
    return [name for name in TASKS[task.kind].model_fields if name != "kind"]


def _flat(table: Any) -> Any:
    """A table whose axes of the task are written task.NAME, as TOML reads them from a table `task` within it."""
    if not (isinstance(table, dict) and isinstance(table.get("task"), dict)):
        return table
    flat = {}
    for name, values in table.items():
        flat |= {f"task.{inner}": value for inner, value in values.items()} if name == "task" else {name: values}
    return flat


def _flattened(values: Any) -> list[Any]:
    each = values if isinstance(values, list) else [values]
    return [inner for value in each for inner in (value if isinstance(value, list) else [value])]


def _key(shard: AnyShard) -> str:
    content = {"format": FORMAT, **shard.model_dump(mode="json", exclude_defaults=True)}
    digest = shard.task.digest()
    if digest is not None:
        content["data"] = digest
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
