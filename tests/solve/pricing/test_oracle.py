import itertools
import signal
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from minnorm.solve.pricing.oracle import exact, random_starts, search

CASES = [(bias, rank) for bias in ("free", "penalised") for rank in (1, 2, 3)]


def instance(seed, n, rank, bias):
    rng = np.random.default_rng(seed)
    x, nu = rng.standard_normal((n, rank)), rng.standard_normal(n)
    return x, nu - nu.mean() if bias == "free" else nu


def h(x, nu, weights, biases):
    return nu @ np.maximum(x @ weights.T + biases, 0)


def cost(weights, biases, bias):
    squares = np.sum(weights**2, axis=1) + (biases**2 if bias == "penalised" else 0)
    return np.sqrt(squares)


def enumerated(x, nu, bias):
    """The maximum of |h| / cost over all subspaces of directions fixed by kinks, and all active sets they leave.

    In every subspace the candidates are v_A / |v_A|, for the active set A of each cell; all cells are met by
    perturbing the vertices at random.
    """
    z = np.column_stack([x, np.ones(len(x))])
    k = z.shape[1]
    free = bias == "free"
    interior = []
    rng = np.random.default_rng(0)
    for rows in itertools.combinations(range(len(z)), k - 1):
        null = np.linalg.svd(z[list(rows)])[2][-1]
        if np.linalg.norm(z[list(rows)] @ null) > 1e-9 or (free and np.linalg.norm(null[:-1]) < 1e-9):
            continue
        null = null / (np.linalg.norm(null[:-1]) if free else 1)
        interior += [s * null + 1e-6 * rng.standard_normal(k) for s in (1, -1) for _ in range(4 * 2**k)]
    patterns = np.unique(np.array(interior) @ z.T > 0, axis=0)
    best = 0.0
    for pattern in patterns:
        v = nu[pattern] @ z[pattern]
        for size in range(1 if free else 0, k):
            for rows in itertools.combinations(range(len(z)), size):
                best = max(best, face_maximum(x, z, nu, v, rows, free))
    return best


def face_maximum(x, z, nu, v, rows, free):
    """|h| at the projection of v on the subspace where the kinks of `rows` vanish; always an achieved value."""
    basis = np.linalg.svd(z[list(rows)])[2][len(rows) :] if rows else np.eye(z.shape[1])
    if not free:
        u = basis.T @ (basis @ v)
    else:
        # Maximise v . (w, b) at |w| = 1 on the subspace: parametrise by w, b is determined there.
        gram = basis[:, :-1] @ basis[:, :-1].T
        if np.linalg.matrix_rank(gram, tol=1e-9) < len(gram):
            return 0.0
        u = basis.T @ np.linalg.solve(gram, basis @ v)
    size = np.linalg.norm(u[:-1] if free else u)
    if size < 1e-12:
        return 0.0
    u = np.stack([u, -u]) / size
    return float(np.abs(h(x, nu, u[:, :-1], u[:, -1])).max())


def sampled(x, nu, bias, count=4000, seed=0):
    """The best of random atoms and of local refinement of the best few, which is a lower bound on the maximum."""
    rng = np.random.default_rng(seed)
    weights, biases = random_starts(x, count, rng, bias)
    spread = rng.standard_normal((count, x.shape[1]))
    weights = np.concatenate([weights, spread / np.linalg.norm(spread, axis=1, keepdims=True)])
    biases = np.concatenate([biases, rng.standard_normal(count)])
    score = np.abs(h(x, nu, weights, biases)) / cost(weights, biases, bias)
    best = float(score.max())

    def negative(theta):
        size = float(cost(theta[None, :-1], theta[-1:], bias)[0])
        if size < 1e-3 * abs(theta[-1]):  # a kink so far out that only rounding is left
            return 0.0
        return -abs(float(h(x, nu, theta[None, :-1], theta[-1:])[0])) / size if size else 0.0

    for k in np.argsort(-score)[:3]:
        best = max(best, -float(minimize(negative, np.append(weights[k], biases[k]), method="Nelder-Mead").fun))
    return best


def check_atoms(atoms, x, nu, bias):
    assert np.allclose(cost(atoms.weights, atoms.biases, bias), 1, atol=1e-12)
    assert np.allclose(atoms.values, h(x, nu, atoms.weights, atoms.biases), atol=1e-11 * np.abs(nu).sum())
    assert np.all(np.diff(np.abs(atoms.values)) <= 1e-12 * np.abs(nu).sum())


@pytest.mark.parametrize(("bias", "rank"), CASES)
@pytest.mark.parametrize("extra", [1, 2, 3])
def test_exact_equals_enumeration(bias, rank, extra):
    n = rank + extra
    x, nu = instance(n, n, rank, bias)
    atoms = exact(x, nu, bias)
    check_atoms(atoms, x, nu, bias)
    assert abs(atoms.values[0]) == pytest.approx(enumerated(x, nu, bias), rel=1e-9)


