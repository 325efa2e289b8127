import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import xarray as xr

from minnorm import report, study
from minnorm.report.atlas.frame import frame
from minnorm.report.training import figures
from minnorm.report.training.rows import reached_at
from minnorm.report.training.spread import Deviation, spread


@pytest.fixture(scope="module")
def finished(tmp_path_factory, make_small):
    """Two studies, run once."""
    folder = tmp_path_factory.mktemp("studies")
    study.run(study.parse(make_small()), folder / "line")
    bump = {
        "name": "a bump",
        "task": {"kind": "bump", "dim": 3, "points": 40},
        "train": {"width": 20, "steps": 10, "records": 3},
        "grid": {"seed": 2, "learning_rate": [1e-3, 1e9]},
        "zip": [{"optimizer": ["gd", "adam"]}],
        "measure": {"directions": 12, "radii": 9, "largest_radius": 2.0},
    }
    study.run(study.parse(bump), folder / "bump")
    return folder


@pytest.fixture(scope="module")
def page(finished, tmp_path_factory):
    """Where their report is."""
    return report.write(shutil.copytree(finished, tmp_path_factory.mktemp("page") / "studies"))


@pytest.fixture
def done(finished, tmp_path):
    """A copy of them, to write in."""
    return shutil.copytree(finished, tmp_path / "studies")


def test_page_is_whole_and_needs_no_network(page):
    page = page.read_text()
    assert page.count("<section ") == 2
    sources = re.findall(r'(?:src|srcset)="([^"]*)"', page)
    assert len(sources) == 8  # four figures, each for two backgrounds
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/svg+xml;base64"
        ElementTree.fromstring(base64.b64decode(data))
    assert not re.search(r'href="(?!#)', page)
    assert "http" not in re.sub(r"data:image[^\"]*", "", page)
    assert "16" in page
    assert "diverged" in page


@pytest.mark.slow
def test_a_report_never_solves(tmp_path, monkeypatch):
    points = {
        "name": "points",
        "task": {"kind": "points", "points": 5},
        "train": {"width": 8, "steps": 5, "records": 3},
        "measure": {"optimum": False},
        "grid": {"optimizer": ["gd", "adam"]},
    }
    specification = study.parse(points)
    study.run(specification, tmp_path)
    least = specification.task.interpolant().norm

    def solved(*_, **__):
        raise AssertionError("the solver was called")

    monkeypatch.setattr("minnorm.study.optimum.minimise", solved)
    monkeypatch.setattr("minnorm.study.optimum._KEPT", {})
    (section,) = report.sections(tmp_path)
    assert f"Exact minimum norm {least:.6g}" in section.exact
    assert any("Nearest to the exact interpolant" in finding for finding in section.findings)
    frame(study.stores(tmp_path))


def test_dark_pages_have_dark_figures(page):
    page = page.read_text()
    pairs = re.findall(r'\(prefers-color-scheme: dark\)" srcset="([^"]*)"><img src="([^"]*)"', page)
    assert len(pairs) == 4
    for dark, light in pairs:
        grounds = [
            re.search(rb"fill: (#[0-9a-f]{6})", base64.b64decode(source.partition(",")[2])) for source in (dark, light)
        ]
        colours = [found.group(1).decode() for found in grounds if found]
        assert colours == re.findall(r"--ground: (#\w+)", page)[::-1]


def test_text_stands_out_from_every_ground(page):
    def brightness(colour):
        c = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    schemes = re.findall(r":root \{ (--ground[^}]*)\}", page.read_text())
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", scheme))
        for text in ("ink", "soft", "accent"):
            for ground in ("ground", "panel"):
                low, high = sorted((brightness(colours[text]), brightness(colours[ground])))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_everything_has_a_name(page):
    text = re.sub(r"data:image[^\"]*", "", page.read_text())
    tree = ElementTree.fromstring(re.sub(r"<(meta|source|img)([^>]*)>", r"<\1\2/>", text.split("<!doctype html>")[1]))
    assert tree.get("lang") == "en"
    for image in tree.iter("img"):
        assert image.get("alt")
        assert int(image.get("width")) > 300
    ids = {heading.get("id") for heading in tree.iter("h2")}
    assert all(link.get("href")[1:] in ids for link in tree.iter("a"))
    assert len(list(tree.iter("a"))) == len(ids) == 2
    for table in tree.iter("table"):
        assert table.find("caption").text
        heads = list(table.find("thead").iter("th"))
        assert {head.get("scope") for head in heads} == {"col"}
        for row in table.find("tbody"):
            assert [cell.get("scope") for cell in row if cell.tag == "th"] == ["row"]
            assert len(row) == len(heads)
    regions = [part for part in tree.iter("div") if part.get("role") == "region"]
    assert all(part.get("aria-label") and part.get("tabindex") == "0" for part in regions)
    assert [figure.find("figcaption/strong").text for figure in tree.iter("figure")] == [
        f"Figure {study}.{number}." for study in (1, 2) for number in (1, 2)
    ]


