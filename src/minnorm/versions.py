"""What runs here: versions, the compiled kernel's instruction set and the libraries of linear algebra, for reports."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

from minnorm.resources import cores

_PACKAGES = ("numpy", "scipy", "jax", "jaxlib", "optax", "xarray", "h5netcdf", "scikit-learn", "pydantic")
_EXTRAS = ("pyarrow", "distributed", "panel", "bokeh", "fsspec")


def versions() -> dict[str, str]:
    """What there is, by name; "not installed" for extras that are missing.

    >>> versions()["minnorm"] == version("minnorm")
    True
    """
    import jax

    from minnorm.training.native.calls import INSTRUCTION_SETS, instruction_set

    libraries = [
        f"{one['internal_api']} {one['version']} ({one.get('architecture', '?')}, threads: {one['num_threads']})"
        for one in threadpool_info()
        if one["user_api"] == "blas"
    ]
    return {
        "minnorm": version("minnorm"),
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "cores": str(len(cores())),
        "kernel": f"{instruction_set()} (of {', '.join(INSTRUCTION_SETS)})",
        "BLAS": "; ".join(libraries) or "unknown",
        "jax runs on": ", ".join(sorted({device.platform for device in jax.devices()})),
        **{name: _version(name) for name in (*_PACKAGES, *_EXTRAS)},
    }


def show_versions() -> None:
    """Print what runs here: the lines that a report of a fault needs.

    The kernel is the compiled engine of training; BLAS are the libraries of linear algebra, NumPy's and SciPy's.

    >>> show_versions()  # doctest: +ELLIPSIS
    minnorm...
    """
    found = versions()
    width = max(map(len, found))
    for name, what in found.items():
        print(f"{name:{width}}  {what}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
