"""Files of other libraries: tensors are read, nothing is executed."""

from pathlib import Path

import numpy as np
import pytest

from made import random_network
from minnorm import ShallowReLU
from minnorm.interop.files import load
from minnorm.interop.models import read

NET = ShallowReLU(**{name: np.asarray(part, np.float32) for name, part in random_network(0, 5, 3).to_dict().items()})


class Executed:
    """What a pickle would run."""

    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def same(path):
    return ShallowReLU(**read(load(path)).parts) == NET


def test_tensors_and_arrays_are_read(tmp_path):
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    onnx = pytest.importorskip("onnx")
    model = NET.to_torch()
    torch.save(model.state_dict(), tmp_path / "net.pt")
    torch.save({"epoch": 3, "model_state_dict": model.state_dict()}, tmp_path / "checkpoint.pth")
    safetensors.save_file(model.state_dict(), tmp_path / "net.safetensors")
    np.savez(tmp_path / "net.npz", **NET.to_dict())
    onnx.save(NET.to_onnx(), tmp_path / "net.onnx")
    for path in sorted(tmp_path.iterdir()):
        assert same(path), path
    safetensors.save_file(model.bfloat16().state_dict(), tmp_path / "half.safetensors")
    found = ShallowReLU(**read(load(tmp_path / "half.safetensors")).parts)
    np.testing.assert_allclose(found.inner_weights, NET.inner_weights, rtol=2**-8)


def test_nothing_is_executed(tmp_path, monkeypatch, refused):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    torch.save(Executed(), "evil.pt")
    torch.save(NET.to_torch(), "whole.pt")
    np.savez("evil.npz", a=np.array([Executed()], dtype=object))
    for name in ("evil.pt", "whole.pt", "evil.npz"):
        refused(lambda name=name: load(Path(name)), "holds Python objects, which are not executed")
    assert not Path("executed").exists()
    for name in ("junk.pt", "junk.onnx", "junk.safetensors"):
        Path(name).write_text("junk")
        refused(lambda name=name: load(Path(name)), "is no ")
