"""Modules of one's own that make losses, tasks, optimisers or pages known: imported first, and by workers too."""

import importlib
import sys
import threading
import traceback
from pathlib import Path
from types import ModuleType

_loaded: dict[str, str | None] = {}
_ONE_AT_A_TIME = threading.RLock()


def load(name: str | Path, text: str | None = None) -> None:
    """Import a Python file, named by its path with .py, or an installed module; once, however often that is asked.

    What it holds is its own affair: usually a class under `@mn.losses.add` or `@tasks.add`, or an entry of
    `OPTIMIZERS`. With a `text` that is run in place of the file's, which need not exist here.

    Errors: ValueError for a file that cannot be read, a module that is not installed, what fails while it is imported,
    and a file of which another version is here already.
    """
    with _ONE_AT_A_TIME:
        _load(str(name), text)


def _load(name: str, text: str | None) -> None:
    if not name.endswith(".py"):
        if name not in _loaded:
            _import(name)
            _loaded[name] = None
        return
    name = str(Path(name).absolute())
    text = _read(name) if text is None else text
    if text in _loaded.values():
        return
    if name in _loaded:
        raise ValueError(f"import is {name}, of which another version is at work in this process; start a new one")
    _run(name, text)
    _loaded[name] = text


def loaded() -> dict[str, str | None]:
    """What is here: absolute paths of files with their texts, and names of modules with None, for `load` elsewhere."""
    return dict(_loaded)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise ValueError(f"import is {name}, which cannot be read: {why}") from None


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"import is {name}, which fails: {error}") from error
        raise ValueError(
            f"import is {name!r}; no such module is installed; a file is named by a path, with .py"
        ) from None
    except Exception as error:
        raise ValueError(f"import is {name}, which fails: {type(error).__name__}: {error}") from error


def _run(path: str, text: str) -> None:
    """Make it a module, which classes can name as theirs, and run it."""
    module = ModuleType(path)
    module.__file__ = path
    sys.modules[path] = module
    try:
        exec(compile(text, path, "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[path]
        raise ValueError(f"import is {path}, {_where(error, path)}{type(error).__name__}: {error}") from error


def _where(error: Exception, path: str) -> str:
    """The line of the file that failed, if it is one of it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    return f"line {line}: " if line else ""
