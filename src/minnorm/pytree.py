"""Classes that JAX flattens and differentiates, where it is loaded; it is not loaded for them."""

import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_waiting: list[tuple[type, tuple[str, ...], tuple[str, ...]]] = []


def register(cls: type, parts: tuple[str, ...], static: tuple[str, ...]) -> None:
    """Make a frozen dataclass a pytree of JAX: now if JAX is loaded, and else as soon as somebody imports it.

    Its leaves are the attributes `parts`, those `static` are compared. Unflattened it has not been initialised: the
    leaves may be anything.
    """
    if hasattr(sys.modules.get("jax"), "tree_util"):
        _register(cls, parts, static)
        return
    _waiting.append((cls, parts, static))
    if not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


def _register(cls: type, parts: tuple[str, ...], static: tuple[str, ...]) -> None:
    from jax.tree_util import GetAttrKey, register_pytree_with_keys

    def flatten(found: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return tuple(getattr(found, name) for name in parts), tuple(getattr(found, name) for name in static)

    def with_keys(found: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        leaves, rest = flatten(found)
        return tuple(zip(map(GetAttrKey, parts), leaves, strict=True)), rest

    def unflatten(rest: tuple[Any, ...], leaves: Iterable[Any]) -> Any:
        made = object.__new__(cls)
        for name, value in zip((*parts, *static), (*leaves, *rest), strict=True):
            object.__setattr__(made, name, value)
        return made

    register_pytree_with_keys(cls, with_keys, unflatten, flatten)


class _Watch(MetaPathFinder):
    """Stands before all that find modules, until JAX has been imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """For JAX what the others find, with the classes that wait registered once it is loaded."""
        if fullname != "jax":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next((found for finder in others if (found := finder.find_spec(fullname, path, target))), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_register(module: ModuleType) -> None:
                load(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                while _waiting:
                    _register(*_waiting.pop())

            spec.loader.exec_module = load_and_register  # pyright: ignore[reportAttributeAccessIssue]
        return spec
