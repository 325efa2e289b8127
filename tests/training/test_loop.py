"""Grids of networks: against single ones, against recomputation, against the exact minimum; and the boundary."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.training import AXES, networks, train
from minnorm.training.choice import Choice
from minnorm.training.engine import Engine, Rows, Setting, Varied

X, Y = np.array([-1.0, -0.4, 0.2, 1.0]), np.array([0.0, 0.8, 0.3, 0.5])
WIDTH, STEPS = 9, 100
METRICS = ("training_loss", "objective", "path_norm", "half_squares", "gradient_norm")
PARAMETERS = ("inner_weights", "biases", "outer_weights", "offset")
GRID = {"learning_rate": [0.02, 0.05], "weight_decay": [0.0, 0.01], "scale": [1.0, 0.5], "seeds": [5, 2, 9]}
COMMON = {"optimizer": "momentum", "width": WIDTH, "steps": STEPS, "records": 12, "dtype": "float64"}
# 24 networks: not a multiple of the 16 that run together on a processor.


@pytest.fixture(scope="module")
def traces():
    """How often advancing has been traced, by name of what was trained."""
    return {}


@pytest.fixture(scope="module")
def grid(traces):
    with pytest.MonkeyPatch.context() as here:
        step, calls = Engine.advance, []
        here.setattr(Engine, "advance", lambda *args: calls.append(1) or step(*args))
        runs = train(X, Y, **GRID, **COMMON, threads=2)
        traces["grid"] = len(calls)
    return runs


@pytest.fixture(scope="module")
def single(traces):
    """One network of the grid, alone, in single precision, with one record, where jax's default is float64."""
    with pytest.MonkeyPatch.context() as here, jax.enable_x64(True):
        step, calls = Engine.advance, []
        here.setattr(Engine, "advance", lambda *args: calls.append(1) or step(*args))
        place = {"learning_rate": 0.05, "weight_decay": 0.01, "scale": 0.5, "seeds": [9]}
        runs = train(X, Y, **{**COMMON, "dtype": "float32", "records": 1}, **place)
        traces["single"] = len(calls)
    return runs


@pytest.fixture(scope="module")
def wide():
    """All other choices at once: two coordinates, minibatches, decoupled decay, penalised biases, a skip term.

    Two equal points disagree, which training allows.
    """
    x, y = np.random.default_rng(0).normal(size=(6, 2)), np.arange(6.0)
    x[1] = x[0]
    return train(
        x,
        y,
        optimizer="adam",
        options={"b1": 0.8},
        decay="decoupled",
        penalty=PathNorm(bias="penalised", skip="free", offset="none"),
        initial="kaiming_normal",
        biases="zero",
        antisymmetric=True,
        weight_decay=0.1,
        width=5,
        seeds=[0, 2**32 - 1],
        steps=5,
        batch_size=2,
    )


@pytest.fixture(scope="module")
def long():
    """Adam with and without weight decay, to convergence, with an eps that makes the minimum a stable fixed point.

    Its usual eps of 1e-8 does not: once the gradient is rounding errors, the mean of its squares fades until steps
    of learning rate / root of that mean overshoot (Cohen et al. 2022, *Adaptive gradient methods at the edge of
    stability*). Unless the gradient is zero to the last bit, which the order of summation decides and so the
    processor, what is left of it then grows, again and again, to a loss of 1e-5 before it is damped, and any limit
    at a given step is a matter of luck. Eps bounds those steps.
    """
    return train(
        X,
        Y,
        learning_rate=1e-3,
        weight_decay=[0.0, 1e-4, 1e-3],
        options={"eps": 3e-4},
        width=40,
        steps=20_000,
        records=20,
        dtype="float64",
    ).squeeze(["learning_rate", "scale", "seed"])


# A grid is many single networks.


def test_a_grid_is_one_program(grid, single, traces):
    assert grid["diverged"].size == 24
    assert traces["grid"] == traces["single"] > 0


