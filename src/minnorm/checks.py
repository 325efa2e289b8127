"""What comes in from outside: each kind of argument is checked by one function, whose error is one line of advice."""

import difflib
import functools
import inspect
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from numbers import Real
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

LEAST_LAM = 1e-300  # the least lam > 0
_LONGEST = 80  # characters of a value in a message
_EXACT = 2**53  # whole numbers beyond it may have no float64
_DATES = ("datetime", "date", "time", "timedelta", "Timestamp", "Timedelta", "Period", "NaTType")
_MISSING = ("NoneType", "NAType")


def shown(value: Any) -> str:
    """A value as a message says it: one short line, a NumPy scalar as the Python number or string that it holds.

    >>> shown(np.str_("fre")), shown(10**400), shown(np.zeros((3, 2)))
    ("'fre'", 'a whole number of 401 digits', 'an array of shape (3, 2)')
    """
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f"a whole number of {math.floor(math.log10(abs(value))) + 1} digits"
    try:
        text = repr(value)
    except Exception:  # somebody else's, about which nothing is known
        text = "\n"
    return f"of type {type(value).__name__}" if "\n" in text or len(text) > _LONGEST else text


def choice(name: str, value: Any, allowed: Iterable[str]) -> Any:
    """One of the words allowed, as a plain string."""
    words = tuple(allowed)
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{name} is {shown(value)}; choose one of {', '.join(words)}")
    return str(value)


def real(name: str, value: Any, wanted: str, fits: Callable[[float], bool] = math.isfinite) -> float:
    """A number that fits, as a plain float; ValueError, asking for what is `wanted`, for others, bools and strings."""
    found = _number(value)
    if found is None or not fits(found):
        raise ValueError(f"{name} is {shown(value)}; give {wanted}")
    return found


def _number(value: Any) -> float | None:
    """A scalar of any library as a float; None for what is not a number."""
    if isinstance(value, bool | np.bool_):
        return None
    if not isinstance(value, Real | Decimal):
        try:
            value = np.asarray(value)
        except Exception:  # somebody else's conversion
            return None
        if value.ndim != 0 or value.dtype.kind not in "iuf":
            return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None


def several(values: Any) -> npt.NDArray[np.float64]:
    """A number, or a list of numbers, as an array with at least one axis; one NaN for anything else, bools too."""
    try:
        found = np.atleast_1d(numbers(values, "values"))
        entries = np.ravel(np.asarray(values, dtype=object)).tolist()
    except ValueError:
        return np.array([np.nan])
    return np.array([np.nan]) if any(isinstance(entry, bool | np.bool_) for entry in entries) else found


def strength(name: str, value: Any) -> float:
    """A lam: 0, or from where on nothing that is divided by it leaves float64's range."""
    others = "; path takes several" if name == "lam" and isinstance(value, list | tuple | np.ndarray) else ""
    lam = real(name, value, f"a finite number >= 0 (0 interpolates){others}", lambda lam: 0 <= lam < math.inf)
    if 0 < lam < LEAST_LAM:
        raise ValueError(f"{name} is {lam}; give 0, which interpolates, or a number from {LEAST_LAM:g} up")
    return lam


def whole(name: str, value: Any, least: int, most: int = 2**63 - 1, wanted: str = "") -> int:
    """A whole number from `least` to `most`, as a plain int; 3.0 is one, True is none."""
    found = _number(value)
    if found is None or not found.is_integer() or not least <= int(value) <= most:
        bound = f"from {least} to {most}" if found is not None and most < found < math.inf else f">= {least}"
        raise ValueError(f"{name} is {shown(value)}; give {wanted or f'a whole number {bound}'}")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {shown(value)}; give True or False")
    return bool(value)


def instance(name: str, value: Any, kinds: type | tuple[type, ...], wanted: str) -> Any:
    """The value, if it is of one of these kinds."""
    if not isinstance(value, kinds):
        raise ValueError(f"{name} is {shown(value)}; give {wanted}")
    return value


