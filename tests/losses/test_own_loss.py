"""A loss that the library does not know is one file, here that of docs/extending: solved, proved, trained, studied."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minnorm as mn
from minnorm import extensions
from minnorm.study.shards.run import run_shard
from minnorm.study.specification.spec import Shard, SolveShard

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "site"))
from blocks import Block, parts  # noqa: E402

X, Y = np.linspace(-1, 1, 12), np.linspace(-1, 1, 12) ** 2 + np.eye(12)[7]


@pytest.fixture(autouse=True)
def log_cosh(own, tmp_path):
    """The page's file, which makes the loss known."""
    text = (ROOT / "docs" / "extending" / "loss.md").read_text()
    (block,) = [part for part in parts(text) if isinstance(part, Block) and part.title == "log_cosh.py"]
    (tmp_path / block.title).write_text(block.text)
    extensions.load(tmp_path / block.title)


def test_it_is_found_by_its_name_and_proved():
    found = mn.fit(X, Y, 0.02, loss="log_cosh")
    assert found.certified
    # Where the network is the minimum its dual vector is minus the slope of the loss, for each point.
    np.testing.assert_allclose(found.dual, np.tanh(Y - found(X)) / 12, atol=2e-4)


def test_it_is_between_squares_and_absolute_values():
    values = [mn.fit(X, Y, 0.02, loss=name).value for name in ("log_cosh", "squared", "absolute")]
    assert values[0] < min(values[1:])


@pytest.mark.slow
def test_networks_are_trained_and_studied_with_it():
    task = {"kind": "line", "x": X.tolist(), "y": Y.tolist()}
    solved = SolveShard.model_validate({"task": task, "solve": {"lam": [0.02], "loss": "log_cosh"}})
    train = {"loss": "log_cosh", "weight_decay": 0.02, "learning_rate": 0.01, "width": 40, "steps": 800, "records": 3}
    trained = Shard.model_validate({"task": task, "train": train, "measure": {}})
    least, runs = run_shard(solved), run_shard(trained)
    assert bool(least["certified"].all())
    reached = float(runs["objective"].isel(step=-1).values.squeeze())
    assert float(least["lower_bound"][0]) < reached < 1.2 * float(least["value"][0])


def test_a_loss_that_the_judge_does_not_know_says_so():
    found = mn.fit(X, Y, 0.02, loss="log_cosh", certify=False)
    from minnorm.verification import losses as judged

    kept = judged._BOUNDS.pop("log_cosh")
    try:
        with pytest.raises(ValueError, match="verify has no bound for loss log_cosh"):
            mn.verify(X, Y, found)
    finally:
        judged._BOUNDS["log_cosh"] = kept


def test_a_word_is_given_once():
    with pytest.raises(ValueError, match="a loss is called 'huber' already"):
        mn.losses.add(type("Other", (), {"word": "huber"}))
