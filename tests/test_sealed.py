"""No byte of a damaged file reaches the library that parses it."""

import h5py
import numpy as np
import pytest
import xarray as xr

from minnorm import sealed
from minnorm.known import line

DATA = xr.Dataset({"value": ("point", np.arange(3.0))}, attrs={"kind": "test"})


@pytest.fixture
def unparsed(monkeypatch):
    """Parsing is an error: a damaged file may never come back from it."""
    monkeypatch.setattr(sealed.xr, "open_dataset", lambda *_, **__: pytest.fail("damaged bytes were parsed"))


REFUSED = r"is damaged|has no digest at its end"


@pytest.mark.parametrize("step", [199, pytest.param(1, marks=pytest.mark.slow)])
def test_every_single_bit_flip_of_a_saved_solution_is_refused(step):
    """100,000 of them take 20 s; here every 199th byte, and all of the seal itself."""
    content = sealed.pack(line([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]).to_dataset())
    tail = len(content) - 64
    for position in [*range(0, tail, step), *range(tail, len(content))]:
        for bit in range(8):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            with pytest.raises(ValueError, match=REFUSED):
                sealed.unseal(bytes(damaged))


@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "empty", "old"])
def test_damage_is_refused_before_anything_is_parsed(tmp_path, unparsed, damage):
    path = tmp_path / "a.nc"
    sealed.save(DATA, path)
    whole = path.read_bytes()
    content = {
        "flip": whole[:1000] + bytes([whole[1000] ^ 4]) + whole[1001:],
        "cut": whole[:-1],
        "longer": whole + b"\0",
        "empty": b"",
        "old": sealed.unseal(whole),
    }[damage]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.nc (is damaged|has no digest at its end).*; write it again with"):
        sealed.load(path)


def test_what_is_written_by_other_programs_in_place_is_noticed(tmp_path, unparsed):
    sealed.save(DATA, tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc", "a") as file:
        file["value"][0] = 1e-12
    with pytest.raises(ValueError, match=REFUSED):
        sealed.load(tmp_path / "a.nc")


def test_other_readers_of_netcdf_find_the_content(tmp_path):
    sealed.save(DATA, tmp_path / "a.nc")
    xr.testing.assert_identical(sealed.load(tmp_path / "a.nc"), DATA)
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as data:
        xr.testing.assert_identical(data.load(), DATA)
    with h5py.File(tmp_path / "a.nc") as file:
        np.testing.assert_array_equal(file["value"], DATA["value"])


def test_sealed_bytes_that_are_no_netcdf_say_so(tmp_path):
    (tmp_path / "a.nc").write_bytes(sealed.seal(b"x,y"))
    with pytest.raises(ValueError, match=r"a\.nc is not a netCDF file that can be read"):
        sealed.load(tmp_path / "a.nc")