def function(name: str, value: Any, wanted: str, count: int = 1) -> Any:
    """The value, if it can be called with so many arguments."""
    fits = callable(value) and not isinstance(value, type)
    if fits:
        try:
            inspect.signature(value).bind(*[None] * count)
        except TypeError:
            fits = False
        except ValueError:  # some functions do not say what they take
            pass
    if not fits:
        raise ValueError(f"{name} is {shown(value)}; give {wanted}")
    return value


Call = TypeVar("Call", bound=Callable[..., Any])
_ELSEWHERE = {  # what the estimators and other libraries call options
    "alpha": "lam",
    "weight_decay": "lam",
    "tol": "tolerance",
    "max_time": "time_limit",
    "random_state": "seed",
}


def suggesting(call: Call) -> Call:
    """The function, whose error for a misspelt option names the one that was meant.

    >>> @suggesting
    ... def solve(*, tolerance=1e-6): ...
    >>> solve(tolernace=1e-3)
    Traceback (most recent call last):
    TypeError: solve() got an unexpected keyword argument 'tolernace'; did you mean 'tolerance'?
    """
    names = list(inspect.signature(call).parameters)

    @functools.wraps(call)
    def checked(*given: Any, **options: Any) -> Any:
        for name in options:
            if name not in names:
                same = _ELSEWHERE.get(name)
                near = [same] if same in names else difflib.get_close_matches(name, names, 1)
                other = f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(names)}"
                raise TypeError(f"{call.__name__}() got an unexpected keyword argument {name!r}{other}")
        return call(*given, **options)

    return cast(Call, checked)


def optional(check: Callable[..., Any], name: str, value: Any, *rest: Any) -> Any:
    """None, or what a check makes of the value."""
    return None if value is None else check(name, value, *rest)


def check_points(points: Any, name: str = "points") -> Float[np.ndarray, "n d"]:
    """`points` as a new float64 array (n, d); ValueError unless n, d >= 1 and all entries are finite."""
    x = numbers(points, name)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] == 0:
        raise ValueError(f"{name} has shape {x.shape}; give (n, d) or (n,) with at least one point")
    reject_not_finite(x, name)
    return x


def check_values(values: Any, name: str = "values") -> Float[np.ndarray, " n"]:
    """`values` (n,) or one column (n, 1) as a new float64 array (n,); ValueError unless all entries are finite."""
    y = numbers(values, name)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        raise ValueError(f"{name} has shape {y.shape}; give one value for each point, shape (n,)")
    reject_not_finite(y, name)
    return y


def reject_not_finite(array: np.ndarray, name: str) -> None:
    """ValueError, with the first place, for NaN and infinities."""
    bad = ~np.isfinite(array)
    if np.any(bad):
        row = int(np.argwhere(bad)[0][0]) if array.ndim else 0
        raise ValueError(
            f"{name} has {int(bad.sum())} NaN or infinite entries, the first {array[bad][0]} in row {row}; "
            "remove or impute them"
        )


def numbers(array: Any, name: str) -> npt.NDArray[np.float64]:
    """Real numbers as a new float64 array of the same shape; missing entries become NaN.

    Bools are 0 and 1. Errors: ValueError, with the remedy, for what would be misread: masked entries, dates, strings,
    complex numbers, sparse matrices, rows of different lengths, numbers that float64 can't hold.
    """
    reject_masked(array, name)
    raw = _raw(array, name)
    kind = raw.dtype.kind
    if kind == "O":
        return _from_objects(raw, name)
    reject_misread(raw, name)
    if kind in "SU":
        raise ValueError(_words(name, raw.reshape(-1)[0] if raw.size else ""))
    if kind == "c":
        raise ValueError(f"{name} is complex; give real numbers")
    if kind not in "biuf" and raw.dtype != _bfloat(raw):
        raise ValueError(f"{name} is not an array of numbers (dtype {raw.dtype}); convert it to floats")
    with np.errstate(over="ignore"):
        found = np.array(raw, dtype=np.float64)
    if kind == "f" and raw.dtype.itemsize > 8 and np.any(np.isinf(found) & ~np.isinf(raw)):
        raise ValueError(f"{name} has numbers beyond the range of float64; rescale them")
    return found


