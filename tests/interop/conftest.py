"""Other libraries, whose own warnings on import are none of ours."""

import os
import warnings

import pytest

from minnorm.comparison.objective import objective_of
from minnorm.comparison.subject import subject_of

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True)
def their_own_warnings():
    """What these libraries warn of among themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def objective():
    """The objective that `compare` takes a model to have, without the minimum: objective(model, X, y, **options)."""

    def found(model, X, y, **options):
        usual = dict.fromkeys(("weight_decay", "decayed", "loss", "reduction", "lam"))
        subject = subject_of(model)
        asked = subject.asked({**usual, **options}, len(y))
        made = objective_of(X, subject.labels(y), subject.penalty(asked["decayed"]), **asked)
        return made.value(subject.network)

    return found


@pytest.fixture
def refused():
    """One clear line: refused(call, message)."""

    def check(call, message):
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 300

    return check