@pytest.mark.parametrize(("bias", "rank"), CASES)
@pytest.mark.parametrize("n", [2, 7, 30])
def test_nothing_exceeds_exact(bias, rank, n):
    x, nu = instance(n + 100, n, rank, bias)
    atoms = exact(x, nu, bias)
    check_atoms(atoms, x, nu, bias)
    top, found = abs(atoms.values[0]), sampled(x, nu, bias)
    assert found <= top * (1 + 1e-12)
    assert found >= 0.99 * top


@pytest.mark.parametrize(("bias", "rank"), CASES)
def test_search_reaches_exact(bias, rank):
    x, nu = instance(5, 25, rank, bias)
    starts = random_starts(x, 1500, np.random.default_rng(1), bias)
    found = search(x, nu, bias, *starts)
    check_atoms(found, x, nu, bias)
    assert abs(found.values[0]) == pytest.approx(abs(exact(x, nu, bias).values[0]), rel=1e-12)


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("rank", [2, 5, 10])
def test_search_finds_local_maxima(bias, rank):
    x, nu = instance(6, 80, rank, bias)
    found = search(x, nu, bias, *random_starts(x, 60, np.random.default_rng(1), bias))
    assert len(found.values) > 5
    rng = np.random.default_rng(2)
    for w, b, value in zip(found.weights, found.biases, found.values, strict=True):
        for step in (1e-6, 1e-8):
            weights = w + step * rng.standard_normal((200, rank))
            biases = b + step * rng.standard_normal(200)
            # Along b alone, and with the kink held on its nearest data point.
            weights[:20] = w
            near = x[np.argmin(np.abs(x @ w + b))]
            biases[20:100] = -weights[20:100] @ near
            size = cost(weights, biases, bias)
            nearby = np.sign(value) * h(x, nu, weights, biases) / size
            assert nearby.max() <= abs(value) + 1e-9 * np.abs(nu).sum()


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_embedding_in_a_higher_rank(bias):
    for low, high in ((1, 2), (2, 3), (1, 3)):
        x, nu = instance(7, 12, low, bias)
        frame = np.linalg.qr(np.random.default_rng(3).standard_normal((high, high)))[0][:low]
        assert abs(exact(x @ frame, nu, bias).values[0]) == pytest.approx(abs(exact(x, nu, bias).values[0]), rel=1e-11)


@pytest.mark.parametrize(("bias", "rank"), CASES)
def test_invariance(bias, rank):
    x, nu = instance(8, 14, rank, bias)
    top = abs(exact(x, nu, bias).values[0])
    rng = np.random.default_rng(4)
    rotation = np.linalg.qr(rng.standard_normal((rank, rank)))[0]
    order = rng.permutation(len(x))
    twice, split = np.concatenate([x, x[:5]]), np.concatenate([nu, 0.3 * nu[:5]])
    split[:5] *= 0.7
    variants = [(x @ rotation, nu), (x[order], nu[order]), (twice, split), (x, -nu), (x, 1e-6 * nu)]
    if bias == "free":
        variants += [(x + 3.0, nu), (1e3 * x, nu)]
    scales = [1, 1, 1, 1, 1e-6, 1, 1e3]
    for (points, dual), scale in zip(variants, scales, strict=False):
        assert abs(exact(points, dual, bias).values[0]) == pytest.approx(scale * top, rel=1e-11)


@pytest.mark.parametrize(("bias", "rank"), CASES)
def test_threads_change_nothing(bias, rank):
    x, nu = instance(9, 20, rank, bias)
    starts = random_starts(x, 30, np.random.default_rng(5), bias)
    for one, three in (
        [exact(x, nu, bias, threads=t) for t in (1, 3)],
        [search(x, nu, bias, *starts, threads=t) for t in (1, 3)],
    ):
        assert np.array_equal(one.values, three.values)
        assert np.array_equal(one.weights, three.weights)
        assert np.array_equal(one.biases, three.biases)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_points_on_a_grid(data):
    bias, rank = data.draw(st.sampled_from(CASES))
    n = data.draw(st.integers(rank + 1, 6 if rank == 3 else 8))
    whole = st.integers(-2, 2)
    x = np.array(data.draw(st.lists(st.lists(whole, min_size=rank, max_size=rank), min_size=n, max_size=n)), float)
    nu = np.array(data.draw(st.lists(whole, min_size=n, max_size=n)), float)
    if bias == "free":
        nu[-1] -= nu.sum()
    atoms = exact(x, nu, bias)
    check_atoms(atoms, x, nu, bias)
    assert sampled(x, nu, bias, 600) <= abs(atoms.values[0]) + 1e-12 * np.abs(nu).sum()
    starts = random_starts(x, 200, np.random.default_rng(0), bias)
    found = search(x, nu, bias, *starts)
    assume(len(found.values) > 0)
    check_atoms(found, x, nu, bias)
    assert abs(found.values[0]) <= abs(atoms.values[0]) + 1e-12 * np.abs(nu).sum()


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("rank", [2, 3])
def test_regular_grid(bias, rank):
    x = np.array(list(itertools.product(np.linspace(-1, 1, 3), repeat=rank)))
    rng = np.random.default_rng(10)
    for dual in (rng.standard_normal(len(x)), rng.integers(-2, 3, len(x)).astype(float)):
        nu = dual - dual.mean() if bias == "free" else dual
        atoms = exact(x, nu, bias)
        found = search(x, nu, bias, *random_starts(x, 400, rng, bias))
        assert sampled(x, nu, bias) <= abs(atoms.values[0]) * (1 + 1e-12)
        assert abs(found.values[0]) == pytest.approx(abs(atoms.values[0]), rel=1e-9)


