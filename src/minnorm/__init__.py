"""Minimum-norm interpolation by shallow ReLU networks.

The names are in `__init__.pyi` and are loaded when first used, so that the command line answers at once.
"""

import lazy_loader

_named, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    return _named(name)
