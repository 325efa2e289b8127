"""What the tests and the examples in docstrings share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def figures_are_closed():
    """Matplotlib keeps those that pyplot made, and warns of more than 20."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
