"""The view Bump in a real browser, and what it computes."""

import math
import runpy

import numpy as np
import pytest

from minnorm import known

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def value(page, name: str):
    """Where the readout has a number."""
    return page.locator("dt", has_text=name).first.locator("xpath=following-sibling::dd")


def wait_for(page, bump: known.RadialBump) -> None:
    """Until the norm of a bump is shown."""
    text = known.RadialNorm(bump.dim, bump.norm, bump.norm_bounds, bump.lipschitz).text(12)
    value(page, "norm").filter(has_text=text).wait_for()


def enter(page, label: str, number: float) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(number))
    field.press("Enter")


def run_code(page, tmp_path, capsys) -> list[str]:
    """What the code that the page shows prints."""
    path = tmp_path / "code.py"
    path.write_text(page.get_by_label("Python code of this view").inner_text())
    capsys.readouterr()
    runpy.run_path(str(path))
    return capsys.readouterr().out.split()


def data(page, plot: str, *columns: str) -> list[np.ndarray]:
    """Columns of the glyph of a plot that has all of them; the plot by its title."""
    script = """([title, columns]) => {
      for (const root of Bokeh.documents[0].roots()) for (const model of root.references())
        if (model.type === "Figure" && model.title?.text?.startsWith(title))
          for (const { data_source } of model.renderers)
            if (data_source && columns.every((column) => column in data_source.data))
              return columns.map((column) => Array.from(data_source.data[column]));
    }"""
    return [np.array(column, dtype=float) for column in page.evaluate(script, [plot, columns])]


def test_the_norm_follows_dimension_plateau_stretch_and_outer_radius(open_page, screenshot, tmp_path, capsys):
    page = open_page("bump", "dim=3")
    wait_for(page, known.radial_bump(3))
    assert float(value(page, "norm").inner_text()) == 16
    # Even, by the keyboard alone.
    slider = page.get_by_role("slider", name="Dimension d")
    slider.focus()
    slider.press("ArrowRight")
    wait_for(page, known.radial_bump(4))
    enter(page, "Plateau", 0.3)
    enter(page, "Stretch", 2)
    page.get_by_label("Zero up to").select_option("1.5")
    bump = known.radial_bump(4, 0.3, 1.5).stretch(2.0)
    wait_for(page, bump)
    low, high = (float(part) for part in value(page, "proven bounds").inner_text().split("\u2026"))
    assert (low, high) == bump.norm_bounds
    assert float(value(page, "Lipschitz").inner_text()) == pytest.approx(bump.lipschitz, rel=1e-5)
    page.wait_for_url("**plateau=0.3**")
    r, f = data(page, "Profile", "r", "f")
    assert f == pytest.approx(bump.profile(r), abs=1e-12)
    masses, phi = data(page, "Optimal measure", "mass", "phi")
    assert masses == pytest.approx(bump.measure.masses)
    assert phi == pytest.approx(np.sign(masses), abs=1e-9)
    screenshot(page, "bump")
    # The URL is the view, the code prints its number.
    shared = open_page("bump", page.url)
    wait_for(shared, bump)
    assert float(run_code(shared, tmp_path, capsys)[0]) == bump.norm


def test_norms_of_all_dimensions_are_found_while_one_looks(open_page):
    page = open_page("bump", "dim=31")
    wait_for(page, known.radial_bump(31))
    page.wait_for_function(
        """() => Bokeh.documents[0].roots().some((root) => Array.from(root.references()).some((model) =>
          model.type === "Figure" && model.title?.text?.startsWith("Norm") &&
          model.renderers.some((r) => (r.data_source?.data.dim?.length ?? 0) === 32)))"""
    )
    exact = {row.dim: row.norm for row in known.radial_norms([1, 2, 31])}
    dims, norms = data(page, "Norm", "dim", "norm")
    assert {dim: norms[dims == dim][0] for dim in exact} == pytest.approx(exact, rel=1e-12)


def test_what_double_precision_cannot_do_is_said_with_the_remedy(open_page):
    page = open_page("bump", "dim=31&plateau=0.5")
    page.get_by_role("alert").filter(has_text="give digits=16").wait_for()
    page.get_by_label("Digits").select_option("16")
    wait_for(page, known.radial_bump(31, 0.5, digits=16))
    page.locator("#message:empty").wait_for(state="attached")
    enter(page, "Dimension d", 500)
    page.get_by_role("alert").filter(has_text="at most 64").wait_for()
    wait_for(page, known.radial_bump(31, 0.5, digits=16))


def test_a_trained_profile_moves_over_the_exact_one(open_page, screenshot, violations):
    page = open_page("bump", "dim=2&steps=300&learning_rate=0.01&theme=dark")
    wait_for(page, known.radial_bump(2))
    page.get_by_role("button", name="Train a network").click()
    page.get_by_text("step 300,").wait_for()
    r, mean = data(page, "Profile", "r", "mean")
    assert r.size == mean.size == 121
    assert mean[0] == pytest.approx(1, abs=0.3)
    assert abs(mean[(r > 1.2) & (r < 1.8)].mean()) < 0.3
    screenshot(page, "bump-trained")
    assert violations(page) == []
    enter(page, "Dimension d", 3)
    wait_for(page, known.radial_bump(3))
    page.get_by_text("step 300,").wait_for(state="detached")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = np.genfromtxt(download.value.path(), delimiter=",", names=True)
    assert rows["exact"] == pytest.approx(known.radial_bump(3).profile(rows["r"]), abs=1e-12)
    assert math.isfinite(rows["r"].sum())
