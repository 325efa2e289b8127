"""What a study is: a task, settings and the axes that vary, validated; and the shards it falls into."""

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from minnorm.objective.norm import PathNorm
from minnorm.study.specification.places import Misplaced, Place, first_error, unknown
from minnorm.study.specification.tasks import TASKS, CsvTask, Task
from minnorm.training import AXES, INITIALISATIONS, OPTIMIZERS, SCHEDULES

FORMAT = 4
"""The version of shard files; a change of what their numbers mean raises it, and so does one of a default: keys
leave defaults out, so that a new option leaves finished work alone."""

WITH_NORM = ("line", "bump", "points")
"""Kinds of task whose minimum-norm interpolant is known, or can be found."""

OPTIMAL = "optimal"
"""The initialisation that draws neurons from the measure of the task's exact interpolant."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PenaltySpec(_Strict):
    """Options of `PathNorm`."""

    bias: Annotated[
        Literal["free", "penalised"], BeforeValidator(lambda word: "penalised" if word == "penalized" else word)
    ] = "free"
    skip: Literal["none", "free"] = "none"
    offset: Literal["free", "none"] = "free"


class TrainSpec(_Strict):
    """Arguments of `minnorm.train` that a study may set; `seed` stands for its `seeds`."""

    optimizer: str = "adam"
    options: dict[str, NotNegative] | None = None
    learning_rate: Positive | Annotated[list[Positive], Field(min_length=1)] = 1e-3
    weight_decay: NotNegative | Annotated[list[NotNegative], Field(min_length=1)] = 0.0
    scale: NotNegative | Annotated[list[NotNegative], Field(min_length=1)] = 1.0
    seed: Annotated[int, Field(ge=1)] | Annotated[list[Seed], Field(min_length=1)] = 1
    width: int = Field(default=1000, ge=1)
    steps: int = Field(default=10_000, ge=0)
    batch_size: Annotated[int, Field(ge=1)] | None = None
    decay: Literal["coupled", "decoupled"] | None = None
    schedule: str = "constant"
    initial: str = "xavier_uniform"
    biases: Literal["uniform", "zero"] = "uniform"
    antisymmetric: bool = False
    dtype: Literal["float32", "float64"] = "float32"
    records: int = Field(default=60, ge=1)
    penalty: PenaltySpec = PenaltySpec()

    @field_validator("optimizer")
    @classmethod
    def _known_optimizer(cls, name: str) -> str:
        return _one_of(name, OPTIMIZERS)

    @field_validator("schedule")
    @classmethod
    def _known_schedule(cls, name: str) -> str:
        return _one_of(name, SCHEDULES)

    @field_validator("initial")
    @classmethod
    def _known_initialisation(cls, name: str) -> str:
        return _one_of(name, [*INITIALISATIONS, OPTIMAL])

    @field_validator(*AXES)
    @classmethod
    def _each_once(cls, values: Any) -> Any:
        return _distinct(values)

    @property
    def networks(self) -> int:
        """How many networks the axes make."""
        sizes = [len(values) if isinstance(values, list) else 1 for values in (getattr(self, axis) for axis in AXES)]
        return math.prod(sizes) * (self.seed if isinstance(self.seed, int) else 1)


class SolveSpec(_Strict):
    """What the certified solver is asked: each lam on the task's points, or on the law of their radii."""

    lam: NotNegative | Annotated[list[NotNegative], Field(min_length=1)] = 0.0
    method: Literal["points", "radii"] = "points"
    penalty: PenaltySpec = PenaltySpec()

    @field_validator("lam")
    @classmethod
    def _each_once(cls, values: Any) -> Any:
        return _distinct(values)


class MeasureSpec(_Strict):
    """What is measured of every trained network beyond norms and distances."""

    sharpness: bool = False
    optimum: bool = True
    """Whether its objective is compared with the certified minimum, where that is to be had."""
    directions: int = Field(default=256, ge=2)
    radii: int = Field(default=81, ge=2)
    largest_radius: float = Field(default=5.0, gt=1, allow_inf_nan=False)


