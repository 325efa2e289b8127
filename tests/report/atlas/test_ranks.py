import numpy as np
import pandas as pd
import pytest

from minnorm.report.atlas.ranks import concordance, contrast, ranked


def seeds(rows, spread=0.01, count=8):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            seed: {name: value * np.exp(spread * rng.standard_normal()) for name, value in rows.items()}
            for seed in range(count)
        }
    )


def test_clear_differences_have_sharp_ranks_and_equal_ones_have_wide_ranks():
    found = ranked(seeds({"c": 3.0, "a": 1.0, "b": 2.0}))
    assert found.names == ("a", "b", "c")
    np.testing.assert_allclose(found.value, [1, 2, 3], rtol=0.02)
    assert found.rank.tolist() == [[1, 1], [2, 2], [3, 3]]
    assert np.all(found.interval[:, 0] < found.value)
    assert np.all(found.value < found.interval[:, 1])
    alike = ranked(seeds({"a": 1.0, "b": 1.0, "c": 1.0}, spread=0.3))
    assert (alike.rank[:, 1] - alike.rank[:, 0]).max() >= 1


def test_rows_with_too_few_values_are_named_not_ranked():
    values = seeds({"a": 1.0, "b": 2.0})
    values.loc["b", [0, 1, 2, 3, 4]] = np.nan
    found = ranked(values)
    assert found.names == ("a",)
    assert found.absent == ("b",)
    nothing = ranked(values * np.nan)
    assert nothing.names == ()
    assert nothing.absent == ("a", "b")


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(100):
        values = pd.DataFrame([np.exp(0.2 * rng.standard_normal(12))], index=["a"])
        low, high = ranked(values).interval[0]
        inside += low <= 1.0 <= high
    assert 75 <= inside <= 97  # the bootstrap of few seeds is a little narrow


def networks(factor, seeds=6):
    rng = np.random.default_rng(2)
    rows = []
    for seed in range(seeds):
        for start in ("small", "large"):
            base = np.exp(rng.standard_normal())  # shared by the pair: cancels
            rows += [{"seed": seed, "start": start, "rule": "x", "norm": base}]
            rows += [
                {
                    "seed": seed,
                    "start": start,
                    "rule": "y",
                    "norm": base * factor * np.exp(0.01 * rng.standard_normal()),
                }
            ]
    return pd.DataFrame(rows)


def test_a_contrast_is_paired():
    table = networks(1.5)
    found = contrast(table[table["rule"] == "y"], table[table["rule"] == "x"], "norm", ["start"])
    assert found.pairs == 12
    assert found.factor == pytest.approx(1.5, rel=0.02)
    assert 1.45 < found.low < 1.5 < found.high < 1.55
    assert contrast(table[table["rule"] == "z"], table, "norm", ["start"]) is None


def test_concordance_is_one_for_equal_orders_and_no_surprise_for_random_ones():
    order = np.arange(1, 9)
    w, chance = concordance(np.array([order, order, order]))
    assert w == pytest.approx(1.0)
    assert chance < 0.001
    w, chance = concordance(np.array([order, order[::-1]]))
    assert w == pytest.approx(0.0)
    assert chance > 0.99
