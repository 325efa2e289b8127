"""What would be misread is refused with one line that names the argument, the value and the remedy."""

import datetime
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import minnorm as mn
from minnorm.checks import check_points, check_values, choice, flag, real, shown, whole

DATES = pd.to_datetime(pd.Series(["2020-01-01", None, "2020-01-03"]))
MASKED = np.ma.array([1.0, -999.0, 2.0], mask=[False, True, False])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (MASKED, r"X has 1 masked entries, the first in row 1; drop those points, or fill them"),
        (np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]]), "X has 1 masked entries, the first in row 1"),
        (DATES, r"X holds dates or durations \(datetime64.*\(t - t\[0\]\) / np.timedelta64\(1, \"D\"\)"),
        (np.array(["2020-01-01", "NaT"], dtype="M8[D]"), "X holds dates or durations"),
        (np.array([1, 2], dtype="m8[s]"), "X holds dates or durations"),
        (pd.DataFrame({"a": [1, 2], "t": pd.date_range("2020", periods=2)}), r"X holds dates or durations \(Timestamp"),
        ([datetime.date(2020, 1, 1)], r"X holds dates or durations \(date\)"),
        ([pd.NaT, 1.0], r"X holds dates or durations \(NaTType\)"),
        (pd.Series([1, None, 3], dtype="Int64"), "X has 1 NaN or infinite entries, the first nan in row 1"),
        (pd.Series(["a", "b"]), r"X is not an array of numbers \(it holds the text 'a'\); convert it to floats"),
        (["1", "2"], r"X is not an array of numbers \(it holds the text '1'\)"),
        (np.array([b"1"]), r"X is not an array of numbers \(it holds the text b'1'\)"),
        (scipy.sparse.csr_matrix(np.eye(2)), r"X is a sparse matrix; give X.toarray\(\)"),
        (scipy.sparse.coo_array(np.eye(2)), r"X is a sparse matrix; give X.toarray\(\)"),
        ([2**53 + 1, 1], r"X has the whole number 9007199254740993, which float64 cannot hold; subtract"),
        (np.array([2**63 + 1], dtype=np.uint64), "X has the whole number 9223372036854775809, which float64 cannot"),
        ([10**30 + 1, 0.5, None], "X has the whole number 10{29}1, which float64 cannot hold"),
        ([10**400, 1], "X has numbers beyond the range of float64; rescale"),
        (np.longdouble([1e300]) * np.longdouble(1e300), "X has numbers beyond the range of float64"),
        ({0: 1.0}, "X is {0: 1.0}; give an array of numbers"),
        ((k for k in range(3)), "X is <generator .*; give an array of numbers"),
        (np.zeros(2, dtype="i4,f4"), "X is not an array of numbers .*; convert it"),
        ([1.0, [2.0, 3.0]], "X has rows of different lengths"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_what_would_be_misread_is_refused(array, message):
    with pytest.raises(ValueError, match=message) as error:
        check_points(array, "X")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.ma.array([1.0, 2.0]), [1, 2]),
        (pd.Series([3, 4], dtype="Int64"), [3, 4]),
        ([True, False], [1, 0]),
        ([Decimal("1.5"), Fraction(1, 4)], [1.5, 0.25]),
        ([2**60, 2**53], [2**60, 2**53]),
        (np.array([2**60, 1]), [2**60, 1]),
        (range(3), [0, 1, 2]),
        (np.float16([0.5]), [0.5]),
        (np.array([[1.0], [2.0]]), [1, 2]),
        (pd.DataFrame({"y": [1.0, 2.0]}), [1, 2]),
    ],
    ids=str,
)
def test_numbers_of_every_kind_are_labels(array, values):
    np.testing.assert_array_equal(check_values(array), values)


def test_a_column_of_labels_is_taken_by_every_entry():
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [1.0], [0.0]])
    flat = mn.interpolate(x, y[:, 0])
    assert mn.interpolate(x, y).value == flat.value == mn.known.line(x, y).value
    assert mn.verify(x, y, flat) == flat.certificate
    assert mn.lam_max(x, y) == mn.lam_max(x, y[:, 0])


@pytest.mark.parametrize("fit", [mn.MinNormRegressor().fit, mn.MinNormRegressorCV().fit, mn.interpolate])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (DATES, [1.0, 2.0, 3.0], "X holds dates"),
        ([[1.0], [2.0], [3.0]], MASKED, "y has 1 masked"),
        (MASKED[:, None], [1.0, 2.0, 3.0], "X has 1 masked"),
        (np.array([[2**53 + 1], [1], [2]]), [1.0, 2.0, 3.0], "X has the whole number 9007199254740993"),
    ],
)
def test_estimators_misread_nothing_either(fit, x, y, message):
    x = x.to_frame() if isinstance(x, pd.Series) else x
    with pytest.raises(ValueError, match=message):
        fit(x, y)


def test_scalars_become_plain():
    assert type(choice("bias", np.str_("free"), ("free",))) is str
    assert type(real("lam", np.float32(0.5), "")) is float
    assert type(real("lam", np.array(2), "")) is float
    assert type(whole("seed", np.int64(3), 0)) is int
    assert type(whole("seed", 3.0, 0)) is int
    assert flag("certify", np.bool_(True)) is True


@pytest.mark.parametrize("value", [True, "3", None, 10**400, np.array([3.0]), 1j, np.nan, Decimal("NaN"), "x\ny", {}])
def test_what_is_no_number_is_refused_in_one_line(value):
    for check in (
        lambda: real("it", value, "a number"),
        lambda: whole("it", value, 0),
        lambda: choice("it", value, ("a", "b")),
    ):
        with pytest.raises(ValueError, match=r"it is .*; (give|choose)") as error:
            check()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 150


def test_a_value_is_shown_on_one_line():
    class Odd:
        def __repr__(self):
            raise RuntimeError

    assert [shown(v) for v in (Odd(), "x\n", "y" * 100, -(10**400))] == [
        "of type Odd",
        r"'x\n'",
        "of type str",
        "a whole number of 401 digits",
    ]


def test_penalized_is_understood():
    assert mn.PathNorm(bias="penalized") == mn.PathNorm(bias="penalised")
    assert mn.MinNormRegressor(bias="penalized", skip="free").fit([[0.0], [1.0]], [0.0, 1.0]).value_ == 0


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_strings_of_numpy_are_plain_in_what_is_saved(tmp_path):
    x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    penalty = mn.PathNorm(*(np.str_(word) for word in ("penalised", "free", "free")))
    assert penalty == mn.PathNorm("penalised", "free", "free")
    solution = mn.interpolate(x, y, penalty=penalty)
    solution.save(tmp_path / "solution.nc")
    assert mn.Solution.load(tmp_path / "solution.nc").penalty == penalty
    mn.path(x, y, [0.1], penalty=penalty).to_netcdf(tmp_path / "path.nc", engine="h5netcdf")
    words = ("optimizer", "adam"), ("initial", "pytorch"), ("schedule", "cosine"), ("dtype", "float64")
    named = {name: np.str_(word) for name, word in words}
    runs = mn.train(x, y, penalty=penalty, width=4, steps=2, decay=np.str_("coupled"), biases=np.str_("zero"), **named)
    runs.to_netcdf(tmp_path / "runs.nc", engine="h5netcdf")
    estimator = mn.MinNormRegressor(bias=np.str_("free"), skip=np.str_("free")).fit(np.array(x)[:, None], y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.solution_.save(tmp_path / "estimator.nc")