LOOK = """
import hashlib, json, sys
from pathlib import Path
import axe_playwright_python
from playwright.sync_api import sync_playwright
axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
with sync_playwright() as tool:
    browser = tool.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    found = {}
    for scheme in ("light", "dark"):
        page = browser.new_context(color_scheme=scheme, viewport={"width": 420, "height": 800}).new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(Path(sys.argv[2]).as_uri())
        page.evaluate(axe)
        wrong = [(one["id"], one["nodes"][0]["html"]) for one in page.evaluate("axe.run()")["violations"]]
        shown = hashlib.sha256(page.evaluate("document.querySelector('img').currentSrc").encode()).hexdigest()
        size = page.evaluate("document.documentElement.scrollWidth")
        found[scheme] = {"wrong": wrong, "said": said, "shown": shown, "width": size}
    print(json.dumps(found))
"""


@pytest.mark.slow
def test_a_browser_shows_it_and_axe_finds_nothing_wrong(page):
    pytest.importorskip("axe_playwright_python")
    chromium = shutil.which("chromium") or pytest.skip("chromium is not installed")
    # Not in this process, where other tests may hold a browser.
    script = [sys.executable, "-c", LOOK, chromium, str(page)]
    found = json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
    sources = [re.search(rf'{name}="([^"]*)"', page.read_text()).group(1) for name in ("src", "srcset")]
    for scheme, source in zip(("light", "dark"), sources, strict=True):
        assert found[scheme]["wrong"] == []
        assert found[scheme]["said"] == []
        assert found[scheme]["shown"] == hashlib.sha256(source.encode()).hexdigest()  # the figure for this scheme
        assert found[scheme]["width"] == 420  # nothing but tables scrolls sideways on a phone
    assert sources[0] != sources[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "style", "begins"),
    [("svg", "dark", b"<?xml"), pytest.param("pdf", "light", b"%PDF", marks=pytest.mark.slow)],
)
def test_figures_are_written_as_files(finished, tmp_path, kind, style, begins):
    found = report.sections(finished)
    paths = report.write_figures(found, tmp_path / "new" / "folder", kind=kind, style=style)
    assert [path.name for path in paths] == [
        f"a-bump-1-radial-profiles.{kind}",
        f"a-bump-2-norm-and-loss-in-training.{kind}",
        f"small-1-learned-functions.{kind}",
        f"small-2-norm-and-loss-in-training.{kind}",
    ]
    for path in paths:
        assert path.read_bytes().startswith(begins)
    if kind == "svg":
        assert "#14181d" in paths[0].read_text()
    with pytest.raises(ValueError, match="style is 'grey'"):
        report.write_figures(found, tmp_path, style="grey")
    with pytest.raises(ValueError, match="ends in 'gif'"):
        report.write_figures(found, tmp_path, kind="gif")


@pytest.mark.slow
def test_page_is_the_same_each_time(page, done):
    assert report.write(done).read_bytes() == page.read_bytes()


def test_rows_are_medians_and_ranges_over_seeds(done):
    store = study.Store(done / "line")
    found = list(report.rows(store))
    assert len(found) == 4
    for row in found:
        values = row.runs["path_norm"].isel(step=-1).values
        found_here = row.cells["path_norm"]
        assert found_here.median == pytest.approx(np.median(values), rel=1e-6)
        assert (found_here.least, found_here.largest) == pytest.approx((values.min(), values.max()), rel=1e-6)


def test_the_share_of_seeds_at_the_minimum_is_that_of_the_objective(done):
    """At the least objective with decay; without decay at the least norm, where the data are fitted."""
    store = study.Store(done / "line")
    values = store.study().shards()
    still = 1e-4 * np.mean(next(iter(values)).task.data().values ** 2) / 2
    for row in report.rows(store):
        runs = row.runs
        if row.weight_decay:
            there = runs["excess_objective"].values <= 0.01
        else:
            there = (runs["data_norm_ratio"].values <= 1.01) & (runs["training_loss"].isel(step=-1).values <= still)
        assert row.reached == there.sum()
        assert row.share == f"{there.sum()}/{there.size}"


@pytest.mark.parametrize(("loss", "reached"), [(1e-9, 1), (1e-2, 0)])
def test_without_decay_only_what_fits_is_at_the_minimum(loss, reached):
    runs = xr.Dataset(
        {
            "data_norm_ratio": ("seed", [1.005, 1.5]),
            "training_loss": (("seed", "step"), [[1.0, loss], [1.0, loss]]),
            "diverged": ("seed", [False, False]),
        }
    )
    assert reached_at(runs, 0.0, 1e-4) == reached
    assert reached_at(runs, 0.1, 1e-4) is None  # no objective to compare with


def test_diverged_networks_are_counted_and_left_out(done):
    found = list(report.rows(study.Store(done / "bump")))
    lost = [row for row in found if row.optimizer == "gd" and row.learning_rate == 1e9]
    assert [row.diverged for row in lost] == [2]
    assert str(lost[0].cells["norm_ratio"]) == "–"
    assert all(row.diverged == 0 for row in found if row.learning_rate == 1e-3)


