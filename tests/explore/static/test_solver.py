"""The solver of the static page, in a browser, against the library."""

import numpy as np
import pytest

import minnorm as mn
from minnorm import advice
from minnorm.explore.line.answer import answer

pytestmark = pytest.mark.browser

SOLVE = """(cases) => cases.map((one) => {
  const found = minnorm.solve(one);
  const { value, bound, unique } = found;
  const band = found.band && one.query.map((x) => found.band(x));
  return { value, bound, unique, band, at: one.query.map((x) => found.curve.at(x)) };
})"""
CLOSE = 1e-9


def problems(count: int, seed: int) -> list[dict]:
    """Points on a grid and off it, near the origin and not, with each penalty, lam = 0 and not."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        x = rng.uniform(-2, 2, int(rng.integers(3, 14))) + rng.choice([0, 0, 3, -5])
        x = np.unique(np.round(x, 1) if rng.random() < 0.3 else x)
        x = x if x.size > 2 else np.array([0.0, 1.0, 1.5])
        y = rng.normal(size=x.size) if rng.random() < 0.6 else np.round(2 * rng.normal(size=x.size)) / 2
        made.append(
            {
                "x": x.tolist(),
                "y": y.tolist(),
                "lam": 0.0 if rng.random() < 0.5 else float(10 ** rng.uniform(-4, 0)),
                "penalty": {"bias": str(rng.choice(["free", "penalised"])), "skip": str(rng.choice(["none", "free"]))},
                "query": np.linspace(x.min() - 1, x.max() + 1, 23).tolist(),
            }
        )
    return made


def check(page, cases: list[dict]) -> None:
    for case, found in zip(cases, page.evaluate(SOLVE, cases), strict=True):
        penalty, query = mn.PathNorm(**case["penalty"]), np.array(case["query"])
        known = answer(case["x"], case["y"], penalty, case["lam"])
        value = known.solution.value
        if case["lam"] > 0:
            with advice.silent():
                value = mn.fit(case["x"], case["y"], case["lam"], penalty=penalty, tolerance=1e-10).value
        assert abs(found["value"] - value) <= CLOSE * max(value, 1e-3), case
        assert found["bound"] <= value * (1 + CLOSE), case
        assert found["value"] - found["bound"] <= CLOSE * max(value, 1e-3), case
        assert found["unique"] is known.unique, case
        if known.unique and penalty.biases_are_free:
            np.testing.assert_allclose(found["at"], known.solution(query[:, None]), atol=1e-7)
        if known.every is not None and not known.every.unique:
            low, high = np.array(found["band"]).T
            np.testing.assert_allclose(low, known.every.lower(query), atol=1e-7)
            np.testing.assert_allclose(high, known.every.upper(query), atol=1e-7)


def test_some_problems_have_the_librarys_answer(open_static):
    check(open_static(), problems(8, seed=1))


@pytest.mark.slow
def test_five_hundred_problems_have_the_librarys_answer(open_static):
    check(open_static(), problems(500, seed=2))


def test_what_has_no_answer_is_said(open_static):
    page = open_static("#line?x=0~0~1&y=0~1~1")
    assert "no function goes through both" in page.get_by_role("alert").inner_text()
    page.get_by_label("λ, exactly").fill("0.01")
    page.get_by_label("λ, exactly").press("Enter")
    page.wait_for_function("document.querySelector('.readout').innerText.includes('objective')")
    assert page.locator("#message").text_content() == ""
