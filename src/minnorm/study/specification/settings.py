"""What a study sets of training and of solving, validated by itself."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model, field_validator

from minnorm import losses
from minnorm.activation import Activation
from minnorm.study.specification.places import unknown
from minnorm.study.specification.strict import NotNegative, Positive, Seed, Strict
from minnorm.training import AXES, INITIALISATIONS, OPTIMIZERS, SCHEDULES
from minnorm.training.choice import options

OPTIMAL = "optimal"
"""The initialisation that draws neurons from the measure of the task's exact interpolant."""


class PenaltySpec(Strict):
    """Options of `PathNorm`."""

    bias: Annotated[
        Literal["free", "penalised"], BeforeValidator(lambda word: "penalised" if word == "penalized" else word)
    ] = "free"
    skip: Literal["none", "free"] = "none"
    offset: Literal["free", "none"] = "free"
    activation: Annotated[str, AfterValidator(lambda word: str(Activation.of(word)))] = "relu"


def _loss(word: str) -> str:
    """The word of a loss, as `minnorm.losses` spells it."""
    return str(losses.of(word))


_HELD_TO: dict[str, Any] = {
    "options": dict[str, NotNegative] | None,
    "width": Annotated[int, Field(ge=1)],
    "steps": Annotated[int, Field(ge=0)],
    "batch_size": Annotated[int | None, Field(ge=1)],
    "penalty": PenaltySpec,
    "loss": Annotated[str, AfterValidator(_loss)],
    "settled": Annotated[float | None, Field(gt=0, lt=1)],
}
"""What a study file is held to beyond the type that `Choice` has."""

if TYPE_CHECKING:

    class _Chosen(Strict):
        def __getattr__(self, name: str) -> Any: ...

else:
    _Chosen = create_model(
        "_Chosen",
        __base__=Strict,
        **{name: (_HELD_TO.get(name, kind), default) for name, (kind, default) in options().items()}
        | {"penalty": (PenaltySpec, PenaltySpec())},
    )


class TrainSpec(_Chosen):
    """Arguments of `minnorm.train` that a study may set: all of `Choice`, and axes; `seed` stands for its `seeds`."""

    learning_rate: Positive | Annotated[list[Positive], Field(min_length=1)] = 1e-3
    weight_decay: NotNegative | Annotated[list[NotNegative], Field(min_length=1)] = 0.0
    scale: NotNegative | Annotated[list[NotNegative], Field(min_length=1)] = 1.0
    seed: Annotated[int, Field(ge=1)] | Annotated[list[Seed], Field(min_length=1)] = 1
    records: int = Field(default=60, ge=1)

    @field_validator("optimizer")
    @classmethod
    def _known_optimizer(cls, name: str) -> str:
        return one_of(name, OPTIMIZERS)

    @field_validator("schedule")
    @classmethod
    def _known_schedule(cls, name: str) -> str:
        return one_of(name, SCHEDULES)

    @field_validator("initial")
    @classmethod
    def _known_initialisation(cls, name: str) -> str:
        return one_of(name, [*INITIALISATIONS, OPTIMAL])

    @field_validator(*AXES)
    @classmethod
    def _each_once(cls, values: Any) -> Any:
        return _distinct(values)

    @property
    def networks(self) -> int:
        """How many networks the axes make."""
        sizes = [len(values) if isinstance(values, list) else 1 for values in (getattr(self, axis) for axis in AXES)]
        return math.prod(sizes) * (self.seed if isinstance(self.seed, int) else 1)


class SolveSpec(Strict):
    """What the certified solver is asked: each lam on the task's points, or on the law of their radii."""

    lam: NotNegative | Annotated[list[NotNegative], Field(min_length=1)] = 0.0
    method: Literal["points", "radii"] = "points"
    penalty: PenaltySpec = PenaltySpec()
    loss: Annotated[str, AfterValidator(_loss)] = "squared"

    @field_validator("lam")
    @classmethod
    def _each_once(cls, values: Any) -> Any:
        return _distinct(values)


def _distinct(values: Any) -> Any:
    if isinstance(values, list) and len(set(values)) < len(values):
        raise ValueError(f"{values} has a value twice; each may appear once")
    return values


def one_of(name: str, allowed: Iterable[str]) -> str:
    """The name, if it is known; ValueError with the nearest one that is."""
    if name not in allowed:
        raise ValueError(unknown(name, allowed))
    return name
