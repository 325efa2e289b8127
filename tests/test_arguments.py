"""One wrong argument at a time: one line names it, its value and what to give. `tests/fuzz/arguments.py` tries all."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import minnorm as mn

X, Y = [0.0, 1.0, 2.0], [0.0, 1.0, 0.0]
SOLUTION = mn.known.line(X, Y)
NET, BUMP = SOLUTION.network, mn.known.radial_bump(3)
PLANE = mn.ShallowReLU(np.eye(2), np.zeros(2), np.ones(2), np.array(0.0))
BROKEN = copy.copy(PLANE)
object.__setattr__(BROKEN, "biases", np.zeros(3))  # behind the back of type checks
SPACE = mn.interpolate([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], Y)
MASKED, TABLE = np.ma.array([1, 2], mask=[0, 1]), xr.Dataset({"a": ("b", [1.0])})
GAPS, LEVELS = [(0.0, 1.0)], [1.0, 0.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mn.interpolate(X, Y, penalty="free"), "penalty is 'free'; give a PathNorm"),
        (lambda: mn.interpolate(X, Y, penalty=mn.PathNorm), "penalty is <class .*; give a PathNorm"),
        (lambda: mn.interpolate(X, Y, time_limit="3"), "time_limit is '3'; give seconds >= 0"),
        (lambda: mn.interpolate(X, Y, tolerance="1e-6"), "tolerance is '1e-6'; give a relative gap"),
        (lambda: mn.interpolate(X, Y, tolerance=True), "tolerance is True; give a relative gap"),
        (lambda: mn.interpolate(X, Y, seed=10**400), "seed is a whole number of 401 digits; give a whole number >= 0"),
        (lambda: mn.interpolate(X, Y, certify="no"), "certify is 'no'; give True or False"),
        (lambda: mn.interpolate(X, Y, progress=print()), None),
        (lambda: mn.interpolate(X, Y, progress=lambda done: None), "progress is <function .*; give a function of"),
        (lambda: mn.interpolate(None, Y), r"X has shape \(\)"),
        (lambda: mn.fit(X, Y, lam=np.array([0.1, 0.2])), r"lam is an array of shape \(2,\); give a finite number"),
        (lambda: mn.fit(X, Y, lam=[0.1, 0.2]), r"lam is \[0.1, 0.2\]; give a finite number .*; path takes several"),
        (lambda: mn.separate(X, ["a"] * len(X)), r"the text 'a'\); give -1 and 1; MinNormClassifier takes names"),
        (lambda: mn.fit(X, Y, lam=10**400), "lam is a whole number of 401 digits"),
        (lambda: mn.path(X, Y, lams=["a", "b"]), r"lams is \['a', 'b'\]; give a sequence of finite numbers"),
        (lambda: mn.path(X, Y, lams=[True]), r"lams is \[True\]; give a sequence"),
        (lambda: mn.path(X, Y, time_limit=-1), "time_limit is -1; give seconds >= 0"),
        (lambda: mn.band(X, Y, [[0.5, 1.0]]), "query has 2 columns and X has 1"),
        (lambda: mn.band(X, Y, "x"), r"query is not an array of numbers \(it holds the text 'x'\)"),
        (lambda: mn.lam_max(X, Y, seed=None), "seed is None; give a whole number"),
        (lambda: mn.verify(X, Y, None), "solution is None; give a Solution"),
        (lambda: mn.verify(X, Y, NET), "solution is of type ShallowReLU; give a Solution"),
        (lambda: mn.verify(X, Y, SOLUTION, tolerance="small"), "tolerance is 'small'"),
        (lambda: mn.train(X, Y, optimizer=None), "optimizer is None; choose one of gd, sgd"),
        (lambda: mn.train(X, Y, optimizer=["adam"]), r"optimizer is \['adam'\]; choose one of"),
        (lambda: mn.train(X, Y, learning_rate=True), "learning_rate is True; give a finite number > 0"),
        (lambda: mn.train(X, Y, options=3), "options is 3; give a dictionary of numbers"),
        (lambda: mn.train(X, Y, antisymmetric="no"), "antisymmetric is 'no'; give True or False"),
        (lambda: mn.train(X, Y, checkpoint=SOLUTION), "checkpoint.save is .*; give an object with load"),
        (lambda: mn.measure.path_norm(SOLUTION), "network is a Solution; give its .network"),
        (lambda: mn.measure.knots(3), "network is 3; give a ShallowReLU"),
        (lambda: mn.measure.path_norm(BROKEN), "network has arrays that do not fit together: .*biases"),
        (lambda: mn.measure.path_norm(NET, "free"), "penalty is 'free'; give a PathNorm"),
        (lambda: mn.measure.norm_ratio(NET, "1"), "minimum is '1'; give a positive finite number"),
        (lambda: mn.measure.l2_distance(NET, 3, X), "g is 3; give a ShallowReLU, or a function"),
        (lambda: mn.measure.l2_distance(PLANE, NET, X), "f takes points of dimension 2, and points has 1 columns"),
        (lambda: mn.measure.distances(NET, NET, [X]), "regions is .*; give a dictionary of points"),
        (lambda: mn.measure.directions(3, 10**400), "count is a whole number of 401 digits; give an even number"),
        (lambda: mn.measure.best_stretch(Y, X, np.exp, bracket=None), "bracket is None; give .least, largest."),
        (lambda: mn.known.line(X, Y, "free"), "penalty is 'free'; give a PathNorm"),
        (lambda: mn.known.line(None, Y), r"x has shape \(\)"),
        (lambda: mn.known.line_solutions(X, Y, 3), "penalty is 3; give a PathNorm"),
        (lambda: mn.known.line_path(X, Y).at("a"), "lam is 'a'; give a finite number >= 0"),
        (lambda: mn.known.denoiser(X, None), "radius is None; give a finite number > 0"),
        (lambda: mn.known.radial_bump("3"), "dim is '3'; give a positive whole number"),
        (lambda: mn.known.radial_bump(3, outer=None), "outer is None; give a number >= 1.001"),
        (lambda: BUMP.stretch("2"), "factor is '2'; give a finite number > 0"),
        (lambda: BUMP.profile("r"), r"r is not an array of numbers \(it holds the text 'r'\)"),
        (lambda: mn.known.radial_fit(X, Y, 3, lam=[0.1]), r"lam is \[0.1\]; give a finite number"),
        (lambda: mn.known.radial_shells(3, None, LEVELS), "gaps is None; give intervals"),
        (lambda: mn.known.radial_shells(3, GAPS, "ab"), "levels is 'ab'; give 2 finite numbers"),
        (lambda: mn.known.radial_target(3, GAPS, None), "pieces is None; give a list of 2 polynomials"),
        (lambda: list(mn.known.radial_norms(3)), r"dims is 3; give whole numbers, as range\(1, 17\)"),
        (lambda: mn.plot_certificate(X, Y, NET), "solution is of type ShallowReLU; give a Solution"),
        (lambda: mn.plot_line(X, Y, others=[np.exp]), "others is .*; give a dictionary of functions"),
        (lambda: mn.plot_line(X, Y, ax=3), "ax is 3; give 1 matplotlib axes"),
        (lambda: mn.plot_radial(NET), "f is of type ShallowReLU; give what known.radial_bump"),
        (lambda: mn.plot_path(3), "path is 3; give what minnorm.path returned"),
        (lambda: mn.plot_gap([1.0]), r"history is \[1.0\]; give a list of .seconds, value, lower bound."),
        (lambda: mn.plot_trajectories({"a": 3}), r"runs\['a'\] is 3; give what minnorm.train returned"),
        (lambda: mn.Solution.load(3), "path is 3; give the name of a file"),
        (lambda: mn.Solution.from_dataset(3), "data is 3; give a dataset"),
        (lambda: NET.merge("a"), "tolerance is 'a'; give a number >= 0"),
        (lambda: NET.balance(with_bias="a"), "with_bias is 'a'; give True or False"),
        (lambda: mn.ShallowReLU.from_dict([1]), r"parts is \[1\]; give a dictionary of arrays"),
        (lambda: mn.ShallowReLU.from_state_dict(None), "state is None; give a state dict"),
        (lambda: mn.fit(X, Y, 1e-320), "lam is 1e-320; give 0, which interpolates, or a number from 1e-300 up"),
        (lambda: mn.path(X, Y, [1.0, 1e-320]), "lams is 1e-320; give 0"),
        (lambda: mn.known.radial_fit(X, Y, 3, lam=1e-320), "lam is 1e-320; give 0"),
        (lambda: mn.MinNormRegressor(1e-320).fit([[0.0], [1.0]], [0.0, 1.0]), "alpha is 1e-320; give 0"),
        (lambda: mn.MinNormRegressor().fit(TABLE, [0.0]), "X is .*, which is not an array of numbers"),
        (lambda: mn.MinNormRegressor().fit([[10**400]], [0.0]), "X has numbers beyond the range of float64"),
        (lambda: mn.MinNormRegressor().fit([[0.0], [1.0]], np.array(["a", "b"])), "y is not an array of numbers"),
        (lambda: mn.MinNormRegressorCV(cv=NET).fit([[0.0], [1.0]], Y[:2]), "cv is of type ShallowReLU; give a number"),
        (lambda: mn.fit(1e-320 * np.arange(3), Y, 0.1), "X is of the size 1e-320 and y of 1e.0: .* rescale them"),
        (lambda: mn.verify(X, Y, SPACE), "points has 1 columns and the solution's network takes 2"),
        (lambda: list(mn.known.radial_norms(np.array(3))), "dims is 3; give whole numbers"),
        (lambda: list(mn.known.radial_norms(MASKED)), "dims has 1 masked entries"),
        (lambda: mn.known.radial_target(3, GAPS, np.array(3.0)), "pieces is 3.0; give a list of 2 polynomials"),
        (lambda: mn.known.denoiser([-1e300, 1e300], 0.1), "clean has entries up to 1e.300; rescale them"),
        (lambda: mn.plot_line(X, Y, PLANE), "solution takes points of dimension 2; plot_line draws"),
        (lambda: PLANE(np.zeros(3)), r"x has shape .3,.; this network takes one point, .2,."),
        (lambda: mn.Problem(X, Y, weights=2), r"^weights has shape \(\); give 3 numbers"),
        (lambda: mn.fit(X, Y, 0.1, sample_weight=2), r"^sample_weight has shape \(\); give 3 numbers"),
        (lambda: NET.evaluate([["a"]]), r"points is not an array of numbers \(it holds the text 'a'\)"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_argument_is_named_with_its_value_and_the_remedy(call, message):
    if message is None:
        call()
        return
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.slow
def test_all_functions_with_all_wrong_values():
    """The number of calls is fixed, and none has a limit in time."""
    script = Path(__file__).parent / "fuzz" / "arguments.py"
    done = subprocess.run([sys.executable, str(script), "--limit", "0"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^(\d+) of \1 calls", done.stdout, re.MULTILINE)
