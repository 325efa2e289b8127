"""What a study is: a TOML file, validated, and the shards it falls into."""

import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from minnorm.penalty import PathNorm
from minnorm.study.tasks import CsvTask, Task
from minnorm.train import AXES, INITIALISATIONS, OPTIMIZERS

FORMAT = 1
"""The version of shard files; a change of what their numbers mean raises it."""


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
    options: dict[str, float] | None = None
    learning_rate: float | list[float] = 1e-3
    weight_decay: float | list[float] = 0.0
    scale: float | list[float] = 1.0
    seed: int | list[int] = 1
    width: int = 1000
    steps: int = 10_000
    batch_size: int | None = None
    decay: Literal["coupled", "decoupled"] | None = None
    initial: str = "xavier_uniform"
    biases: Literal["uniform", "zero"] = "uniform"
    antisymmetric: bool = False
    dtype: Literal["float32", "float64"] = "float32"
    records: int = 60
    penalty: PenaltySpec = PenaltySpec()

    @field_validator("optimizer")
    @classmethod
    def _known_optimizer(cls, name: str) -> str:
        return _one_of(name, OPTIMIZERS)

    @field_validator("initial")
    @classmethod
    def _known_initialisation(cls, name: str) -> str:
        return _one_of(name, INITIALISATIONS)


def _one_of(name: str, allowed: Iterable[str]) -> str:
    if name not in allowed:
        raise ValueError(f"{name!r} is unknown; choose one of {', '.join(allowed)}")
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
        for name in names:
            if name not in TrainSpec.model_fields:
                raise ValueError(f"axis {name!r} is unknown; choose among {', '.join(TrainSpec.model_fields)}")
            if names.count(name) > 1:
                raise ValueError(f"axis {name!r} appears more than once in grid and zip")
        for table in self.zip:
            lengths = {name: len(values) for name, values in table.items()}
            if len(set(lengths.values())) != 1:
                raise ValueError(f"zip needs lists of equal length, got {lengths}")
        for name, values in self.grid.items():
            if values == [] or (isinstance(values, int) and name != "seed"):
                raise ValueError(f"grid.{name} is {values!r}; give a list with at least one value")
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
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    task = content.get("task")
    if isinstance(task, dict) and task.get("kind") == "csv" and isinstance(task.get("path"), str):
        task["path"] = str((path.parent / task["path"]).resolve())
    return parse(content, str(path))


def parse(content: dict[str, Any], source: str = "study") -> Study:
    """A study from plain data, as `load` reads it from TOML."""
    try:
        study = Study.model_validate(content)
        shards = list(study.shards())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "study"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{source}: {place}: {message}{more}") from None
    if len({shard.key for shard in shards}) < len(shards):
        raise ValueError(f"{source}: two shards are the same; remove the repeated value from grid or zip")
    return study
