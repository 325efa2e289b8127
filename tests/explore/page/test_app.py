"""The page without a browser: state and URL, answers, runs, files, and what the server lets in."""

import urllib.error
import urllib.request
from itertools import pairwise

import jax
import numpy as np
import pytest

pytest.importorskip("param", reason="the extra explore is not installed")  # panel is loaded where it is used

import param

from minnorm import PathNorm, fit, known, train, verify
from minnorm.explore.line.answer import answer
from minnorm.explore.page.state import Numbers, State
from minnorm.explore.page.theme import DARK, LIGHT
from minnorm.explore.page.view import Visit
from minnorm.objective.data import Points
from minnorm.training.choice import Choice
from minnorm.training.follow import Recipe, follow

X, Y = [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0], [0.0, 0.1, 0.6, 0.9, 0.4, 0.3]


class Shape(State):
    radii = Numbers([1.0, 2.0], most=3)
    rate = param.Number(0.1, bounds=(0, 1), softbounds=(1e-4, 1.0), label="Rate")
    count = param.Integer(3, bounds=(1, 10), label="Count")
    even = param.Boolean(False)
    kind = param.Selector(default="a", objects=["a", "b"])


def visit(state, said=None) -> Visit:
    """A visit whose messages are collected, and whose session is this thread."""
    return Visit(state, LIGHT, None, (said if said is not None else []).append, lambda act: act())


# State and URL.


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"radii": [0.1, -2.5e-17, 1e300]},
        {"radii": []},
        {"rate": 0.25, "count": 7, "even": True, "kind": "b"},
    ],
)
def test_a_state_survives_its_url(changes):
    state = Shape(**changes)
    query = state.query()
    assert set(query) == set(changes)
    again, problems = Shape.from_query(query)
    assert problems == []
    assert {**again.param.values(), "name": ""} == {**state.param.values(), "name": ""}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"radii": "1~two"}, "'two' is not a number"),
        ({"radii": "1~2~3~4"}, "at most 3"),
        ({"radii": "1~nan"}, "NaN"),
        ({"rate": "2"}, "must be at most 1"),
        ({"count": "2.5"}, "whole number"),
        ({"even": "perhaps"}, "yes or no"),
        ({"kind": "c"}, "'c'"),
    ],
)
def test_what_a_url_gets_wrong_is_said_and_the_default_stays(query, words):
    state, problems = Shape.from_query(query)
    assert len(problems) == 1
    assert words in problems[0]
    assert next(iter(query)) in problems[0]
    assert state.query() == {}


def test_controls_follow_the_state_and_refuse_what_it_refuses():
    from minnorm.explore.page.controls import Controls

    state, said = Shape(), []
    form = Controls.of(state, ["rate", "count", "kind"], say=said.append, log=["rate"])
    assert [field["kind"] for field in form.spec] == ["log", "number", "radio"]
    form.request = {"number": 1, "changes": {"rate": 0.5, "kind": "b"}}
    assert (state.rate, state.kind, form.answered, said) == (0.5, "b", 1, [])
    form.request = {"number": 2, "changes": {"rate": 2.0}}
    assert (state.rate, form.values["rate"], form.answered) == (0.5, 0.5, 2)
    assert said == ["Rate is 2; give a number at least 0 and at most 1"]
    state.count = 9
    assert form.values["count"] == 9


# Answers.


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("skip", ["none", "free"])
@pytest.mark.parametrize("lam", [0.0, 1e-3, 0.03, 10.0])
def test_answers_are_certified_minimisers(bias, skip, lam):
    penalty = PathNorm(bias, skip)
    found = answer(X, Y, penalty, lam)
    exact = known.line(X, Y, penalty) if lam == 0 else fit(X, Y, lam, penalty=penalty)
    assert found.solution.certified
    assert found.solution.value == pytest.approx(exact.value, rel=1e-6)
    t, right, left = found.certificate(-2.0, 2.0)
    assert np.max(np.abs([right, left])) <= 1 + 1e-6
    at, touched, masses = found.neurons()
    assert touched == pytest.approx(np.sign(masses), abs=1e-4), "neurons are where the certificate touches"
    if at.size and bias == "free":
        assert np.all(np.abs(np.interp(at, t, right)) <= 1 + 1e-9)


