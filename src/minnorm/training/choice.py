"""What may be chosen of a training run, said once: `train`, studies, files, the page and reports read it here.

A new option is a field here, and what it does where it acts.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from minnorm import losses
from minnorm.checks import choice, flag, instance, real, shown, whole
from minnorm.datasets import penalty_attributes
from minnorm.objective.norm import PathNorm
from minnorm.training.conventions import Convention
from minnorm.training.initial import INITIALISATIONS, Biases
from minnorm.training.optimizers import OPTIMIZERS, Decay, Optimizer
from minnorm.training.schedules import SCHEDULES

_SGD_BATCH = 32
_PLAIN = PathNorm()


class Unfit(ValueError):
    """A choice that another one, or the data, rule out: which, and why, for those who name the place themselves."""

    def __init__(self, place: tuple[str, ...], why: str, message: str) -> None:
        super().__init__(message)
        self.place, self.why = place, why


@dataclass(frozen=True)
class Rule:
    """How parameters move: the optimiser, its own options, where weight decay goes, and the learning rate's course.

    `convention`: whose rule of that name, with whose defaults.
    """

    optimizer: str = "adam"
    options: Mapping[str, float] | None = field(default=None, hash=False)
    decay: Decay | None = None
    schedule: str = "constant"
    convention: Convention = "own"

    def checked(self) -> "Rule":
        """With every default written out; ValueError for what is not allowed."""
        name = choice("optimizer", self.optimizer, OPTIMIZERS)
        convention: Convention = choice("convention", self.convention, get_args(Convention))
        known = OPTIMIZERS[name].conventions
        if convention not in known:
            why = f"{name} has no rule of that convention here; it has {', '.join(known)}"
            raise Unfit(("convention",), why, f"convention is {convention!r}; {why}")
        entry = OPTIMIZERS[name].under(convention)
        decay: Decay = entry.decay if self.decay is None else choice("decay", self.decay, get_args(Decay))
        if entry.gradient == "searched" and decay == "decoupled":
            why = f"{name} searches along lines for less of the objective, which is 'coupled'"
            raise Unfit(("decay",), why, f"decay is 'decoupled'; {why}")
        options = {**entry.options, **self._options(name, entry.options)}
        return Rule(name, options, decay, choice("schedule", self.schedule, SCHEDULES), convention)

    @property
    def entry(self) -> Optimizer:
        """The optimiser as its convention has it, if it is checked."""
        return OPTIMIZERS[self.optimizer].under(self.convention)

    @property
    def constants(self) -> Mapping[str, float]:
        """Its options: all of them, if it is checked."""
        return self.options or {}

    def _options(self, name: str, takes: Mapping[str, float]) -> dict[str, float]:
        if self.options is not None:
            instance("options", self.options, Mapping, "a dictionary of numbers, or None")
        given = {str(option): value for option, value in (self.options or {}).items()}
        unknown = sorted(set(given) - set(takes))
        if unknown:
            why = f"{name} does not take {unknown[0]!r}; it takes {', '.join(takes) or 'none'}"
            message = f"options has {unknown}, which {name} does not take; it takes {sorted(takes)}"
            raise Unfit(("options", unknown[0]), why, message)
        return {
            option: real(f"options[{option!r}]", value, "a finite number >= 0", lambda number: 0 <= number < np.inf)
            for option, value in given.items()
        }


@dataclass(frozen=True)
class Start:
    """From where: an initial law with its biases, perhaps of f = 0; or networks that are `given`."""

    initial: str = "xavier_uniform"
    biases: Biases = "uniform"
    antisymmetric: bool = False
    given: bool = False

    def checked(self) -> "Start":
        """ValueError for what is not allowed, and for a law beside networks that are given."""
        if self.given and self.initial == "given":
            return self
        for one in fields(self)[:3] if self.given else ():
            value = getattr(self, one.name)
            if shown(value) != shown(one.default):
                why = "start gives the networks; leave one of them out"
                raise Unfit((one.name,), why, f"{one.name} is {value!r}, but {why}")
        return Start(
            "given" if self.given else choice("initial", self.initial, INITIALISATIONS),
            choice("biases", self.biases, get_args(Biases)),
            flag("antisymmetric", self.antisymmetric),
            self.given,
        )


def _paid(word: Any) -> str:
    """The name of a loss that has slopes; ValueError for a constraint."""
    loss = losses.of(word)
    if isinstance(loss, losses.Constraint):
        soft = str(loss.softened)
        raise ValueError(f"loss is {loss}, a constraint, which has no slope to descend; train with loss {soft!r}")
    return str(loss)


@dataclass(frozen=True)
class Choice:
    """All that networks of one program share; the arguments of `train` of these names."""

    rule: Rule = Rule()
    start: Start = Start()
    width: int = 1000
    steps: int = 10_000
    batch_size: int | None = None
    dtype: Literal["float32", "float64"] = "float32"
    penalty: PathNorm = _PLAIN
    loss: str = "squared"
    """The name of a loss of `minnorm.losses`."""
    settled: float | None = None
    """Of the normalised margin, within which all networks stand still when training ends before its last step."""

    @staticmethod
    def of(**chosen: Any) -> "Choice":
        """From names and values, as `train` takes them.

        >>> Choice.of(optimizer="sgd", width=20, biases="zero").start
        Start(initial='xavier_uniform', biases='zero', antisymmetric=False, given=False)
        """
        rule, start = (
            {one.name: chosen.pop(one.name) for one in fields(part) if one.name in chosen} for part in (Rule, Start)
        )
        return Choice(Rule(**rule), Start(**start), **chosen)

    def checked(self, points: int) -> "Choice":
        """For so many points, with every default written out. Errors: ValueError naming the choice; `Unfit`."""
        rule, start = self.rule.checked(), self.start.checked()
        return replace(
            self,
            rule=rule,
            start=start,
            width=whole("width", self.width, 1, 2**31 - 1),
            steps=whole("steps", self.steps, 0, 2**31 - 1),
            batch_size=self._batch(rule.optimizer, points),
            dtype=choice("dtype", self.dtype, ("float32", "float64")),
            loss=_paid(self.loss),
            settled=self._settled(),
            penalty=PathNorm.of_all_columns(self.penalty, "train"),
        )

    def _settled(self) -> float | None:
        if self.settled is None:
            return None
        if losses.of(self.loss).argument != "margin":
            why = f"loss {self.loss} has no margin that could settle; use logistic, hinge or squared_hinge"
            raise Unfit(("settled",), why, f"settled is {shown(self.settled)}; {why}, or leave it out")
        return real("settled", self.settled, "a share between 0 and 1, or None", lambda share: 0 < share < 1)

    def _batch(self, optimizer: str, points: int) -> int | None:
        if self.batch_size is None:
            return usual_batch(optimizer, points)
        if OPTIMIZERS[optimizer].batch == "full":
            why = f"{optimizer} takes all data in each step"
            message = f"batch_size is {shown(self.batch_size)}; {why}: use sgd"
            raise Unfit(("batch_size",), f"{why}; leave it out, or use sgd", message)
        size = whole("batch_size", self.batch_size, 1)
        if size > points:
            message = f"batch_size is {size}, more than the {points} points; use None for all data"
            raise Unfit(("batch_size",), f"{size} is more than the {points} points of the task", message)
        return size

    def attributes(self, points: int) -> dict[str, Any]:
        """What a result says of a choice that is checked, in words and numbers that netCDF has."""
        return {
            "optimizer": self.rule.optimizer,
            "options": json.dumps(dict(self.rule.constants), sort_keys=True),
            "decay": self.rule.decay,
            "schedule": self.rule.schedule,
            **penalty_attributes(self.penalty),
            "initial": self.start.initial,
            "initial_biases": "given" if self.start.given else self.start.biases,
            "antisymmetric": int(self.start.antisymmetric),
            "width": self.width,
            "batch_size": self.batch_size or points,
            "full_batch": int(self.batch_size is None),
            "dtype": self.dtype,
            **({} if self.loss == "squared" else {"loss": self.loss}),
            **({} if self.rule.convention == "own" else {"convention": self.rule.convention}),
            **({} if self.settled is None else {"settled": self.settled}),
        }

    def flat(self) -> dict[str, Any]:
        """All values by the names of `train`."""
        each = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("rule", "start")}
        rule, start = ({one.name: getattr(part, one.name) for one in fields(part)} for part in (self.rule, self.start))
        return {**rule, **{name: value for name, value in start.items() if name != "given"}, **each}


def options() -> dict[str, tuple[Any, Any]]:
    """Type and default of everything that may be chosen, by the names of `train`; `start` of networks aside.

    >>> options()["width"], options()["biases"][1]
    ((<class 'int'>, 1000), 'uniform')
    """
    flat = [*fields(Rule), *fields(Start)[:-1], *fields(Choice)[2:]]
    assert all(one.default is not MISSING for one in flat)
    return {one.name: (one.type, one.default) for one in flat}


def columns(attributes: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """What a result's attributes say was chosen, by the names of `train`: columns of a table."""
    said = {
        "loss": "squared",
        "convention": "own",
        "settled": None,
        **attributes,
        "biases": attributes.get("initial_biases"),
        "steps": steps,
    }
    return {name: said[name] for name in options() if name in said}


def usual_batch(optimizer: str, points: int) -> int | None:
    """The points of a step of `train` without `batch_size`; None: all.

    >>> usual_batch("sgd", 100), usual_batch("adam", 100)
    (32, None)
    """
    return min(_SGD_BATCH, points) if OPTIMIZERS[optimizer].batch == "mini" else None
