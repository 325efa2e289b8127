"""What the lines of a plot mean, above it."""

import pytest

pytest.importorskip("panel", reason="the extra explore is not installed")

from minnorm.explore.line.answer import answer
from minnorm.explore.line.plots import LinePlots
from minnorm.explore.page import key
from minnorm.explore.page.key import Key
from minnorm.explore.page.theme import DARK
from minnorm.objective.norm import PathNorm


def test_entries_keep_their_order_and_are_written_once():
    made, written = Key({"first": key.line("#000000"), "a < b": key.mark("#ffffff", square=True)}), []
    made.pane.param.watch(written.append, "object")
    made.show(["a < b", "first"])
    made.show(["first", "a < b"])
    assert len(written) == 1
    assert made.pane.object.index("first") < made.pane.object.index("a &lt; b")
    made.show([])
    assert "<li>" not in made.pane.object


def test_the_keys_of_the_line_name_what_is_drawn():
    plots = LinePlots(DARK, lambda *_: None)
    function, certificate = (made.pane for made in plots.keys)
    assert "data" in function.object
    assert "minimiser" not in function.object
    plots.draw(answer([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 0.0], PathNorm(), 0.0))
    assert all(name in function.object for name in ("minimiser", "all minimisers", "fewest knots"))
    assert "trained network" not in function.object
    assert "neurons" in certificate.object
    assert "facing" not in certificate.object
    plots.draw(answer([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], PathNorm("penalised"), 0.0))
    assert "all minimisers" not in function.object
    plots.clear()
    assert "neurons" not in certificate.object
