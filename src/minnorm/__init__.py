"""Minimum-norm interpolation by shallow ReLU networks.

The names are in `__init__.pyi` and are loaded when first used, so that the command line answers at once.
"""

import sys
from types import ModuleType

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


class _Package(ModuleType):
    """Leaves `minnorm.train` and `minnorm.verify` to the functions: importing a submodule binds its name here."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in ("train", "verify") and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
