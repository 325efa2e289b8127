"""A solution answers for its certificate, and a certificate for its numbers."""

import dataclasses
from typing import get_args

import numpy as np
import pytest
import xarray as xr

from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Certificate, Ending, Solution
from minnorm.solve.minimise import fit
from minnorm.verification import verify

X, Y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]


def certificate(**changes):
    sound = Certificate(value=4.0, lower_bound=4.0, dual_norm=1.0, residual=0.0, rounding=1e-12, scope="exact")
    return dataclasses.replace(sound, **changes)


@pytest.mark.parametrize(
    ("value", "lower", "gap"),
    [(4.0, 3.0, 0.25), (4e-9, 3e-9, 0.25), (4e-300, 3e-300, 0.25), (0.0, 0.0, 0.0), (np.inf, 3.0, np.inf)],
)
def test_the_gap_is_relative_to_the_value_and_nothing_else(value, lower, gap):
    assert certificate(value=value, lower_bound=lower).gap == pytest.approx(gap, rel=1e-12)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
@pytest.mark.parametrize("lam", [0.0, 1e-2])
def test_small_labels_do_not_make_a_wrong_claim_certified(factor, lam):
    """(value - bound) / max(1, |value|) would: for small labels it is an absolute gap."""
    x, y = np.array(X), factor * np.array(Y)
    right = line(x, y, certify=False)
    network = dataclasses.replace(right.network, outer_weights=1.1 * right.network.outer_weights)
    wrong = dataclasses.replace(right, network=network, lam=lam * factor)
    assert not verify(x, y, wrong).certified


@pytest.mark.parametrize(
    ("changes", "certified"),
    [
        ({}, True),
        ({"scope": "bounded"}, True),
        ({"scope": "searched"}, False),
        ({"lower_bound": 4 - 3.9e-6}, True),
        ({"lower_bound": 4 - 4.1e-6}, False),
        ({"lower_bound": 4 + 4.1e-6}, False),
        ({"lower_bound": 3.0, "tolerance": 0.3}, True),
        ({"residual": 2e-12}, False),
        ({"residual": 2e-12, "rounding": 1e-11}, True),
        ({"value": np.inf, "rounding": np.inf}, False),
        ({"value": np.nan}, False),
        ({"residual": np.nan}, False),
        ({"lower_bound": np.nan}, False),
    ],
)
def test_certified_needs_a_small_gap_a_small_residual_and_a_proof(changes, certified):
    assert certificate(**changes).certified == certified


def test_an_unverified_solution_claims_nothing():
    solution = line(X, Y, certify=False)
    assert not solution.certified
    for claim in ("value", "lower_bound", "gap"):
        with pytest.raises(ValueError, match=r"not been verified; minnorm\.verify\(X, y, solution\) does it"):
            getattr(solution, claim)


def test_a_verified_solution_says_what_its_certificate_says():
    found = verify(X, Y, line(X, Y, certify=False))
    solution = dataclasses.replace(line(X, Y, certify=False), certificate=found)
    assert (solution.value, solution.lower_bound, solution.gap) == (found.value, found.lower_bound, found.gap)
    assert solution.certified
    assert not dataclasses.replace(solution, certificate=certificate(lower_bound=0.0)).certified


def test_calling_a_solution_on_the_line_keeps_the_shape():
    solution = line(X, Y)
    for shape in [(), (1,), (5,), (5, 1), (2, 3), (0,)]:
        x = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
        found = solution(x)
        assert found.shape == ((5,) if shape == (5, 1) else shape)
        np.testing.assert_allclose(found.ravel(), 1 - np.abs(x.ravel()), atol=1e-15)


def test_calling_a_solution_in_the_plane_takes_its_points():
    net = ShallowReLU(np.array([[1.0, 2.0]]), np.array([0.5]), np.array([3.0]), np.array(1.0), np.array([0.0, -1.0]))
    solution = Solution(net, np.zeros(1), PathNorm(skip="free"))
    np.testing.assert_allclose(solution([[1.0, 1.0], [-2.0, 0.0]]), [10.5, 1.0])
    with pytest.raises(ValueError, match=r"takes \(n, 2\)"):
        solution([1.0, 1.0])


def solutions():
    hat = line(X, Y)
    net = ShallowReLU(np.array([[1.0, 2.0]]), np.array([0.5]), np.array([3.0]), np.array(1.0), np.array([0.0, -1.0]))
    constant = ShallowReLU(np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.array(2.0))
    return {
        "verified": hat,
        "unverified": line(X, Y, certify=False),
        "skip": Solution(net, np.array([0.5, -0.5]), PathNorm("penalised", "free", "none"), 0.1, certificate(), 7),
        "no residual condition": dataclasses.replace(hat, lam=0.1, certificate=certificate(rounding=np.inf)),
        "no bound": dataclasses.replace(hat, certificate=certificate(lower_bound=0.0, scope="searched")),
        "no neurons": Solution(constant, np.zeros(4)),
    }


