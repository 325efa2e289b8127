"""Losses of classes as lam -> 0: how they tend to the separator of least norm."""

import numpy as np
import pytest

import minnorm as mn

X, LABELS = np.array([0.0, 1.0, 1.7, 3.0, 3.5]), np.array([1.0, 1.0, -1.0, -1.0, 1.0])
LEAST = mn.known.line_margin(X, LABELS).value


def lacking(loss, lam):
    """The norm, and what the normalised margin lacks of the largest one."""
    found = mn.fit(X, LABELS, lam, loss=loss, tolerance=1e-8)
    assert found.certified
    norm = found.penalty.value(found.network)
    return norm, 1 - float(np.min(LABELS * found(X))) / norm * LEAST


def test_the_hinge_is_the_separator_from_some_lam_on():
    norm, short = lacking("hinge", 1e-3)
    assert norm == pytest.approx(LEAST, rel=1e-6)
    assert abs(short) < 1e-6


def test_the_squared_hinge_lacks_a_multiple_of_lam():
    first, second = lacking("squared_hinge", 1e-4)[1], lacking("squared_hinge", 1e-5)[1]
    assert first / second == pytest.approx(10, rel=0.05)


def test_the_logistic_norm_grows_like_the_logarithm_and_lacks_its_inverse():
    (norm, short), (larger, less) = lacking("logistic", 1e-5), lacking("logistic", 1e-7)
    assert (larger - norm) / np.log(100) == pytest.approx(LEAST, rel=1e-2)
    assert short * norm == pytest.approx(less * larger, rel=0.1)