@pytest.mark.slow
def test_an_unfinished_study_says_so(done):
    store = study.Store(done / "line")
    victim = next(iter(store.study().shards()))
    store.path(victim).unlink()
    assert "1 shards of this study are not done" in report.write(done / "line").read_text()
    for shard in store.study().shards():
        store.path(shard).unlink(missing_ok=True)
    with pytest.raises(ValueError, match="no shard"):
        report.write(done / "line")


@pytest.mark.parametrize(
    ("mean", "deviation", "text"),
    [
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (12.3456, 1.2, "12.3 ± 1.2"),
        (0.5, 0.0, "0.500 ± 0.000"),
        (123.4, 45.0, "123 ± 45"),
        (1.5e-7, 2e-8, "1.5e-07 ± 2e-08"),
        (float("nan"), 0.0, "–"),
    ],
)
def test_numbers_are_rounded_to_their_spread(mean, deviation, text):
    assert str(Deviation(mean, deviation)) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 1.0, 1.01, 2.5], "1.0 [1.0, 2.5]"),
        ([1.001, 1.002, 1.004], "1.0020 [1.0010, 1.0040]"),
        ([2.0, np.nan], "2.00"),
        ([1e-9, 1e-4, 0.5], "1.0e-04 [1.0e-09, 5.0e-01]"),
        ([0.0, 0.0], "0.00"),
        ([123.0, 456.0, 5678.0], "456 [123, 5678]"),
        ([np.nan], "–"),
    ],
)
def test_medians_are_rounded_to_their_range(values, text):
    assert str(spread(np.array(values))) == text


@pytest.mark.slow
def test_every_learning_rate_has_a_line_of_its_own(tmp_path, small):
    """Colour says the optimiser, dashes the rate, and the legend names each pair once."""
    zipped = {"optimizer": ["momentum", "momentum", "adam"], "learning_rate": [0.01, 0.1, 0.01]}
    store = study.run(study.parse(small | {"zip": [zipped]}), tmp_path)
    table = list(report.rows(store))
    figure = figures.norm_trajectories(table, 1.0)
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["momentum, rate 0.01", "momentum, rate 0.1", "adam", "exact"]
    looks = [(line.get_color(), line.get_linestyle()) for line in legend.get_lines()]
    assert len(set(looks)) == 4
    assert looks[0][0] == looks[1][0] != looks[2][0]
    assert looks[0][1] == looks[2][1] != looks[1][1]
    assert not any(axes.get_legend() for axes in figure.axes)


@pytest.mark.slow
def test_each_task_of_a_study_has_its_own_exact_interpolant(tmp_path):
    content = {
        "name": "radii",
        "task": {"kind": "bump", "dim": 3, "points": 20},
        "train": {"width": 6, "steps": 3, "records": 2},
        "grid": {"task": {"radius": [0.5, 1.0]}},
        "measure": {"directions": 4, "radii": 5, "optimum": False},
    }
    study.run(study.parse(content), tmp_path)
    half, whole = report.sections(tmp_path)
    assert (half.name, whole.name) == ("radii: radius 0.5", "radii: radius 1.0")
    assert "Exact minimum norm 32 in" in half.exact
    assert "Exact minimum norm 16 in" in whole.exact


@pytest.mark.slow
def test_in_the_plane_nothing_is_said_to_be_exact_arithmetic(tmp_path):
    content = {"name": "plane", "task": {"kind": "points", "points": 8}, "train": {"width": 6, "steps": 3}}
    study.run(study.parse(content), tmp_path)
    (section,) = report.sections(tmp_path)
    assert "certified by the solver when the networks were trained" in section.exact
    assert "exact arithmetic" not in section.exact


@pytest.mark.slow
def test_a_study_that_solves_has_a_page_of_rates(tmp_path):
    content = {"name": "solved", "task": {"kind": "points", "points": 8}, "solve": {"lam": [0.0, 1e-5, 1e-4, 1e-3]}}
    study.run(study.parse(content), tmp_path)
    page = report.write(tmp_path).read_text(encoding="utf-8")
    assert "All 4 problems are solved to a certified relative gap" in page
    assert "norm deficit" in page


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["training", pytest.param("atlas", marks=pytest.mark.slow)])
def test_an_optimiser_whose_networks_all_diverged_takes_nothing_from_the_others(small, tmp_path, kind):
    """Its measures are NaN in the shapes that the task implies: the page and the table stay whole."""
    small["zip"][0]["learning_rate"][0] = 1e9
    store = study.run(study.parse(small | {"report": kind}), tmp_path)
    (_, wild), (_, tame) = store.done()
    assert wild["diverged"].all()
    assert not tame["diverged"].any()
    assert {name: part.dims for name, part in wild.data_vars.items()} == {
        name: part.dims for name, part in tame.data_vars.items()
    }
    for name in ("function", "norm_ratio", "seminorm", "effective_neurons", "excess_objective"):
        assert np.isnan(wild[name]).all()
    table = study.table(store)
    assert table.groupby("optimizer")["l2_unknown"].count().to_dict() == {"adam": 4, "gd": 0}
    (section,) = report.sections(tmp_path)
    assert ("4 of 8 diverged" if kind == "training" else "4 diverged") in " ".join(section.findings)
    for picture in section.pictures:
        picture.draw()
