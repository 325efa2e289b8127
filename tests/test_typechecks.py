"""The first calls of each function in a test are checked, and those of the next test again."""

import importlib
import sys

import jaxtyping
import numpy as np
import pytest

import typechecks

SOURCE = """
from jaxtyping import Float
import numpy as np

def double(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return 2 * x

def wrong(x: float) -> int:
    return x

class Box:
    def size(self, x: int) -> int:
        return x
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "checked_here.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    with jaxtyping.install_import_hook("checked_here", "typechecks.sampled"):
        yield importlib.import_module("checked_here")
    sys.modules.pop("checked_here")
    typechecks.begin()


def test_first_calls_are_checked_and_later_ones_left_alone(module):
    with pytest.raises(jaxtyping.TypeCheckError):
        module.double(1.0)
    for _ in range(typechecks.CALLS):
        module.double(np.ones(3))
    assert module.double(1.0) == 2.0  # not checked any more
    with pytest.raises(jaxtyping.TypeCheckError):
        module.wrong(0.5)  # another function is, and its result
    typechecks.begin()
    with pytest.raises(jaxtyping.TypeCheckError):
        module.double(1.0)


def test_methods_too(module):
    box = module.Box()
    with pytest.raises(jaxtyping.TypeCheckError):
        box.size("a")
    for _ in range(typechecks.CALLS):
        box.size(1)
    assert box.size("a") == "a"


def test_the_library_is_checked():
    from minnorm.interior import longest

    with pytest.raises(jaxtyping.TypeCheckError):
        longest("a", "b")