@pytest.mark.parametrize("name", solutions())
def test_what_is_saved_comes_back_to_the_last_digit(name, tmp_path):
    solution = solutions()[name]
    solution.save(tmp_path / "s.nc")
    for found in (Solution.load(str(tmp_path / "s.nc")), Solution.from_dataset(solution.to_dataset())):
        parts, wanted = found.network.to_dict(), solution.network.to_dict()
        assert list(parts) == list(wanted)
        for part in wanted:
            np.testing.assert_array_equal(parts[part], wanted[part], strict=True)
        np.testing.assert_array_equal(found.dual, solution.dual, strict=True)
        assert (found.penalty, found.lam, found.rounds) == (solution.penalty, solution.lam, solution.rounds)
        assert found.certificate == solution.certificate
        assert found.certified is solution.certified


def test_saving_again_replaces_the_file(tmp_path):
    line(X, Y).save(tmp_path / "s.nc")
    line([0.0, 1.0], [0.0, 3.0]).save(tmp_path / "s.nc")
    assert Solution.load(tmp_path / "s.nc").value == 3.0


def test_a_loaded_solution_is_verified_from_the_data(tmp_path):
    line(X, Y).save(tmp_path / "s.nc")
    with xr.open_dataset(tmp_path / "s.nc", engine="h5netcdf") as data:
        changed = data.load().assign(outer_weights=0.5 * data["outer_weights"])
    claimed = Solution.from_dataset(changed)
    assert claimed.certified  # it was, then
    assert not verify(X, Y, claimed).certified


def test_what_is_no_solution_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.nc is not a file"):
        Solution.load(tmp_path / "nowhere.nc")
    (tmp_path / "text.nc").write_text("x,y")
    with pytest.raises(ValueError, match=r"text\.nc has no digest at its end.*; write it again"):
        Solution.load(tmp_path / "text.nc")
    good = line(X, Y).to_dataset()
    with pytest.raises(ValueError, match=r"not a solution; .*Solution\.to_dataset"):
        Solution.from_dataset(xr.Dataset())
    with pytest.raises(ValueError, match="format 99; this version reads 2"):
        Solution.from_dataset(good.assign_attrs(format=99))
    with pytest.raises(ValueError, match="lacks 'dual'"):
        Solution.from_dataset(good.drop_vars("dual"))
    with pytest.raises(ValueError, match="biases"):
        Solution.from_dataset(good.drop_vars("biases"))


@pytest.mark.parametrize("ending", get_args(Ending))
def test_why_the_solver_stopped_is_kept_with_the_solution(ending, tmp_path):
    dataclasses.replace(line(X, Y), ending=ending).save(tmp_path / "hat.nc")
    assert Solution.load(tmp_path / "hat.nc").ending == ending


@pytest.mark.parametrize("penalty", [PathNorm(), PathNorm("penalised", "free")])
def test_no_minimiser_is_farther_at_the_data_than_the_gap_allows(penalty):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(8, 2)), rng.normal(size=8)
    fine = fit(x, y, 0.02, penalty=penalty, tolerance=1e-9)
    for outer in (1.0, 0.999, 0.9, 0.0):
        net = dataclasses.replace(fine.network, outer_weights=outer * fine.network.outer_weights)
        rough = dataclasses.replace(fine, network=net)
        rough = dataclasses.replace(rough, certificate=verify(x, y, rough))
        distance = np.abs(rough(x) - fine(x))
        assert rough.data_error == pytest.approx(np.sqrt(16 * (rough.value - rough.lower_bound)), rel=1e-12)
        assert distance.max() <= rough.data_error + fine.data_error
        # The bound is of the root of the sum of squares, which it is within a small factor of here.
        assert outer > 0.95 or rough.data_error < 12 * np.linalg.norm(distance)


def test_the_bound_at_the_data_is_the_residual_of_an_interpolant_and_needs_a_proof():
    hat = line(X, Y)
    assert hat.data_error == hat.certificate.residual
    assert dataclasses.replace(hat, certificate=certificate(scope="searched")).data_error == np.inf
    with pytest.raises(ValueError, match="not been verified"):
        _ = line(X, Y, certify=False).data_error


def test_a_bounded_gap_is_told_from_a_searched_one(tmp_path):
    """A proven gap of 40 % is a proof, and no certificate, however good the search."""
    proof = certificate(scope="bounded", lower_bound=2.4, searched_bound=4.0 * (1 - 1e-9))
    assert not proof.certified
    assert proof.gap == pytest.approx(0.4)
    assert proof.searched_gap == pytest.approx(1e-9)
    assert certificate(lower_bound=3.0).searched_gap == 0.25
    solution = dataclasses.replace(line(X, Y), certificate=proof)
    assert "not certified, proven relative gap 4.0e-01, searched 1.0e-09" in repr(solution)
    solution.save(tmp_path / "kept.nc")
    assert Solution.load(tmp_path / "kept.nc").certificate == proof
    assert "searched_bound" not in line(X, Y).to_dataset().attrs
