"""Networks in files, read without executing anything that is in them."""

# pyright: reportMissingImports=false

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minnorm.interop.found import floating


def load(path: Path) -> Any:
    """What a file holds: arrays by name, or an ONNX `ModelProto`, as `interop.read` takes them.

    By its ending: .pt, .pth, .bin (PyTorch, tensors alone), .safetensors, .npz (without objects), .onnx. ValueError for
    other endings, files that are something else, and Python objects.
    """
    readers: dict[str, Callable[[Path], Any]] = {
        ".pt": _torch,
        ".pth": _torch,
        ".bin": _torch,
        ".safetensors": _safetensors,
        ".npz": _npz,
        ".onnx": _onnx,
    }
    kind = path.suffix.lower()
    if kind not in readers:
        raise ValueError(f"{path} ends in {kind!r}; give a file that ends in {', '.join(readers)}, or a .nc of minnorm")
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a network")
    try:
        return readers[kind](path)
    except ImportError as error:
        wanted = str(error.name or "a library").split(".")[0]
        raise ValueError(f"{path} needs {wanted}, which is not installed; pip install {wanted}") from None


def _torch(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        objects = "weights_only" in str(error) or "Unsupported" in str(error)
        why = "holds Python objects, which are not executed" if objects else "is no file of PyTorch that can be read"
        raise ValueError(f"{path} {why}; write tensors alone, torch.save(model.state_dict(), path)") from None


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: floating(file.get_tensor(name), f"{path}: {name}") for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file ({' '.join(str(error).split())[:80]})") from None


def _npz(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:
        objects = zipfile.is_zipfile(path) and "pickle" in str(error)
        why = "holds Python objects, which are not executed" if objects else "is no .npz file that can be read"
        raise ValueError(f"{path} {why}; write arrays, np.savez(path, **network.to_dict())") from None


def _onnx(path: Path) -> Any:
    import onnx

    try:
        return onnx.load(path, load_external_data=False)
    except Exception:
        raise ValueError(f"{path} is no ONNX file that can be read") from None
