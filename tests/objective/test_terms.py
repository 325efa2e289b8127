import itertools
from dataclasses import replace

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.objective.terms import FreeTerms
from minnorm.solve.reduction import reduce

PENALTIES = [
    PathNorm(*options) for options in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))
]


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_rows_columns_and_split_are_one_function(penalty):
    rng = np.random.default_rng(0)
    x, tilts = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    terms = replace(FreeTerms.of(penalty, 3), middle=rng.normal(size=3))
    terms = replace(terms, tilts=tilts) if terms.linear else terms
    c = rng.normal(size=terms.count)
    level, slope = terms.split(c)
    along = 0.0 if slope is None else (x - terms.middle) @ slope
    assert terms.columns(x) @ c == pytest.approx(level + along * np.ones(5))
    assert np.array([terms.row(point) for point in x]) == pytest.approx(terms.columns(x))
    assert (slope is None) == (penalty.skip == "none")
    assert level == 0 or penalty.constant_is_free


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_the_reduced_columns_are_the_terms_at_its_points(penalty):
    rng = np.random.default_rng(1)
    x, y = 3 + rng.normal(size=(6, 2)), rng.normal(size=6)
    reduced = reduce(Problem(x, y, penalty))
    assert reduced.free == pytest.approx(reduced.terms.columns(reduced.points))
    gram = reduced.free.T @ reduced.free
    assert gram == pytest.approx(6 * np.eye(len(gram)))
