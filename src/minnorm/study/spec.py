"""What a study is: a TOML file, validated, and the shards it falls into."""

import hashlib
import itertools
import json
import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from minnorm.penalty import PathNorm
from minnorm.study.places import Misplaced, Place, at, first_error, lines, unknown
from minnorm.study.tasks import BumpTask, CsvTask, DiabetesTask, LineTask, Task
from minnorm.train import AXES, INITIALISATIONS, OPTIMIZERS, SCHEDULES

FORMAT = 2
"""The version of shard files; a change of what their numbers mean raises it."""


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PenaltySpec(_Strict):
    """Options of `PathNorm`."""

    bias: Literal["free", "penalised"] = "free"
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
        return _one_of(name, INITIALISATIONS)

    @field_validator(*AXES)
    @classmethod
    def _each_once(cls, values: Any) -> Any:
        if isinstance(values, list) and len(set(values)) < len(values):
            raise ValueError(f"{values} has a value twice; each may appear once")
        return values

    @property
    def networks(self) -> int:
        """How many networks the axes make."""
        sizes = [len(values) if isinstance(values, list) else 1 for values in (getattr(self, axis) for axis in AXES)]
        return math.prod(sizes) * (self.seed if isinstance(self.seed, int) else 1)


def _one_of(name: str, allowed: Iterable[str]) -> str:
    if name not in allowed:
        raise ValueError(unknown(name, allowed))
    return name


class MeasureSpec(_Strict):
    """What is measured of every trained network beyond norms and distances."""

    sharpness: bool = False
    directions: int = Field(default=256, ge=2)
    radii: int = Field(default=81, ge=2)
    largest_radius: float = Field(default=5.0, gt=1)


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
        return self

    @property
    def key(self) -> str:
        """The content hash: equal for equal work, whatever study asks for it."""
        content = {"format": FORMAT, **self.model_dump(mode="json")}
        if isinstance(self.task, CsvTask):
            content["data"] = hashlib.sha256(Path(self.task.path).read_bytes()).hexdigest()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for `minnorm.train`."""
        arguments = self.train.model_dump()
        arguments["seeds"] = arguments.pop("seed")
        arguments["penalty"] = PathNorm(**arguments.pop("penalty"))
        return arguments


class Study(_Strict):
    """A task, common training settings, and the axes that vary.

    `grid` axes are crossed with each other; in each table of `zip`, lists of equal length move together.
    Learning rates, decays, scales and seeds of the grid are one compiled program; every other combination
    is a shard of its own. An entry of a zipped list may itself be a list, e.g. several learning rates for
    one optimiser.
    """

    name: str = Field(min_length=1)
    description: str = ""
    task: Task
    train: TrainSpec = TrainSpec()
    grid: dict[str, list[Any] | int] = {}
    zip: list[dict[str, list[Any]]] = []
    measure: MeasureSpec = MeasureSpec()

    @model_validator(mode="after")
    def _check_axes(self) -> "Study":
        names = [name for table in (self.grid, *self.zip) for name in table]
        axes: dict[Place, dict[str, Any]] = {("grid",): self.grid}
        axes |= {("zip", i): table for i, table in enumerate(self.zip)}
        for place, table in axes.items():
            for name, values in table.items():
                if name not in TrainSpec.model_fields:
                    raise Misplaced((*place, name), "axis " + unknown(name, TrainSpec.model_fields))
                if names.count(name) > 1:
                    raise Misplaced((*place, name), f"axis {name!r} appears more than once in grid and zip")
                if values == [] or (isinstance(values, int) and name != "seed"):
                    raise Misplaced((*place, name), f"{name} is {values!r}; give a list with at least one value")
                if place == ("grid",) and name in AXES:
                    _check_value(name, values, (*place, name))
                else:
                    for i, value in enumerate(values):  # type: ignore[arg-type]
                        _check_value(name, value, (*place, name, i))
        for i, table in enumerate(self.zip):
            lengths = {name: len(values) for name, values in table.items()}
            if len(set(lengths.values())) != 1:
                raise Misplaced(("zip", i), f"zip needs lists of equal length, got {lengths}")
        return self

    def shards(self) -> Iterator[Shard]:
        """All shards, in the order of the file."""
        inside = {name: values for name, values in self.grid.items() if name in AXES}
        crossed = [[{name: value} for value in self.grid[name]] for name in self.grid if name not in AXES]  # type: ignore[union-attr]
        zipped = [
            [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)] for table in self.zip
        ]
        for choice in itertools.product(*crossed, *zipped):
            settings = self.train.model_dump() | inside
            for part in choice:
                settings |= part
            yield Shard(task=self.task, train=TrainSpec.model_validate(settings), measure=self.measure)


def load(path: str | Path) -> Study:
    """Read a study from a TOML file; a csv task's path is relative to it.

    Errors: ValueError in one line that names the file, the place in it and what is allowed there.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a study in TOML")
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    task = content.get("task")
    if isinstance(task, dict) and task.get("kind") == "csv" and isinstance(task.get("path"), str):
        task["path"] = str((path.parent / task["path"]).resolve())
    return parse(content, str(path), lines(text))


def parse(content: dict[str, Any], source: str = "study", where: Mapping[Place, int] | None = None) -> Study:
    """A study from plain data, as `load` reads it from TOML; `where` has the lines of its places.

    Errors: ValueError in one line that names the source, the line, the place and what is allowed there.
    """

    def fail(error: ValidationError, place_of: Callable[[Place], Place] = lambda place: place) -> ValueError:
        place, message, others = first_error(error, content, lambda table: _fields(table, content))
        more = f" (and {others} more)" if others else ""
        return ValueError(f"{source}: {at(place_of(place), where)}: {message}{more}")

    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        raise fail(error) from None
    try:
        keys = [shard.key for shard in study.shards()]
    except ValidationError as error:
        raise fail(error, lambda place: _origin(study, place)) from None
    if len(set(keys)) < len(keys):
        raise ValueError(f"{source}: two shards are the same; remove the repeated value from grid or zip")
    return study


_TABLES: dict[Place, type[BaseModel]] = {
    (): Study,
    ("train",): TrainSpec,
    ("train", "penalty"): PenaltySpec,
    ("measure",): MeasureSpec,
}
_TASKS = {"line": LineTask, "bump": BumpTask, "diabetes": DiabetesTask, "csv": CsvTask}


def _fields(table: Place, content: dict[str, Any]) -> Iterable[str]:
    if table == ("task", "kind"):
        return _TASKS
    model = _TASKS[content["task"]["kind"]] if table == ("task",) else _TABLES[table]
    return model.model_fields


def _check_value(name: str, value: Any, place: Place) -> None:
    try:
        TrainSpec.model_validate({name: value})
    except ValidationError as error:
        inner, message, _ = first_error(error, {name: value}, lambda _: PenaltySpec.model_fields)
        raise Misplaced((*place, *inner[1:]), message) from None


def _origin(study: Study, place: Place) -> Place:
    """Where a study says what a shard's training setting is."""
    if not place:
        return ("task",)
    for i, table in enumerate(study.zip):
        if place[0] in table:
            return ("zip", i, *place)
    return (("grid",) if place[0] in study.grid else ("train",)) + place
