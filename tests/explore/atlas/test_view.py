"""The view Atlas in a real browser, with the store of a small study, and without one."""

import runpy

import numpy as np
import pytest

from minnorm import study
from minnorm.explore.atlas import rows as atlas_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COMMON = {"train": {"width": 12, "steps": 60, "records": 6}}
STUDIES = [
    {
        "name": "line",
        "task": {"kind": "line", "x": [-1.0, 0.0, 0.5, 1.0], "y": [0.0, 1.0, 0.2, 0.4]},
        "grid": {"optimizer": ["gd", "adam"], "weight_decay": [0.0, 1e-3], "seed": 2},
    },
    {"name": "bump", "task": {"kind": "bump", "dim": 3, "points": 20}, "grid": {"seed": 2}},
    {"name": "plane", "task": {"kind": "points", "dim": 2, "points": 6}, "grid": {"seed": 1}},
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    directory = tmp_path_factory.mktemp("atlas")
    for one in STUDIES:
        study.run(study.parse(one | COMMON), directory / one["name"], threads=1)
    return directory


@pytest.fixture(scope="module")
def server(serve, store):
    with serve(str(store)) as served:
        yield served


@pytest.fixture(scope="module")
def networks(store):
    return atlas_rows.load_rows(store).frame


def value(page, name: str):
    return page.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd")


def show(page, number: int) -> None:
    field = page.get_by_role("spinbutton", name="Network number")
    field.fill(str(number))
    field.press("Enter")


def place(page, x: float, y: float, across: str, up: str, count: int) -> list[float]:
    """Where (x, y) is on the screen, once the plot of so many networks over these axes is drawn and stands still."""
    script = """([x, y, across, up, count]) => {
      const before = globalThis.placed;
      globalThis.placed = undefined;
      for (const root of Bokeh.documents[0].roots()) for (const model of root.references()) {
        if (model.type !== "Figure" || model.name !== "networks") continue;
        if (model.below[0].axis_label !== across || model.left[0].axis_label !== up) continue;
        if (model.renderers[0].data_source.data.x.length !== count) continue;
        const view = Bokeh.index.find_one(model);
        if (!view?.canvas_view?.el.isConnected || !view.root.has_finished()) continue;
        const box = view.canvas_view.el.getBoundingClientRect(), { x_scale, y_scale, bbox } = view.frame;
        const at = [x_scale.compute(x), y_scale.compute(y)];
        if (bbox.contains(...at)) globalThis.placed = [box.left + at[0], box.top + at[1]];
      }
      return globalThis.placed && String(before) === String(globalThis.placed) ? globalThis.placed : false;
    }"""
    return page.wait_for_function(script, arg=[x, y, across, up, count], polling=200).json_value()


def test_a_point_that_is_clicked_shows_its_network(open_page, networks, screenshot, tmp_path, capsys, violations):
    page = open_page("atlas")
    value(page, "networks shown").filter(has_text="11").wait_for()
    page.get_by_label("Across", exact=True).select_option("path norm")
    page.get_by_label("Up", exact=True).select_option("training loss")
    page.get_by_label("Colour", exact=True).select_option("weight decay")
    page.get_by_label("study", exact=True).select_option("line")
    value(page, "networks shown").filter(has_text="8").wait_for()
    row = networks[networks["study"] == "line"].iloc[5]
    where = place(page, float(row["path_norm"]), float(row["training_loss"]), "path norm", "training loss", 8)
    page.mouse.click(*where)
    value(page, "shard").filter(has_text=row["shard"]).wait_for()
    for name in ("path norm", "training loss", "norm ratio", "l2 unknown"):
        shown = page.locator("dt").filter(has_text=name).last.locator("xpath=following-sibling::dd").inner_text()
        assert float(shown) == pytest.approx(row[name.replace(" ", "_")], rel=1e-5)
    assert page.get_by_role("spinbutton", name="Network number").input_value() == "6"
    screenshot(page, "atlas")
    assert violations(page) == []
    # The URL is the view, its code prints the number on the axis, its table has what is in the plot.
    shared = open_page("atlas", page.url)
    value(shared, "shard").filter(has_text=row["shard"]).wait_for()
    assert shared.get_by_label("Across", exact=True).input_value() == "path norm"
    (tmp_path / "code.py").write_text(shared.get_by_label("Python code of this view").inner_text())
    runpy.run_path(str(tmp_path / "code.py"))
    assert float(capsys.readouterr().out) == pytest.approx(row["training_loss"], rel=1e-12)
    with shared.expect_download() as download:
        shared.get_by_role("button", name="Download CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 9


def test_functions_of_every_kind_by_the_keyboard(open_page, networks, screenshot):
    page = open_page("atlas", "theme=dark&x=path_norm&y=training_loss")
    value(page, "networks shown").filter(has_text="11").wait_for()
    titles = """(wanted) => {
      const shown = Bokeh.documents[0].roots().flatMap((root) => Array.from(root.references()))
        .filter((model) => model.type === "Figure").map((model) => model.title?.text ?? "");
      return wanted.every((title) => shown.some((one) => one.startsWith(title)));
    }"""
    for name, title in (("bump", "Radial mean"), ("plane", "Function"), ("line", "Function")):
        number = 1 + int(np.flatnonzero(networks["study"] == name)[0])
        show(page, number)
        value(page, "shard").filter(has_text=networks.iloc[number - 1]["shard"]).wait_for()
        page.wait_for_function(titles, arg=[title, "Path norm"])
        screenshot(page, f"atlas-{name}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download SVG").click()
    assert b"<svg" in download.value.path().read_bytes()[:1000]
    show(page, 99)
    page.get_by_role("alert").filter(has_text="number is 99, but 11 networks").wait_for()


def test_what_a_url_cannot_have_is_said(open_page):
    page = open_page("atlas", "x=beauty&network=0123:4")
    page.get_by_role("alert").filter(has_text="network is '0123:4', which these studies do not have").wait_for()
    value(page, "networks shown").filter(has_text="11").wait_for()


def test_an_axis_is_undone_but_not_what_was_chosen_by_itself(open_page):
    page = open_page("atlas")
    value(page, "networks shown").filter(has_text="11").wait_for()
    page.wait_for_function("history.state?.query.includes('y=')")
    undo = page.get_by_role("button", name="Undo")
    assert undo.is_disabled()
    up = page.get_by_label("Up", exact=True)
    before = up.input_value()
    other = next(text for text in up.locator("option").all_inner_texts() if text != before)
    up.select_option(other)
    page.wait_for_function("history.state.step === 1")
    undo.click()
    page.wait_for_function("([up, before]) => up.value === before", arg=[up.element_handle(), before])
    assert undo.is_disabled()


def test_profiles_of_a_study_lie_over_the_exact_bump(open_page, store):
    page = open_page("bump", "dim=3")
    page.get_by_label("Overlay").select_option(page.locator("option", has_text="bump: adam").first.inner_text())
    page.get_by_text("range of 2 seeds").wait_for()
    runs = next(runs for one in study.stores(store / "bump") for _, runs in one.done())
    script = """() => { for (const root of Bokeh.documents[0].roots()) for (const model of root.references())
      if (model.type === "Figure" && model.title?.text === "Profile")
        for (const { data_source } of model.renderers)
          if ("mean" in data_source.data) return Array.from(data_source.data.mean); }"""
    mean = runs["radial_mean"].mean("seed").values.ravel()
    assert page.evaluate(script) == pytest.approx(mean.tolist(), rel=1e-5)


def test_twenty_thousand_networks_are_a_plot(networks):
    """What is done for each change of an axis, with the table of a large study."""
    from minnorm.explore.atlas.plots import scatter, visible
    from minnorm.explore.page.theme import LIGHT

    rng = np.random.default_rng(0)
    frame = networks.sample(20_000, replace=True, random_state=0).reset_index(drop=True)
    frame["path_norm"] *= rng.lognormal(size=len(frame))
    rows = atlas_rows.Rows(frame, {})
    assert rows.filters["study"] == ["bump", "line", "plane"]
    assert "training_loss" in rows.axes
    kept = visible(rows.chosen({"study": "line"}), "path_norm", "training_loss", log_x=True, log_y=True)
    look = {"log_x": True, "log_y": True, "pick": lambda place: None}
    plot, _ = scatter(frame, "path_norm", "training_loss", "optimizer", LIGHT, **look)
    assert len(plot.renderers[0].data_source.data["x"]) == 20_000
    assert len(kept) == np.count_nonzero(frame["study"] == "line")
