"""The state of a view, and its image in the query of a URL."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import param

_BETWEEN = "~"  # numbers of a list; needs no escape in a URL


class Numbers(param.Parameter):
    """A parameter that is a tuple of finite floats, at most `most` of them."""

    __slots__ = ["most"]

    def __init__(self, default: Sequence[float] = (), *, most: int = 1000, **options: Any) -> None:
        super().__init__(default=tuple(default), **options)
        self.most = most

    def __set__(self, obj: Any, val: Any) -> None:
        """Take any sequence of numbers; ValueError for others, for too many and for what is not finite."""
        try:
            numbers = tuple(float(number) for number in val)
        except (TypeError, ValueError):
            raise ValueError(f"{self.name} is {val!r}; give a list of numbers") from None
        if len(numbers) > self.most:
            raise ValueError(f"{self.name} has {len(numbers)} numbers; give at most {self.most}")
        if not np.all(np.isfinite(numbers)):
            raise ValueError(f"{self.name} has NaN or infinite entries; remove them")
        super().__set__(obj, numbers)


class State(param.Parameterized):
    """The parameters of a view. Each is a part of the URL unless it has its default value.

    Parameters may be `param.Number`, `Integer`, `Boolean`, `Selector` of texts, `String`, and `Numbers`.

    >>> class Bump(State):
    ...     dim = param.Integer(3, bounds=(1, 64))
    ...     radii = Numbers([0.0, 1.0])
    >>> state, problems = Bump.from_query({"dim": "5", "radii": "0~0.5~2"})
    >>> state.dim, state.radii, state.query()
    (5, (0.0, 0.5, 2.0), {'dim': '5', 'radii': '0~0.5~2'})
    >>> Bump.from_query({"dim": "500"})[1]
    ["the URL has dim=500: Integer parameter 'Bump.dim' must be at most 64, not 500."]
    """

    def query(self) -> dict[str, str]:
        """What differs from the defaults, as texts."""
        return {
            name: _text(value)
            for name, value in self.param.values().items()
            if name != "name" and value != self.param[name].default
        }

    def restore(self, query: Mapping[str, str]) -> None:
        """Become what a query of `query` describes, what it does not name by default; ValueError if it is none."""
        self.param.update(
            {
                name: _value(self.param[name], query[name]) if name in query else self.param[name].default
                for name in self.param
                if name != "name"
            }
        )

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[Any, list[str]]:
        """The state that a query describes, and what is wrong with the query; there the default stays."""
        state, problems = cls(), []
        for name in state.param:
            if name == "name" or name not in query:
                continue
            try:
                setattr(state, name, _value(state.param[name], query[name]))
            except ValueError as error:
                text = query[name] if len(query[name]) <= 60 else query[name][:60] + "..."
                problems.append(f"the URL has {name}={text}: {error}")
        return state, problems


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return _BETWEEN.join(_text(number) for number in value)
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).replace("e+", "e")
    return str(value)


def _value(parameter: Any, text: str) -> Any:
    """The value of a parameter that `_text` wrote, or ValueError."""
    if isinstance(parameter, Numbers):
        return tuple(_number(part) for part in text.split(_BETWEEN) if part)
    if isinstance(parameter, param.Boolean):
        if text not in ("yes", "no"):
            raise ValueError("give yes or no")
        return text == "yes"
    if isinstance(parameter, param.Integer):
        try:
            return int(text)
        except ValueError:
            raise ValueError("give a whole number") from None
    if isinstance(parameter, param.Number):
        return _number(text)
    return text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