@pytest.mark.slow
def test_every_network_of_a_grid_is_the_one_trained_alone(grid):
    """To rounding: XLA may sum in another order for a batch."""
    setting = Setting(Choice.of(optimizer="momentum", width=WIDTH, dtype="float64").checked(len(Y)))
    with jax.enable_x64(True):
        engine = Engine(Rows(jnp.asarray(X[:, None]), jnp.asarray(Y)), setting)
        advance = jax.jit(engine.advance)
        for place, network in networks(grid):
            varied = Varied(*(jnp.asarray(place[axis]) for axis in AXES))
            alone = advance(engine.start(varied), varied, jnp.asarray(STEPS, jnp.int32))
            metrics = engine.metrics(alone.network, varied)
            for name in PARAMETERS:
                np.testing.assert_allclose(getattr(network, name), getattr(alone.network, name), rtol=1e-11, atol=1e-13)
            for name in METRICS:
                assert grid[name].sel(place).isel(step=-1).item() == pytest.approx(metrics[name].item(), rel=1e-9)


def test_no_two_networks_of_a_grid_are_the_same(grid):
    trained = [network.outer_weights.tobytes() for _, network in networks(grid)]
    assert len(set(trained)) == 24


def test_the_same_arguments_give_the_same_numbers_on_any_number_of_threads(grid):
    seen = []
    again = train(X, Y, **GRID, **COMMON, threads=1, progress=lambda *done: seen.append(done))
    xr.testing.assert_identical(again, grid)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    assert {whole for _, whole in seen} == {seen[-1][1]}


def test_the_order_of_an_axis_does_not_matter(grid):
    turned = train(X, Y, **{name: values[::-1] for name, values in GRID.items()}, **COMMON)
    assert turned["seed"].values.tolist() == GRID["seeds"][::-1]
    back = turned.sel({axis: grid[axis] for axis in AXES})
    xr.testing.assert_allclose(back, grid, rtol=1e-11, atol=1e-13)


def test_a_diverged_network_is_marked_and_leaves_its_neighbours_alone(grid):
    runs = train(X, Y, **{**GRID, "learning_rate": [0.02, 1e3]}, **COMMON)
    good, bad = runs.sel(learning_rate=0.02), runs.sel(learning_rate=1e3)
    xr.testing.assert_identical(good, grid.sel(learning_rate=0.02))
    assert not good["diverged"].any()
    assert np.all(good["diverged_step"] == -1)
    assert bad["diverged"].all()
    for where in itertools.product(*(range(n) for n in bad["diverged"].shape)):
        one = bad.isel(dict(zip(bad["diverged"].dims, where, strict=True)))
        finite = np.all([np.isfinite(one[name]) for name in METRICS], axis=0)
        at = one["step"].values.tolist().index(one["diverged_step"].item())
        assert at > 0
        assert finite[:at].all()
        assert not finite[at:].any()


# What is recorded.


def test_recorded_steps_are_log_spaced_from_zero_to_the_last(grid, single, wide):
    steps = grid["step"].values
    ideal = STEPS ** (np.arange(12) / 11)
    assert steps.tolist() == [0, *np.unique(np.round(ideal)).astype(int)]
    assert single["step"].values.tolist() == [0, STEPS]
    assert wide["step"].values.tolist() == [0, 1, 2, 3, 4, 5]


def test_no_steps_give_the_initial_networks(grid):
    runs = train(X, Y, **GRID, **{**COMMON, "steps": 0})
    assert runs["step"].values.tolist() == [0]
    assert not runs["diverged"].any()
    for name in METRICS:
        np.testing.assert_allclose(runs[name].isel(step=0), grid[name].isel(step=0), rtol=1e-12)
    for name in ("inner_weights", "biases", "outer_weights"):
        first = runs[name].isel(learning_rate=0, weight_decay=0)
        for a, b in itertools.product(range(2), repeat=2):
            np.testing.assert_array_equal(runs[name].isel(learning_rate=a, weight_decay=b), first)
        np.testing.assert_array_equal(first.sel(scale=0.5), first.sel(scale=1.0) / 2)
        assert len(np.unique(first.sel(scale=1.0))) == first.sel(scale=1.0).size  # seeds differ
    assert not runs["offset"].any()


