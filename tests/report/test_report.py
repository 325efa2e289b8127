import base64
import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from minnorm import report, study


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
    assert page.count("<section>") == 2
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 4
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/svg+xml;base64"
        ElementTree.fromstring(base64.b64decode(data))
    assert "http" not in re.sub(r"data:image[^\"]*", "", page)
    assert "16" in page
    assert "diverged" in page


def test_page_is_the_same_each_time(page, done):
    assert report.write(done).read_bytes() == page.read_bytes()


def test_rows_are_means_and_deviations_over_seeds(done):
    store = study.Store(done / "line")
    found = list(report.rows(store))
    assert len(found) == 4
    for row in found:
        values = row.runs["path_norm"].isel(step=-1).values
        assert row.cells["path_norm"].mean == pytest.approx(values.mean(), rel=1e-6)
        assert row.cells["path_norm"].deviation == pytest.approx(np.std(values, ddof=1), rel=1e-5)


def test_diverged_networks_are_counted_and_left_out(done):
    found = list(report.rows(study.Store(done / "bump")))
    lost = [row for row in found if row.optimizer == "gd" and row.learning_rate == 1e9]
    assert [row.diverged for row in lost] == [2]
    assert str(lost[0].cells["norm_ratio"]) == "–"
    assert all(row.diverged == 0 for row in found if row.learning_rate == 1e-3)


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
    assert str(report.Spread(mean, deviation)) == text
