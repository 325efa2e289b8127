"""A checksum of arrays: the file formats that hold them have none."""

import hashlib
from collections.abc import Mapping

import numpy as np


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of all arrays, their names, types and shapes, in the order of their names.

    >>> checksum({"a": np.zeros(2)}) == checksum({"a": np.zeros(3)})
    False
    """
    total = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values).astype(values.dtype)  # one NaN for all
        total.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        total.update(values.tobytes())
    return total.hexdigest()
