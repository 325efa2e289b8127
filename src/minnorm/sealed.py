"""netCDF files that end with a digest of their bytes.

netCDF has no checksum of its own: a flipped bit may change a number, or send the library that parses the file into a
loop that nothing ends. So the bytes are compared with their digest before any of them is parsed. Programs that read
netCDF stop where its content ends, before the digest.
"""

import hashlib
import io
from pathlib import Path

import xarray as xr

from minnorm.atomic import write

_MARK = b"minnorm, sha-256"
_LENGTH = len(_MARK) + hashlib.sha256().digest_size


def seal(content: bytes) -> bytes:
    """The content with its digest at the end.

    >>> unseal(seal(b"content"))
    b'content'
    """
    return content + _MARK + hashlib.sha256(content).digest()


def unseal(sealed: bytes) -> bytes:
    """The content that `seal` was given; ValueError that says what is wrong if these are other bytes."""
    content, mark, digest = sealed[:-_LENGTH], sealed[-_LENGTH:][: len(_MARK)], sealed[-_LENGTH:][len(_MARK) :]
    if mark != _MARK:
        raise ValueError(
            "has no digest at its end: it was cut off or changed, or is of an older version or another program"
        )
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("is damaged: its bytes are not those that were written")
    return content


def pack(data: xr.Dataset) -> bytes:
    """A dataset as a sealed netCDF file."""
    return seal(bytes(data.to_netcdf(engine="h5netcdf", format="NETCDF4")))


def unpack(sealed: bytes) -> xr.Dataset:
    """The dataset that `pack` was given; ValueError that says what is wrong if these are other bytes."""
    content = unseal(sealed)
    try:
        with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as data:
            return data.load()
    except Exception as error:
        raise ValueError(f"is not a netCDF file that can be read ({type(error).__name__}: {error})") from error


def save(data: xr.Dataset, path: str | Path) -> None:
    """Write a dataset to a sealed netCDF file, whole or not at all; OSError if that cannot be."""
    write(path, pack(data))


def load(path: str | Path) -> xr.Dataset:
    """The dataset that `save` wrote; ValueError with the path and the remedy for any other file."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path} is not a file; `minnorm solve --out` and Solution.save write one")
    try:
        return unpack(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} {error}; write it again with `minnorm solve --out` or Solution.save") from None
