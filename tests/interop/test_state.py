"""Arrays by name, whatever the names."""

import numpy as np
import pytest

from made import random_network
from minnorm import ShallowReLU

NET = random_network(0, 5, 3)
W, B, A, C = (np.asarray(part) for part in (NET.inner_weights, NET.biases, NET.outer_weights, NET.offset))


@pytest.mark.parametrize(
    "state",
    [
        {"fc2.weight": A[None], "fc1.weight": W, "fc2.bias": C[None], "fc1.bias": B},
        {"params": {"Dense_0": {"kernel": W.T, "bias": B}, "Dense_1": {"kernel": A[:, None], "bias": C[None]}}},
        {
            "epoch": 3,
            "state_dict": {"net.a.weight": W, "net.a.bias": B, "net.b.weight": A[None], "net.b.bias": C[None]},
        },
        {"inner_weights": W, "biases": B, "outer_weights": A, "offset": C},
    ],
)
def test_layers_are_found(state):
    assert ShallowReLU.from_state_dict(state) == NET


@pytest.mark.usefixtures("unchecked")
def test_keys_say_which_is_which():
    state = {"enc": W, "shift": B, "dec": A, "level": C, "other": np.zeros(7)}
    keys = {"inner_weights": "enc", "biases": "shift", "outer_weights": "dec", "offset": "level"}
    assert ShallowReLU.from_state_dict(state, keys=keys) == NET
    for wrong, message in (
        ({**keys, "inner_weights": "enx"}, "keys has 'enx' for inner_weights, and state has enc"),
        ({"biases": "shift"}, "keys lacks inner_weights or outer_weights"),
        ({**keys, "bias": "shift"}, "a key of keys is 'bias'; choose one of"),
        ("enc", "keys is 'enc'; give a dictionary"),
    ):
        with pytest.raises(ValueError, match=message):
            ShallowReLU.from_state_dict(state, keys=wrong)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"0.weight": W}, "has 1 linear layer;"),
        ({"0.weight": W, "1.running_mean": B, "2.weight": A[None]}, "of a batch norm"),
        ({"0.weight": W, "2.weight": np.ones((2, 5))}, "has 2 outputs"),
        ({"0.weight": np.full((5, 3), np.inf), "2.weight": A[None]}, "has inf in weights of the first layer, 15 of 15"),
        ({"0.weight": W + 1j, "2.weight": A[None]}, "holds numbers of type complex128"),
        ({"0.weight": "a", "2.weight": A[None]}, r"has 0.weight of shape \(\)"),
        ({}, "has 0 linear layers"),
        ({"0.weight": [[1, 2], [3]], "2.weight": A[None]}, r"0.weight is \[\[1, 2\], \[3\]\], which is no array"),
        ({"0.weight": W, "1.weight": B, "1.running_var": B}, "has 1.running_var, of a batch norm"),
        ({"0.weight": np.full((5, 3), None), "2.weight": A[None]}, "holds numbers of type object"),
        ({"epoch": 3, "net": {"0.weight": W, "2.weight": A[None]}}, r"has epoch of shape \(\);.*or say which is which"),
    ],
)
def test_what_is_no_shallow_network_is_refused_in_one_line(state, message):
    with pytest.raises(ValueError, match=message):
        ShallowReLU.from_state_dict(state)