def reject_masked(array: Any, name: str) -> None:
    """ValueError for masked entries: whatever is below the mask is not data."""
    if isinstance(array, np.ma.MaskedArray) and np.any(masked := np.ma.getmaskarray(array)):
        row = int(np.argwhere(masked)[0][0]) if masked.ndim else 0
        raise ValueError(
            f"{name} has {int(masked.sum())} masked entries, the first in row {row}; drop those points, or fill them "
            "in with .filled(...)"
        )


def reject_misread(raw: np.ndarray, name: str) -> None:
    """ValueError for what NumPy converts to float64 without a word: dates, and whole numbers that lose digits."""
    if raw.dtype.kind in "mM":
        raise ValueError(_dates(name, str(raw.dtype)))
    if raw.dtype.kind in "iu":
        large = (raw > _EXACT) | (raw < -_EXACT)
        _reject_inexact([int(entry) for entry in raw[large]], name)


def _bfloat(raw: np.ndarray) -> Any:
    """The type of short floats that other libraries bring, which NumPy does not count among the floats."""
    return raw.dtype if raw.dtype.kind == "V" and "float" in raw.dtype.name else None


def _raw(array: Any, name: str) -> np.ndarray:
    """What NumPy makes of it, if nothing gets lost in that."""
    if hasattr(array, "tocsr") and hasattr(array, "toarray"):
        raise ValueError(f"{name} is a sparse matrix; give {name}.toarray()")
    if isinstance(array, dict | set | frozenset | str | bytes) or (
        hasattr(array, "__next__")
        or callable(array)
        or not (hasattr(array, "__len__") or hasattr(array, "__array__") or np.ndim(array) == 0)
    ):
        if isinstance(array, str | bytes):
            raise ValueError(_words(name, array))
        raise ValueError(f"{name} is {shown(array)}; give an array of numbers")
    try:
        return np.asarray(array)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths; give (n, d) or (n,)") from None
    except Exception as error:  # somebody else's conversion
        raise ValueError(f"{name} is {shown(array)}, which is not an array of numbers ({_line(error)})") from None


def _from_objects(raw: np.ndarray, name: str) -> npt.NDArray[np.float64]:
    """Python's and other libraries' numbers, one by one."""
    found = np.empty(raw.size)
    wholes = []
    for k, entry in enumerate(raw.reshape(-1).tolist()):
        word = type(entry).__name__
        if word in _MISSING:
            found[k] = np.nan
            continue
        if word in _DATES or isinstance(entry, np.datetime64 | np.timedelta64):
            raise ValueError(_dates(name, word))
        if isinstance(entry, str | bytes):
            raise ValueError(_words(name, entry))
        if isinstance(entry, complex | np.complexfloating):
            raise ValueError(f"{name} is complex; give real numbers")
        if isinstance(entry, list | tuple | np.ndarray):
            raise ValueError(f"{name} has rows of different lengths; give (n, d) or (n,)")
        try:
            found[k] = float(entry)
        except OverflowError:
            raise ValueError(f"{name} has numbers beyond the range of float64; rescale them") from None
        except Exception:  # somebody else's conversion
            raise ValueError(
                f"{name} is not an array of numbers (dtype object, entry {shown(entry)}); convert it to floats"
            ) from None
        if isinstance(entry, int) and abs(entry) > _EXACT:
            wholes.append(entry)
    _reject_inexact(wholes, name)
    return found.reshape(raw.shape)


def _reject_inexact(wholes: list[int], name: str) -> None:
    for entry in wholes:
        if int(float(entry)) != entry:
            raise ValueError(
                f"{name} has the whole number {entry}, which float64 cannot hold; subtract a common offset, or "
                "convert to floats yourself if the last digits do not matter"
            )


def _dates(name: str, kind: str) -> str:
    return (
        f"{name} holds dates or durations ({kind}), whose numbers depend on the unit; convert them in a unit of your "
        'choice, as (t - t[0]) / np.timedelta64(1, "D")'
    )


def _words(name: str, entry: Any) -> str:
    wanted = "give -1 and 1; MinNormClassifier takes names" if name == "labels" else "convert it to floats"
    return f"{name} is not an array of numbers (it holds the text {shown(entry)}); {wanted}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST]
