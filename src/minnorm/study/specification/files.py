"""Study files: TOML with one study, or with several that share settings."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from minnorm.study.specification.places import Place, at, first_error, lines
from minnorm.study.specification.probes import MeasureSpec
from minnorm.study.specification.settings import PenaltySpec, SolveSpec, TrainSpec
from minnorm.study.specification.spec import Study
from minnorm.study.specification.tasks import TASKS

_TABLES: dict[Place, type[BaseModel]] = {
    (): Study,
    ("train",): TrainSpec,
    ("train", "penalty"): PenaltySpec,
    ("solve",): SolveSpec,
    ("solve", "penalty"): PenaltySpec,
    ("measure",): MeasureSpec,
}


def load(path: str | Path) -> Study:
    """Read a study from a TOML file; a csv task's path is relative to it.

    Errors: ValueError in one line that names the file, the place in it and what is allowed there; also for a file
    with several studies, which `load_all` reads.
    """
    studies = load_all(path)
    if "" not in studies:
        raise ValueError(f"{path} holds the studies {', '.join(studies)}; use load_all")
    return studies[""]


def load_all(path: str | Path) -> dict[str, Study]:
    """Read all studies of a TOML file by the name of their directory; "" for a file that is one study itself.

    A file with tables [study.NAME] holds a study for each of them; what stands outside is common to all. Tables
    are joined entry by entry, the study's own entries winning; a `zip` table of its own takes the place of common ones
    that have an axis in common with it, and else joins them. A study without a name of its own is called
    "common name: NAME". Errors: as for `load`.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a study in TOML")
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    where = lines(text)
    for table in (content, *_several(content, path).values()):
        _resolve(table.get("task"), path.parent)
    if "study" not in content:
        return {"": parse(content, str(path), where)}
    common = {name: value for name, value in content.items() if name != "study"}
    return {
        name: parse(_joined(common, name, own), str(path), _moved(where, name, common, own))
        for name, own in _several(content, path).items()
    }


def _resolve(task: Any, folder: Path) -> None:
    """Paths in a task are relative to the study file."""
    model = TASKS.get(str(task.get("kind"))) if isinstance(task, dict) else None
    for name in () if model is None else model.files:
        value = task.get(name)
        if isinstance(value, str):
            task[name] = str((folder / value).resolve())
        elif isinstance(value, list):
            task[name] = [str((folder / one).resolve()) if isinstance(one, str) else one for one in value]


def _several(content: dict[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    tables = content.get("study", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ValueError(f"{path}: study is {tables!r}; give a table [study.NAME] for each study")
    for name in tables:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise ValueError(f"{path}: study.{name} names a directory; use letters, digits, - and _")
    return tables


def _joined(common: dict[str, Any], own_name: str, own: dict[str, Any]) -> dict[str, Any]:
    """A study's content from what is common and what is its own."""
    joined = dict(common)
    if isinstance(common.get("name"), str):
        joined["name"] = f"{common['name']}: {own_name}"
    for name, value in own.items():
        before = joined.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            joined[name] = before | value
        elif name == "zip" and isinstance(before, list) and isinstance(value, list):
            joined[name] = [before[i] for i in _kept(before, value)] + value
        else:
            joined[name] = value
    return joined


def _kept(common: list[Any], own: list[Any]) -> list[int]:
    """The common tables of zip that have no axis in common with a study's own ones."""
    axes = {axis for table in own if isinstance(table, dict) for axis in table}
    return [i for i, table in enumerate(common) if not (isinstance(table, dict) and axes & table.keys())]


def _moved(where: Mapping[Place, int], name: str, common: dict[str, Any], own: dict[str, Any]) -> dict[Place, int]:
    """The lines of a joined study's places."""
    tables = common.get("zip", [])
    kept = _kept(tables, own.get("zip", []))
    places = {i: kept.index(i) if i in kept else None for i in range(len(tables))}
    found: dict[Place, int] = {}
    for place, line in where.items():
        if place[:1] == ("study",):
            continue
        if len(place) > 1 and place[0] == "zip" and isinstance(place[1], int):
            if (i := places.get(place[1])) is not None:
                found["zip", i, *place[2:]] = line
        else:
            found[place] = line
    for place, line in where.items():
        if place[:2] == ("study", name):
            inner = place[2:]
            if len(inner) > 1 and inner[0] == "zip" and isinstance(inner[1], int):
                inner = ("zip", inner[1] + len(kept), *inner[2:])
            found[inner] = line
    return found


def parse(content: dict[str, Any], source: str = "study", where: Mapping[Place, int] | None = None) -> Study:
    """A study from plain data, as `load` reads it from TOML; `where` has the lines of its places.

    Errors: ValueError in one line that names the source, the line, the place and what is allowed there.
    """

    def fail(error: ValidationError, place_of: Callable[[Place], Place] = lambda place: place) -> ValueError:
        place, message, others = first_error(error, content, lambda table: _fields(table, content))
        more = f" (and {others} more)" if others else ""
        return ValueError(f"{source}: {at(_as_written(place_of(place), content), where)}: {message}{more}")

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


def _fields(table: Place, content: dict[str, Any]) -> Iterable[str]:
    if table == ("task", "kind"):
        return TASKS
    model = TASKS[content["task"]["kind"]] if table == ("task",) else _TABLES[table]
    return model.model_fields


def _as_written(place: Place, content: dict[str, Any]) -> Place:
    """A place as in the file: its axis task.NAME is the entry NAME of a table `task`, or a list in the task itself."""
    if len(place) > 1 and place[0] == "grid" and str(place[1]).startswith("task."):
        name = str(place[1])[5:]
        if isinstance(content["task"].get(name), list) and TASKS[content["task"]["kind"]].is_axis(
            name, content["task"][name]
        ):
            return ("task", name, *place[2:])
    return tuple(inner for part in place for inner in (part.split(".") if isinstance(part, str) else (part,)))


def _origin(study: Study, place: Place) -> Place:
    """Where a study says what a shard's setting is."""
    if not place:
        return ("task",)
    for i, table in enumerate(study.zip):
        if place[0] in table:
            return ("zip", i, *place)
    settings = "train" if study.solve is None else "solve"
    return (("grid",) if place[0] in study.grid else (settings,)) + place