@pytest.mark.parametrize(("bias", "rank"), CASES)
def test_degenerate_data(bias, rank):
    zero = exact(np.ones((4, rank)), np.zeros(4), bias)
    assert zero.values.tolist() == [0.0]
    assert zero.weights.shape == (1, rank)
    one = np.full((1, rank), 2.0)
    if bias == "free":
        assert exact(one, np.zeros(1), bias).values.tolist() == [0.0]
        assert exact(np.ones((2, rank)), np.array([1.0, -1.0]), bias).values.tolist() == [0.0]
    else:
        expected = -3.0 * np.sqrt(1 + 4 * rank)
        assert exact(one, np.array([-3.0]), bias).values[0] == pytest.approx(expected)
        assert exact(np.concatenate([one, one]), np.array([-1.0, -2.0]), bias).values[0] == pytest.approx(expected)
    assert search(one, np.zeros(1), bias, np.ones((2, rank)), np.zeros(2)).values.shape == (0,)


def test_two_points_are_their_distance():
    for rank in (1, 2, 3):
        x = np.zeros((2, rank))
        x[1, 0] = 0.75
        assert abs(exact(x, np.array([2.0, -2.0]), "free").values[0]) == pytest.approx(1.5)


def test_every_ridge_point_has_atoms():
    x, nu = instance(11, 40, 2, "free")
    atoms = exact(x, nu, "free", per_pivot=1)
    kinks = np.abs(x @ atoms.weights.T + atoms.biases) < 1e-12
    assert np.all(kinks.any(axis=0))
    more = exact(x, nu, "free", per_pivot=4)
    assert len(more.values) > len(atoms.values)
    assert more.values[0] == atoms.values[0]


def test_errors_name_the_argument():
    x, nu = instance(12, 5, 4, "free")
    with pytest.raises(ValueError, match="use search"):
        exact(x, nu, "free")
    with pytest.raises(ValueError, match="unbounded"):
        exact(x[:, :2], nu + 1, "free")
    with pytest.raises(ValueError, match="per_pivot"):
        exact(x[:, :2], nu, "free", per_pivot=0)
    with pytest.raises(ValueError, match="NaN"):
        exact(np.full((5, 2), np.nan), nu, "free")


def test_random_starts_have_unit_cost_and_meet_points():
    x, _ = instance(13, 30, 4, "free")
    for bias in ("free", "penalised"):
        weights, biases = random_starts(x, 9, np.random.default_rng(0), bias)
        assert np.allclose(cost(weights, biases, bias), 1)
        met = np.sum(np.abs(x @ weights.T + biases) < 1e-12, axis=0)
        assert met.tolist() == [1, 2, 3] * 3


@pytest.mark.parametrize("rank", [2, 3, 5])
@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_an_oracle_without_time_says_that_it_has_not_seen_all(rank, bias):
    x, nu = instance(0, 40, rank, bias)
    starts = random_starts(x, 20, np.random.default_rng(0), bias)
    late = search(x, nu, bias, *starts, deadline=0.0) if rank > 3 else exact(x, nu, bias, deadline=0.0)
    whole = search(x, nu, bias, *starts) if rank > 3 else exact(x, nu, bias)
    assert not late.complete
    assert late.values.size == 0
    assert whole.complete
    assert whole.largest > 0


@pytest.mark.slow
def test_ctrl_c_ends_an_oracle(interruptible):
    """In a process of its own; there the oracle would take hours."""
    child = interruptible("""if True:
        import numpy as np
        from minnorm.solve.pricing.oracle import exact
        x, nu = np.random.default_rng(0).normal(size=(4000, 3)), np.tile([1.0, -1.0], 2000)
        print("ready", flush=True)
        exact(x, nu, "free")
    """)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in child.communicate(timeout=100)[1]


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_an_ascent_of_one_sign_or_of_few_steps_goes_up_from_its_start(bias):
    """Each atom that is reached belongs to a start that had its sign and no larger |h|."""
    rng = np.random.default_rng(6)
    x, nu = rng.normal(size=(300, 5)), rng.normal(size=300)
    nu -= nu.mean()
    for k in range(8):
        w, b = random_starts(x, 1, np.random.default_rng(k), bias)
        before = float(nu @ np.maximum(x @ w[0] + b[0], 0))
        heights = [abs(before)]
        for steps in (2, 6, 1000):
            found = search(x, nu, bias, w, b, both=False, max_iterations=steps)
            assert found.values.size == 1
            assert found.values[0] * before > 0
            heights.append(found.largest)
        assert np.all(np.diff(heights) >= -1e-12)
        whole = search(x, nu, bias, w, b)
        assert np.min(np.abs(whole.values - found.values[0])) <= 1e-12
