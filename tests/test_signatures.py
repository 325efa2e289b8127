"""Options stand in signatures, where editors see them, and a misspelt one is met with the one that was meant."""

import inspect

import pytest

import minnorm as mn

OPEN = [mn.interpolate, mn.fit, mn.path, mn.band, mn.lam_max, mn.verify, mn.train]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("solve", OPEN)
def test_a_misspelt_option_is_refused_with_the_one_that_was_meant(solve):
    name = "penalty" if solve in (mn.lam_max, mn.train) else "tolerance"
    wrong = name[:4] + name[5:]
    said = rf"{solve.__name__}\(\) got an unexpected keyword argument '{wrong}'; did you mean '{name}'\?"
    with pytest.raises(TypeError, match=said):
        solve([0.0, 1.0], [0.0, 1.0], **{wrong: 1e-3})
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'colour'; it takes (X|points), "):
        solve([0.0, 1.0], [0.0, 1.0], colour=3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("word", "meant"), [("alpha", "lam"), ("tol", "tolerance"), ("random_state", "seed")])
def test_the_words_of_estimators_are_met_with_those_of_functions(word, meant):
    with pytest.raises(TypeError, match=rf"unexpected keyword argument '{word}'; did you mean '{meant}'\?"):
        mn.fit([0.0, 1.0], [0.0, 1.0], **{word: 1})


@pytest.mark.parametrize("solve", OPEN)
def test_options_stand_in_the_signature_which_is_short(solve):
    signature = inspect.signature(solve)
    assert not any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
    assert len(str(signature)) < (1200 if solve is mn.train else 600)
