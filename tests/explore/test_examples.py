"""The examples in the page's modules: Panel and Bokeh are loaded by them, and not while tests are collected."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "minnorm" / "explore"
WITH_EXAMPLES = sorted(
    name
    for _, name, package in pkgutil.walk_packages([str(PACKAGE)], "minnorm.explore.")
    if not package and ">>>" in PACKAGE.joinpath(*name.split(".")[2:]).with_suffix(".py").read_text()
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_run(name):
    pytest.importorskip("panel", reason="the extra explore is not installed")
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0
    assert found.failed == 0