class Shard(_Strict):
    """What one compiled program trains and one file holds."""

    task: Task
    train: TrainSpec
    measure: MeasureSpec

    @model_validator(mode="after")
    def _check_together(self) -> "Shard":
        """What one setting allows another to be, as `train` would say only after other shards have run."""
        name, entry = self.train.optimizer, OPTIMIZERS[self.train.optimizer]
        for option in self.train.options or {}:
            if option not in entry.options:
                takes = ", ".join(entry.options) or "none"
                raise Misplaced(("options", option), f"{name} does not take {option!r}; it takes {takes}")
        if self.train.batch_size is not None:
            if entry.batch == "full":
                raise Misplaced(("batch_size",), f"{name} takes all data in each step; leave it out, or use sgd")
            count = self.task.count()
            if self.train.batch_size > count:
                raise Misplaced(("batch_size",), f"{self.train.batch_size} is more than the {count} points of the task")
        if self.train.initial == OPTIMAL and self.task.kind not in WITH_NORM:
            raise Misplaced(("initial",), f"no interpolant is known for {self.task.kind}; choose a random start")
        return self

    @property
    def key(self) -> str:
        """The content hash: equal for equal work, whatever study asks for it."""
        return _key(self)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for `minnorm.train`."""
        arguments = self.train.model_dump()
        arguments["seeds"] = arguments.pop("seed")
        arguments["penalty"] = PathNorm(**arguments.pop("penalty"))
        return arguments


class SolveShard(_Strict):
    """What the solver is asked about one data set, and one file holds."""

    task: Task
    solve: SolveSpec

    @model_validator(mode="after")
    def _check_together(self) -> "SolveShard":
        if self.solve.method == "radii":
            if self.task.kind != "bump":
                raise Misplaced(("method",), f"radii are for tasks of kind bump, not {self.task.kind}; use points")
            if self.solve.penalty != PenaltySpec():
                raise Misplaced(("penalty",), "radii are for the plain path norm; leave it out")
        return self

    @property
    def key(self) -> str:
        """The content hash: equal for equal work, whatever study asks for it."""
        return _key(self)

    @property
    def lams(self) -> list[float]:
        """All lam, in the order given."""
        return self.solve.lam if isinstance(self.solve.lam, list) else [self.solve.lam]


AnyShard = Shard | SolveShard

_SHARDS: TypeAdapter[AnyShard] = TypeAdapter(AnyShard)


def read_shard(specification: str) -> AnyShard:
    """A shard of either kind from its JSON."""
    return _SHARDS.validate_json(specification)


class Study(_Strict):
    """A task, common settings of training or solving, and the axes that vary.

    `grid` axes are crossed with each other; in each table of `zip`, lists of equal length move together. An axis is
    a setting of `train` (or `solve`), or one of the task, written task.NAME. Learning rates, decays, scales and
    seeds of the grid (or its lam) are one program; every other combination is a shard of its own. An entry of a
    zipped list may itself be a list, e.g. several learning rates for one optimiser. `report` chooses what a
    report says of the study.
    """

    name: str = Field(min_length=1)
    description: str = ""
    report: Literal["training", "atlas", "stretch", "rates"] = "training"
    task: Task
    train: TrainSpec | None = None
    solve: SolveSpec | None = None
    grid: dict[str, list[Any] | int] = {}
    zip: list[dict[str, list[Any]]] = []
    measure: MeasureSpec = MeasureSpec()

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
        if self.solve is not None and self.report in ("atlas", "stretch"):
            said = f"{self.report!r} is of networks that are trained; this study solves: leave it out, or say 'rates'"
            raise Misplaced(("report",), said)
        if self.report == "stretch":
            bump, others = self.task.kind == "bump", "leave it out, or use a task of kind 'bump' with plateau 0"
            axes = [table.get("task.plateau", []) for table in (self.grid, *self.zip)]
            plateaus = [getattr(self.task, "plateau", 0), *(p for axis in axes if isinstance(axis, list) for p in axis)]
            if not bump or any(plateaus):
                raise Misplaced(("report",), f"'stretch' is for training on a bump without plateau; {others}")
        if self.report == "rates" and self.solve is None and self.task.kind not in WITH_NORM:
            raise Misplaced(("report",), f"'rates' needs an exact norm, which no task of kind {self.task.kind!r} has")
        return self

    @property
    def settings(self) -> TrainSpec | SolveSpec:
        """What all shards share: of training, unless the study solves."""
        return self.solve or self.train or TrainSpec()

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


def _distinct(values: Any) -> Any:
    if isinstance(values, list) and len(set(values)) < len(values):
        raise ValueError(f"{values} has a value twice; each may appear once")
    return values


def _one_of(name: str, allowed: Iterable[str]) -> str:
    if name not in allowed:
        raise ValueError(unknown(name, allowed))
    return name


def _key(shard: AnyShard) -> str:
    content = {"format": FORMAT, **shard.model_dump(mode="json", exclude_defaults=True)}
    if isinstance(shard.task, CsvTask):
        content["data"] = hashlib.sha256(Path(shard.task.path).read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]
