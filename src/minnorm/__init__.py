"""Minimum-norm interpolation by shallow ReLU networks.

The names are in `__init__.pyi` and are loaded when first used, so that the command line answers at once.
"""

import sys
from types import ModuleType

import lazy_loader

_named, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    return _named(name)


class _Package(ModuleType):
    """Leaves `minnorm.train` and `minnorm.verify` to the functions: importing a submodule binds its name here."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in ("train", "verify") and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