@pytest.mark.parametrize("skip", ["none", "free"])
@pytest.mark.parametrize("lam", [1e-4, 1e-3, 3e-3])
def test_the_band_of_a_fit_holds_minimisers_and_no_more(skip, lam):
    """The sparsest member has the least objective; so have members in between; the band's ends are attained."""
    penalty = PathNorm(skip=skip)
    found = answer(X, Y, penalty, lam)
    assert found.every is not None
    assert verify(X, Y, found.every.sparsest).gap == pytest.approx(0, abs=1e-9)
    t, low, high = found.band(-1.5, 1.5)
    if found.every.unique:
        assert t.size == 0
        return
    f = found.solution(t)
    assert np.all(low <= f + 1e-9)
    assert np.all(f <= high + 1e-9)
    sparsest = found.every.sparsest(t)
    assert np.all(low - 1e-9 <= sparsest)
    assert np.all(sparsest <= high + 1e-9)
    assert np.max(high - low) > 1e-3
    # At the data all agree: the loss is strictly convex.
    at_data = found.every.upper(np.array(X)) - found.every.lower(np.array(X))
    assert np.max(np.abs(at_data)) < 1e-9
    # A member through any point of the band costs as much as the minimum: the least norm through it and the fitted
    # values.
    k = int(np.argmax(high - low))
    for share in (0.0, 0.3, 1.0):
        value = low[k] + share * (high[k] - low[k])
        through = known.line(np.append(X, t[k]), np.append(found.solution(np.array(X)), value), penalty)
        assert through.value == pytest.approx(found.norm, rel=1e-7)
    beyond = known.line(np.append(X, t[k]), np.append(found.solution(np.array(X)), high[k] + 0.05), penalty)
    assert beyond.value > found.norm * (1 + 1e-4)


def test_one_point_is_refused_with_advice():
    with pytest.raises(ValueError, match="one distinct x; add a point"):
        answer([1.0, 1.0], [0.0, 0.0], PathNorm(), 0.0)


# Runs.


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer", ["adam", *(pytest.param(name, marks=pytest.mark.slow) for name in ("sgd", "muon"))]
)
def test_a_run_that_is_watched_is_that_of_train(optimizer):
    penalty = PathNorm(skip="free")
    chosen = Choice.of(optimizer=optimizer, width=30, steps=137, initial="kaiming_normal", penalty=penalty)
    recipe = Recipe(chosen, learning_rate=0.01, weight_decay=1e-3, scale=0.8, seed=5)
    frames = list(follow(Points(X, Y), recipe))
    steps = [frame.step for frame in frames]
    assert steps[0] == 0
    assert steps[-1] == 137
    assert all(a < b for a, b in pairwise(steps))
    runs = train(
        X, Y, optimizer=optimizer, learning_rate=0.01, weight_decay=1e-3, width=30, steps=137, seeds=[5], scale=0.8,
        initial="kaiming_normal", penalty=penalty, dtype="float64",
    )  # fmt: skip
    last = runs.isel(step=-1).squeeze()
    assert frames[-1].metrics["objective"] == float(last["objective"])
    assert frames[-1].network.outer_weights.tolist() == last["outer_weights"].values.tolist()
    assert frames[-1].network.inner_weights.dtype == np.float64


@pytest.mark.slow
def test_a_change_of_data_finds_the_program_compiled():
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiled.append(event) if "backend_compile" in event else None
    )
    recipe = Recipe(Choice.of(optimizer="adam", width=17, steps=3), learning_rate=0.01)
    counts = []
    for shift in (0.0, 1.0):
        compiled.clear()
        last = list(follow(Points(X, np.add(Y, shift)), recipe))[-1]
        counts.append(len(compiled))
        assert last.step == 3
    assert counts[0] > 0
    assert counts[1] == 0


# The view.


@pytest.mark.slow
def test_the_view_line_tells_the_same_everywhere():
    from minnorm.explore.line.view import LineState, LineView
    from minnorm.explore.page.export import exported

    said = []
    state = LineState(x=X, y=Y)
    view = LineView(visit(state, said))
    assert view.panel() is not None
    assert set(said) == {""}
    lines: dict = {}
    exec(view.code().replace("print(solution.value)", "value = solution.value"), lines)
    assert lines["value"] == known.line(X, Y).value
    table = view.table()
    assert table["minimiser"].to_numpy() == pytest.approx(Y)
    state.lam = 0.01
    exec(view.code().replace("print(solution.value)", "value = solution.value"), lines)
    assert lines["value"] == fit(X, Y, 0.01).value
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("csv", b"x,y,minimiser,dual\n")):
        assert exported(view, kind, "dark").startswith(start)
    with pytest.raises(ValueError, match="choose one of png, svg, csv"):
        exported(view, "pdf")
    state.param.update(x=[0.0, 0.0], y=[0.0, 1.0], lam=0.0)
    assert "equal but their values" in said[-1]
    with pytest.raises(ValueError, match="no minimiser"):
        view.table()
    view.close()


def test_a_url_with_points_that_do_not_agree_opens_with_a_message():
    from minnorm.explore.line.view import LineState, LineView

    said = []
    view = LineView(visit(LineState(x=[0.0, 1.0], y=[0.0]), said))
    assert "2 numbers x and 1 numbers y" in said[0]
    assert view.state.x == LineState.param.x.default


def test_dragging_one_point_leaves_the_digits_of_the_others():
    from minnorm.explore.line.view import LineState, LineView

    state = LineState(x=[1 / 3, 1.0, 2.0], y=[0.123456789, 1.0, 0.0])
    view = LineView(visit(state))
    view._dragged([1 / 3, 1.2345678, 2.0], [0.123456789, 0.9876543, 0.0])
    assert state.x == (1 / 3, 1.235, 2.0)
    assert state.y == (0.123456789, 0.988, 0.0)