def test_metrics_agree_with_the_final_networks(grid):
    for place, network in networks(grid):
        last = grid.sel(place).isel(step=-1)
        loss = np.mean((network.evaluate(X[:, None]) - Y) ** 2) / 2
        decay = (np.sum(network.outer_weights**2) + np.sum(network.inner_weights**2)) / 2
        assert last["training_loss"].item() == pytest.approx(loss, rel=1e-10)
        assert last["half_squares"].item() == pytest.approx(decay, rel=1e-12)
        assert last["objective"].item() == pytest.approx(loss + place["weight_decay"] * decay, rel=1e-10)
        assert last["path_norm"].item() == pytest.approx(PathNorm().value(network), rel=1e-12)


def test_gradient_norm_agrees_with_finite_differences(grid):
    for place, network in itertools.islice(networks(grid), 0, None, 5):
        leaves = [np.ravel(getattr(network, name)) for name in PARAMETERS]
        theta, ends = np.concatenate(leaves), np.cumsum([leaf.size for leaf in leaves])[:-1]

        def objective(theta, ends=ends, lam=place["weight_decay"]):
            w, b, a, c = np.split(theta, ends)
            net = ShallowReLU(w[:, None], b, a, c.reshape(()))
            return np.mean((net.evaluate(X[:, None]) - Y) ** 2) / 2 + lam * (a @ a + w @ w) / 2

        gradient = [(objective(theta + h) - objective(theta - h)) / 2e-6 for h in 1e-6 * np.eye(theta.size)]
        found = grid["gradient_norm"].sel(place).isel(step=-1).item()
        assert found == pytest.approx(np.linalg.norm(gradient), rel=1e-6)


def test_networks_come_in_the_grid_s_order(grid):
    places = [tuple(place[axis] for axis in AXES) for place, _ in networks(grid)]
    assert places == list(itertools.product(*(grid[axis].values.tolist() for axis in AXES)))
    for place, network in networks(grid):
        for name in PARAMETERS:
            np.testing.assert_array_equal(getattr(network, name), grid[name].sel(place))


def test_a_dataset_describes_itself(grid, wide):
    assert dict(grid.sizes) == {
        **{"learning_rate": 2, "weight_decay": 2, "scale": 2, "seed": 3},
        **{"step": grid["step"].size, "neuron": WIDTH, "coordinate": 1},
    }
    for name in METRICS:
        assert grid[name].dims == (*AXES, "step")
        assert grid[name].attrs["units"] == "1"
        assert grid[name].attrs["long_name"]
    assert grid["inner_weights"].dims == (*AXES, "neuron", "coordinate")
    assert grid["outer_weights"].dims == grid["biases"].dims == (*AXES, "neuron")
    assert grid["offset"].dims == grid["diverged"].dims == AXES
    assert "skip" not in grid
    assert wide["skip"].dims == (*AXES, "coordinate")
    assert not wide["offset"].any()


def test_a_dataset_says_where_it_comes_from(grid, wide):
    common = {"engine": "native", "jax_version": jax.__version__}
    assert grid.attrs["minnorm_version"]
    expected = {
        **{"optimizer": "momentum", "decay": "coupled", "penalty_bias": "free", "penalty_skip": "none"},
        **{"penalty_offset": "free", "initial": "xavier_uniform", "initial_biases": "uniform", "antisymmetric": 0},
        **{"width": WIDTH, "batch_size": 4, "full_batch": 1, "points": 4, "dim": 1, "dtype": "float64"},
    }
    assert expected.items() <= grid.attrs.items()
    assert json.loads(grid.attrs["options"]) == {"momentum": 0.9}
    expected = {
        **{"optimizer": "adam", "decay": "decoupled", "penalty_bias": "penalised", "penalty_skip": "free"},
        **{"penalty_offset": "none", "initial": "kaiming_normal", "initial_biases": "zero", "antisymmetric": 1},
        **{"width": 5, "batch_size": 2, "full_batch": 0, "points": 6, "dim": 2, "dtype": "float32"},
    }
    assert expected.items() <= wide.attrs.items()
    assert json.loads(wide.attrs["options"]) == {"b1": 0.8, "b2": 0.999, "eps": 1e-8}
    assert common.items() <= grid.attrs.items() & wide.attrs.items()


