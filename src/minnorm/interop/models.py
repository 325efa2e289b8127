"""Whose object it is: by the names of the modules of its classes, so that no library is imported for others."""

import importlib
from collections.abc import Mapping
from typing import Any

from minnorm.interop.found import Found

_READERS = {
    "torch": "torch_module",
    "keras": "keras_model",
    "sklearn": "sklearn_model",
    "flax": "flax_module",
    "equinox": "equinox_module",
    "onnx": "onnx_graph",
}


def library_of(model: Any) -> str | None:
    """The library of a model, of those that are known."""
    for kind in type(model).__mro__:
        library = kind.__module__.split(".")[0]
        if library in _READERS:
            return library
    return None


def read(model: Any, name: str = "model") -> Found | None:
    """What a model of another library is, or a mapping of arrays; None for anything else. ValueError: `Found`."""
    library = library_of(model)
    if library is not None:
        return importlib.import_module(f"minnorm.interop.{_READERS[library]}").read(model, name)
    if isinstance(model, Mapping):
        from minnorm.interop.state import read as read_state

        return read_state(model, name)
    return None