# Files.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "mine.csv is empty; give a CSV file"),
        ("x,y\n", "mine.csv has no rows"),
        ("x,y\n1,nan\n", "mine.csv line 2"),
        ("x,y\n1,?\n", "which is not a number"),
        ("x\n1\n", "give two or more"),
        ("a,b,y\n1,2,3\n", "this view takes 2"),
        ("x,y\n" + "1,2\n" * 11, "11 rows; this view takes at most 10"),
        ("x,y\n" + "1,2\n" * 300_000, "1.2 MB; give at most 1 MB"),
        ("\x00\x01\x02,\n\ufffd", "mine.csv"),
    ],
)
def test_files_that_cannot_be_used_say_why(text, words):
    from minnorm.explore.page import upload

    with pytest.raises(ValueError, match=r"mine\.csv") as error:
        upload.read("mine.csv", text, columns=2, rows=10)
    assert words in str(error.value)
    assert "/" not in str(error.value).replace("n/a", ""), "no path of this machine"


# The server.


def test_the_server_listens_here_only_and_knows_its_name():
    from minnorm.explore.page.server import open_server

    server, url = open_server(port=0)
    try:
        assert url == f"http://127.0.0.1:{server.port}/"
        assert server.address == "127.0.0.1"
        names = {f"{name}:{server.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        assert server._tornado.websocket_origins == names
        with pytest.raises(ValueError, match=f"port is {server.port}, which cannot be had"):
            open_server(port=server.port)
    finally:
        server.stop()
        server._http.stop()


@pytest.mark.parametrize("port", [-1, 65536])
def test_ports_that_are_none(port):
    from minnorm.explore.page.server import open_server

    with pytest.raises(ValueError, match="from 0"):
        open_server(port=port)


@pytest.mark.slow
def test_every_view_opens(server):
    from minnorm.explore.page.app import VIEWS

    for title in VIEWS:
        with urllib.request.urlopen(server.at(title.lower()), timeout=60) as answered:
            page = answered.read().decode()
        assert f"<title>{title} · minnorm</title>" in page
        assert "https://" not in page.split('<script type="application/json"')[0].replace("https://bokeh.org", "")
    with urllib.request.urlopen(server.url, timeout=60) as answered:
        assert answered.url == server.at(next(iter(VIEWS)).lower())
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(server.at("elsewhere"), timeout=60)


@pytest.mark.slow
def test_the_command_line_says_what_is_wrong(minnorm, tmp_path):
    found = minnorm("explore", str(tmp_path / "nowhere"), "--no-browser")
    assert (found.returncode, found.stdout) == (2, "")
    assert "not a directory" in found.stderr
    found = minnorm("explore", "--port", "99999", "--no-browser")
    assert found.returncode == 2
    assert "65535" in found.stderr


def test_without_the_extra_the_command_line_says_how_to_get_it(minnorm, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "panel", None)
    found = minnorm("explore", "--no-browser")
    assert found.returncode == 2
    assert "pip install 'minnorm[explore]'" in found.stderr


def test_themes_can_be_read():
    """Contrast of text (WCAG 2: 4.5) and of lines (3)."""

    def light(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    def contrast(a: str, b: str) -> float:
        low, high = sorted((light(a), light(b)))
        return (high + 0.05) / (low + 0.05)

    for theme in (LIGHT, DARK):
        for ground in (theme.paper, theme.surface):
            assert contrast(theme.ink, ground) > 7
            assert contrast(theme.soft, ground) > 4.5
        assert contrast(theme.accent, theme.paper) > 4.5
        for line in (theme.function, theme.other, theme.learned, theme.point):
            assert contrast(line, theme.paper) > 3


# Messages, words, regions as text.


def test_what_was_wrong_at_the_opening_stays_until_the_reader_changes_something():
    from minnorm.explore.page.messages import Messages

    seen: list[str] = []
    messages = Messages(seen.append)
    messages.say("the URL is wrong")
    messages.say("")
    messages.opened()
    assert seen[-1] == "the URL is wrong"
    messages.say("too large")
    assert seen[-1] == "the URL is wrong\ntoo large"
    messages.heard()
    assert seen[-1] == "too large"
    messages.say("")
    assert seen[-1] == ""


def test_every_term_that_the_page_asks_about_is_in_the_glossary():
    from minnorm.explore.page.glossary import _MEANT, terms

    assert set(_MEANT.values()) <= set(terms())
    assert len(terms()) > 40
    assert not any("`" in text or "](" in text for text in terms().values())


def test_a_state_goes_back_to_an_older_query():
    state = Shape(rate=0.25, kind="b", radii=[3.0])
    state.restore({"count": "7", "radii": "0.5~1"})
    assert (state.rate, state.kind, state.count, state.radii) == (0.1, "a", 7, (0.5, 1.0))
    with pytest.raises(ValueError, match="whole number"):
        state.restore({"count": "many"})