@pytest.mark.parametrize("name", ["grid", "wide"])
def test_a_dataset_survives_its_file(name, request, tmp_path):
    runs = request.getfixturevalue(name)
    runs.to_netcdf(tmp_path / "runs.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "runs.nc", engine="h5netcdf") as loaded:
        xr.testing.assert_identical(loaded.load(), runs)
        assert {key: loaded[key].dtype for key in loaded} == {key: runs[key].dtype for key in runs}
        for (place, network), (same, read) in zip(networks(runs), networks(loaded), strict=True):
            assert place == same
            assert jax.tree.all(jax.tree.map(np.array_equal, network, read))


# Precision.


def test_each_precision_is_what_it_says_whatever_jax_s_default(single, grid):
    double = grid.sel({axis: single[axis].values for axis in AXES})
    for name in (*METRICS, *PARAMETERS):
        assert single[name].dtype == np.float32
        assert grid[name].dtype == np.float64
    for name in PARAMETERS:
        assert np.any(grid[name] != grid[name].astype(np.float32))
    assert single["training_loss"].isel(step=-1) != double["training_loss"].isel(step=-1)
    assert jnp.ones(1).dtype == jnp.float32
    assert not jax.config.jax_enable_x64


def test_double_precision_goes_where_single_cannot(long):
    """The last digit of a float32 label of size 1, squared, is about 1e-14; that of a float64 label 1e-32."""
    settled = long.sel(weight_decay=0.0, step=slice(10_000, None))
    assert settled.sizes["step"] == 2
    assert np.all(settled["training_loss"] < 1e-30)
    assert np.all(settled["gradient_norm"] < 1e-14)


# The minimum-norm interpolant.


@pytest.mark.parametrize("lam", [1e-4, 1e-3])
def test_weight_decay_finds_the_global_minimum(long, lam):
    """The dual vector nu of interpolation is feasible for every lam, and bounds every network's objective from below.

    lam * (norm - n lam |nu|^2 / 2) <= minimum <= lam * norm. The lower bound is attained for small lam, and
    its derivative in lam is the norm of the minimiser.
    """
    exact = line(X, Y)
    last = long.sel(weight_decay=lam).isel(step=-1)
    loss = lam * len(X) / 2 * (exact.dual @ exact.dual)
    assert exact.value - loss <= last["objective"] / lam <= exact.value
    assert last["objective"] / lam == pytest.approx(exact.value - loss, rel=0.003)
    assert last["path_norm"] == pytest.approx(exact.value - 2 * loss, rel=0.003)
    assert last["half_squares"] == pytest.approx(last["path_norm"].item(), rel=0.003)  # balanced
    assert long["objective"].sel(weight_decay=lam).isel(step=0) / lam > 10 * exact.value


def test_small_weight_decay_finds_the_minimum_norm(long):
    last = long.sel(weight_decay=1e-4).isel(step=-1)
    assert last["path_norm"] == pytest.approx(line(X, Y).value, rel=0.01)


def test_without_weight_decay_the_norm_stays_above_the_minimum(long):
    last = long.sel(weight_decay=0.0).isel(step=-1)
    assert last["training_loss"] < 1e-30
    assert last["path_norm"] > 1.2 * line(X, Y).value


WEIGHTS = [2, 0, 1, 3]
SAM, LBFGS = (pytest.param({"optimizer": name}, marks=pytest.mark.slow) for name in ("sam", "lbfgs"))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "xla"])
@pytest.mark.parametrize("rule", [{"optimizer": "adam"}, SAM, LBFGS])
def test_whole_weights_are_repeated_points(engine, rule):
    options = {**COMMON, **rule, "engine": engine, "weight_decay": 0.01, "steps": 30, "records": 2}
    weighed = train(X, Y, sample_weight=WEIGHTS, **options)
    repeated = train(np.repeat(X, WEIGHTS), np.repeat(Y, WEIGHTS), **options)
    for name in (*METRICS, *PARAMETERS):
        np.testing.assert_allclose(weighed[name], repeated[name], rtol=1e-7, atol=1e-9)
    assert weighed.attrs["weighted"] == 1
    assert "weighted" not in repeated.attrs
    assert weighed.attrs["points"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", pytest.param("label_noise", marks=pytest.mark.slow)])
def test_both_engines_draw_the_same_weighted_minibatches(optimizer):
    options = {"optimizer": optimizer, "batch_size": 2, "steps": 20, "dtype": "float64", "width": WIDTH, "records": 2}
    native, xla = (train(X, Y, sample_weight=[2, 1, 0.5, 3], engine=engine, **options) for engine in ("native", "xla"))
    for name in PARAMETERS:
        np.testing.assert_allclose(native[name], xla[name], rtol=1e-9, atol=1e-12)
    plain = train(X, Y, engine="native", **options)
    assert abs(plain["offset"] - native["offset"]).max() > 1e-6


@pytest.mark.slow
def test_sorted_points_keep_their_weights():
    x = np.linspace(1, -1, 200)
    y, weights = np.sin(3 * x), 1 + np.arange(200) % 3
    options = {**COMMON, "steps": 5, "records": 1}
    native, xla = (train(x, y, sample_weight=weights, engine=engine, **options) for engine in ("native", "xla"))
    np.testing.assert_allclose(native["inner_weights"], xla["inner_weights"], rtol=1e-9)


def test_the_gradient_falls(long):
    gradient = long["gradient_norm"]
    assert np.all(gradient.isel(step=-1) < 0.01 * gradient.isel(step=0))


# The boundary.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "lamb"}, "optimizer is 'lamb'; choose one of gd, sgd, momentum, nesterov, rmsprop, "),
        ({"optimizer": ["adam"]}, "optimizer is ['adam']; choose one of gd"),
        ({"options": {"momentum": 0.5}}, "options has ['momentum'], which adam does not take; it takes ['b1'"),
        ({"options": {"b1": np.nan}}, "options['b1'] is nan; give a finite number >= 0"),
        ({"options": {"b1": -0.5}}, "options['b1'] is -0.5; give a finite number >= 0"),
        ({"options": {"b1": "high"}}, "options['b1'] is 'high'; give a finite number >= 0"),
        ({"schedule": "step"}, "schedule is 'step'; choose one of constant, cosine, warmup, inverse"),
        ({"decay": "both"}, "decay is 'both'; choose one of coupled, decoupled"),
        ({"optimizer": "lbfgs", "decay": "decoupled"}, "decay is 'decoupled'; lbfgs searches along lines for less of"),
        ({"optimizer": "lbfgs", "options": {"memory_size": 2.5}}, "options has memory_size = 2.5; give a whole number"),
        ({"optimizer": "lbfgs", "batch_size": 2}, "batch_size is 2; lbfgs takes all data in each step"),
        ({"initial": "zeros"}, "initial is 'zeros'; choose one of xavier_uniform, xavier_normal, kaiming_uniform"),
        ({"biases": "normal"}, "biases is 'normal'; choose one of uniform, zero"),
        ({"engine": "cuda"}, "engine is 'cuda'; choose one of auto, native, xla"),
        ({"dtype": "float16"}, "dtype is 'float16'; choose one of float32, float64"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a finite number > 0 or a list"),
        ({"learning_rate": [0.1, np.inf]}, "learning_rate is [0.1, inf]; give a finite number > 0 or a list"),
        ({"learning_rate": []}, "learning_rate is []; give a finite number > 0 or a list"),
        ({"learning_rate": [[0.1]]}, "learning_rate is [[0.1]]; give a finite number > 0 or a list"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; give a finite number > 0 or a list"),
        ({"learning_rate": [0.1, 0.1]}, "learning_rate is [0.1, 0.1]; each value may appear once"),
        ({"weight_decay": -1e-3}, "weight_decay is -0.001; give a finite number >= 0 or a list"),
        ({"weight_decay": [0.1, [0.2]]}, "weight_decay is [0.1, [0.2]]; give a finite number >= 0 or a list"),
        ({"scale": np.nan}, "scale is nan; give a finite number >= 0 or a list"),
        ({"seeds": 0}, "seeds is 0; give a whole number >= 1"),
        ({"seeds": True}, "seeds is True; give a whole number >= 1"),
        ({"seeds": []}, "seeds is []; give a number of seeds or a list of whole numbers from 0 to 2**32 - 1"),
        ({"seeds": [-1]}, "seeds is [-1]; give a number of seeds or a list of whole numbers from 0 to 2**32 - 1"),
        ({"seeds": [2**32]}, "seeds is [4294967296]; give a number of seeds or a list of whole numbers from 0 to"),
        ({"seeds": [0.5]}, "seeds is [0.5]; give a number of seeds or a list of whole numbers from 0 to"),
        ({"seeds": [3, 3]}, "seeds is [3, 3]; each seed may appear once"),
        ({"width": 0}, "width is 0; give a whole number >= 1"),
        ({"width": "wide"}, "width is 'wide'; give a whole number >= 1"),
        ({"steps": -1}, "steps is -1; give a whole number >= 0"),
        ({"steps": 1.5}, "steps is 1.5; give a whole number >= 0"),
        ({"steps": np.nan}, "steps is nan; give a whole number >= 0"),
        ({"steps": np.inf}, "steps is inf; give a whole number >= 0"),
        ({"records": 0}, "records is 0; give a whole number >= 1"),
        ({"threads": 0}, "threads is 0; give a whole number >= 1"),
        ({"batch_size": 0}, "batch_size is 0; give a whole number >= 1"),
        ({"batch_size": 5}, "batch_size is 5, more than the 4 points; use None for all data"),
        ({"batch_size": 2, "optimizer": "gd"}, "batch_size is 2; gd takes all data in each step: use sgd"),
        ({"X": [[[0.0]]]}, "X has shape (1, 1, 1); give (n, d) or (n,)"),
        ({"X": [0.0, np.nan, 1.0, 2.0]}, "X has 1 NaN or infinite entries, the first nan in row 1"),
        ({"y": [[0.0, 1.0]]}, "y has shape (1, 2); give one value for each point"),
        ({"y": [0.0]}, "X has 4 rows and y has 1; they must agree"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_bad_argument_is_named_with_its_value_and_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        train(**{"X": X, "y": Y, "width": 3, "steps": 1, **arguments})


_PEAK = """
import numpy as np
import minnorm as mn

def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

x = np.random.default_rng(0).normal(size=({n}, {d}))
small = dict(optimizer="adamw", steps=3, records=2, threads=2)
mn.train(x[:9], x[:9, 0], width=9, **small)
before = peak()
mn.train(x, x[:, 0], width={m}, seeds={networks}, **small)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("d", "n", "m", "networks"), [(3, 100_000, 2000, 4), (31, 10_000, 1000, 64)])
def test_memory_is_that_of_parameters_state_and_data(d, n, m, networks):
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's peak memory there")
    program = _PEAK.format(d=d, n=n, m=m, networks=networks)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    parameters, data = 4 * m * (d + 2) * networks / 2**20, 8 * n * (d + 1) / 2**20
    assert float(found.stdout) < 3 * parameters + data + 2 * 64  # MB; the hidden matrices alone: 763 and 38 each
