"""The record of what may be chosen: said once, and the same by every way in and out."""

import inspect
import json

import numpy as np
import pytest

import minnorm.cli.train as cli
from minnorm import PathNorm
from minnorm.study.specification.settings import TrainSpec
from minnorm.study.storage.export import SETTINGS
from minnorm.training import OPTIMIZERS, train
from minnorm.training.choice import Choice, Rule, Start, Unfit, columns, options

CHOICES = [
    Choice(),
    Choice.of(optimizer="sgd", width=7, steps=30, schedule="cosine", dtype="float64"),
    Choice.of(optimizer="adam", options={"b1": 0.5}, decay="decoupled", batch_size=3, antisymmetric=True),
    Choice.of(biases="zero", initial="pytorch", penalty=PathNorm(bias="penalised", skip="free", offset="none")),
    Choice.of(optimizer="nadam", convention="torch", options={"momentum_decay": 0.01}),
    Choice(start=Start(given=True)),
]


def test_train_has_every_choice_by_its_name_and_default():
    arguments = inspect.signature(train).parameters
    for name, (_, default) in options().items():
        assert arguments[name].default == (None if name == "penalty" else default), name


def test_the_command_line_has_every_choice_that_is_a_word_or_a_number():
    arguments = inspect.signature(cli.train).parameters
    for name, (_, default) in options().items():
        if name not in ("options", "penalty"):
            assert arguments[name].default == default, name


def test_studies_and_tables_have_every_choice():
    assert set(options()) < set(TrainSpec.model_fields)
    assert {*SETTINGS, "penalty"} == set(options())
    plain = TrainSpec()
    assert all(getattr(plain, name) == default for name, (_, default) in options().items() if name != "penalty")


@pytest.mark.parametrize("chosen", CHOICES)
def test_a_checked_choice_is_what_its_attributes_say(chosen):
    checked = chosen.checked(40)
    said = {name: np.asarray(value)[()] for name, value in checked.attributes(40).items()}  # as netCDF gives them
    assert checked.checked(40) == checked
    table, flat = columns(said, checked.steps), checked.flat()
    assert list(table) == list(SETTINGS)
    same = [name for name in flat if name in table and name not in ("options", "biases", "batch_size")]
    assert {"optimizer", "decay", "initial", "width", "steps", "dtype", "loss"} <= set(same)
    assert {name: table[name] for name in same} == {name: flat[name] for name in same}
    assert json.loads(table["options"]) == dict(flat["options"])
    assert table["batch_size"] == (flat["batch_size"] or 40)
    assert table["biases"] == ("given" if checked.start.given else flat["biases"])


@pytest.mark.parametrize("chosen", CHOICES[:-1])
def test_a_choice_is_its_flat_values(chosen):
    assert Choice.of(**chosen.flat()) == chosen


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_checked_rule_has_every_default_of_its_optimiser(name):
    rule = Rule(name).checked()
    assert (dict(rule.constants), rule.decay) == (dict(OPTIMIZERS[name].options), OPTIMIZERS[name].decay)


@pytest.mark.parametrize(
    ("chosen", "place", "why"),
    [
        ({"options": {"b3": 1.0}}, ("options", "b3"), "adam does not take 'b3'; it takes b1, b2, eps"),
        ({"optimizer": "gd", "options": {"b3": 1.0}}, ("options", "b3"), "gd does not take 'b3'; it takes none"),
        ({"optimizer": "gd", "batch_size": 2}, ("batch_size",), "gd takes all data in each step; leave it out, or"),
        ({"batch_size": 6}, ("batch_size",), "6 is more than the 5 points"),
        ({"optimizer": "sam", "convention": "torch"}, ("convention",), "sam has no rule of that convention here"),
        ({"optimizer": "lbfgs", "decay": "decoupled"}, ("decay",), "lbfgs searches along lines"),
        ({"given": True, "biases": "zero"}, ("biases",), "start gives the networks"),
    ],
)
def test_what_one_choice_rules_out_of_another_is_named_with_its_place(chosen, place, why):
    with pytest.raises(Unfit) as error:
        Choice.of(**chosen).checked(5)
    assert error.value.place == place
    assert error.value.why.startswith(why)


def test_a_name_that_is_no_choice_is_refused():
    with pytest.raises(TypeError, match="widht"):
        Choice.of(widht=3)
