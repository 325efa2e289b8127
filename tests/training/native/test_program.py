"""Programs of the native engine against the JAX functions that they were translated from."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm import _native
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.training import OPTIMIZERS
from minnorm.training.choice import Choice
from minnorm.training.engine import Engine, Rows, Setting, Varied
from minnorm.training.native.calls import INSTRUCTION_SETS, descend
from minnorm.training.native.program import elementwise_program

RNG = np.random.default_rng(5)
M, D = 37, 3
PENALTIES = [PathNorm(), PathNorm(bias="penalised", skip="free", offset="none")]


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def network(dtype, skip=True, draw=RNG.normal):
    def leaf(*shape):
        return jnp.asarray(draw(size=shape), dtype)

    return ShallowReLU(leaf(M, D), leaf(M), leaf(M), leaf(), leaf(D) if skip else None)


def close(found, expected, dtype, factor=200):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        scale = 1 + np.max(np.abs(b), initial=0)
        np.testing.assert_allclose(a / scale, b / scale, atol=factor * jnp.finfo(dtype).eps)


FUNCTIONS = {
    "sums": lambda x, g, r: (x + r) - (r - g) + (-x) + 0.0,
    "products": lambda x, g, r: x * g + r * x - (g - r * g) + (2 * x - g),
    "quotients": lambda x, g, r: x / (1 + g * g) + x / r + r / (1 + jnp.abs(x)),
    "powers": lambda x, g, r: jnp.abs(x) ** (1 + r * r) + x**3 + (1 + g * g) ** -2 + jnp.square(g),
    "roots": lambda x, g, r: jnp.sqrt(jnp.abs(x)) + jax.lax.rsqrt(1 + g * g) * jnp.sqrt(1 + r * r),
    "exponentials": lambda x, g, r: jnp.exp(-jnp.abs(x)) + jnp.log(1 + g * g) * jnp.exp(r) + jnp.cos(x) * jnp.cos(r),
    "order": lambda x, g, r: jnp.maximum(x, g) - jnp.minimum(x, r) + jnp.sign(g) * jnp.maximum(r, 0.1),
    "choices": lambda x, g, r: jnp.where((x > g) & (g >= r), x, jnp.where((x < r) | (x <= g), g, r)),
    "equality": lambda x, g, r: jnp.where((x == g) | ~(x != r), 1.0, x).astype(x.dtype),
    "called": lambda x, g, r: jax.jit(lambda u, v: jax.nn.relu(u) * v)(x, r) + g,
    "constant": lambda x, g, r: jnp.full(x.shape, 2.5, x.dtype) * r,
    "unneeded": lambda x, g, r: (x + g, jnp.sum(x) * jnp.arange(3))[0],
    "swapped": lambda x, g, r: g,
}


def step(net, gradient, memory, rate, decay):
    first, second, count = memory
    new = {name: jax.tree.map(lambda x, g, f=f: f(x, g, rate), first[name], second) for name, f in FUNCTIONS.items()}
    return net, (new, second, count + 1)


@pytest.mark.slow
@pytest.mark.parametrize("instructions", INSTRUCTION_SETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_program_computes_what_its_functions_do(dtype, instructions):
    net, count = network(dtype), jnp.zeros((), jnp.int32)
    memory = ({name: network(dtype) for name in FUNCTIONS}, network(dtype), count)
    rate, decay = jnp.asarray(0.3, dtype), jnp.asarray(0.0, dtype)
    parts, kept = len(jax.tree.leaves(net)), len(jax.tree.leaves(memory))
    program = elementwise_program(
        step, (net, net, memory, rate, decay), [*range(parts), *range(2 * parts, 2 * parts + kept)]
    )
    assert program is not None
    x, y = jnp.asarray(RNG.normal(size=(4, D)), dtype), jnp.asarray(RNG.normal(size=4), dtype)
    out, found = descend(net, memory, program, jnp.int32(1), x, y, rate, decay, instructions=instructions)
    assert found[2] == 1
    _, expected = jax.jit(step)(net, net, memory, rate, decay)
    for name in FUNCTIONS:
        close(found[0][name], expected[0][name], dtype)
    for a, b in zip(jax.tree.leaves((out, found[1])), jax.tree.leaves((net, memory[1])), strict=True):
        np.testing.assert_array_equal(a, b)


def test_slots_that_change_places_have_no_program():
    assert elementwise_program(lambda a, b: (b, a), (jnp.ones(4), jnp.ones(4)), [0, 1]) is None


@pytest.mark.parametrize(
    "mixed",
    [
        lambda x: x / jnp.sum(x),
        lambda x: jnp.sort(x),
        lambda x: x[::-1],
        lambda x: x * jnp.arange(x.size),
        lambda x: x @ jnp.outer(x, x),
        lambda x: jnp.floor(x),
    ],
)
def test_what_mixes_elements_has_no_program(mixed):
    assert elementwise_program(mixed, (jnp.ones(4),), [0]) is None


def setting(name, penalty, dtype, batch_size=None, engine="native", convention="own"):
    chosen = {"optimizer": name, "penalty": penalty, "initial": "pytorch", "width": M, "dtype": dtype}
    chosen["convention"] = convention
    return Setting(replace(Choice.of(**chosen).checked(5), batch_size=batch_size), engine)


WHOLE = [name for name in OPTIMIZERS if name not in ("muon", "sam", "lbfgs")]


OFTEN = {"sgd", "adam", "nesterov", "label_noise", "lion"}
EVERY = [pytest.param(name, PENALTIES[1], marks=[] if name in OFTEN else pytest.mark.slow, id=name) for name in WHOLE]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "penalty"), [("adamw", PENALTIES[0]), *EVERY])
def test_the_engines_take_the_same_steps(name, penalty):
    x, y = RNG.normal(size=(11, D)), RNG.normal(size=11)
    varied = Varied(*map(jnp.asarray, (0.01, 0.1, 1.0, 3)))
    ends = []
    batch_size = 3 if OPTIMIZERS[name].gradient == "noisy" else None
    for engine in ("native", "xla"):
        model = Engine(Rows(jnp.asarray(x), jnp.asarray(y)), setting(name, penalty, "float64", batch_size, engine))
        assert model.runs_whole_steps() == (engine == "native")
        ends.append(jax.jit(model.advance)(model.start(varied), varied, jnp.int32(6)))
    close(ends[0].network, ends[1].network, "float64", factor=1e6)
    close(ends[0].memory, ends[1].memory, "float64", factor=1e6)
    assert ends[0].step == 6


OTHERS = [(name, word) for name, entry in OPTIMIZERS.items() for word in entry.others if name != "muon"]


@pytest.mark.parametrize(("name", "convention"), OTHERS)
def test_rules_of_other_conventions_run_whole_steps(name, convention):
    x = jnp.asarray(RNG.normal(size=(5, D)))
    chosen = setting(name, PathNorm(), "float64", convention=convention)
    assert Engine(Rows(x, jnp.ones(5)), chosen).runs_whole_steps()


@pytest.mark.parametrize("name", ["muon", "sam", "lbfgs"])
def test_others_run_on_the_native_gradient_alone(name):
    model = Engine(Rows(jnp.asarray(RNG.normal(size=(5, D))), jnp.ones(5)), setting(name, PathNorm(), "float64"))
    assert not model.runs_whole_steps()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", pytest.param("label_noise", marks=pytest.mark.slow)])
def test_minibatches_are_the_same_however_many_steps_a_call_takes(name):
    model = Engine(
        Rows(jnp.asarray(RNG.normal(size=(9, D)), jnp.float32), jnp.ones(9, jnp.float32)),
        setting(name, PathNorm(), "float32", batch_size=2),
    )
    varied = Varied(*(jnp.asarray(v, jnp.float32) for v in (0.01, 0.1, 1.0)), jnp.int32(3))
    advance = jax.jit(model.advance)
    alone = jax.jit(
        lambda s, count: jax.lax.fori_loop(0, count, lambda _, now: model.advance(now, varied, jnp.int32(1)), s)
    )
    state = jax.jit(model.start)(varied)
    for count in (1, 63, 64, 65, 150):  # up to 64 go together
        at_once, one_by_one = advance(state, varied, jnp.int32(count)), alone(state, jnp.int32(count))
        assert at_once.step == one_by_one.step == count
        for a, b in zip(jax.tree.leaves(at_once), jax.tree.leaves(one_by_one), strict=True):
            np.testing.assert_array_equal(a, b)


SCALAR = {
    "sqrt": jnp.sqrt,
    "power": lambda r: r**r,
    "less": lambda r: jnp.where(r < 2, r, 3 * r),
    "maximum": lambda r: jnp.maximum(r, 2),
    "select": lambda r: jnp.where(r < 2, r, 3 * r),
}


@pytest.mark.parametrize("name", SCALAR)
def test_operations_have_the_numbers_that_the_compiled_module_says(name):
    names = _native.operations()
    assert len(set(names)) == len(names)
    program = elementwise_program(SCALAR[name], (jnp.ones(()),), [0])
    steps = program.code[3 : 3 + 6 * program.code[2]].reshape(-1, 6)
    assert name in [names[code] for code in steps[:, 0]]
