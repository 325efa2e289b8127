"""Controls of a view: a form with a native control for each parameter of its state."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from minnorm.explore.page.glossary import term_of
from minnorm.explore.page.state import State

_HERE = Path(__file__).parent
_FEW, _SHORT = 3, 18  # options, and letters of them together, up to which all are shown


class Controls(JSComponent):
    """A form bound to a state both ways: `Controls.of(state, ["dim", "plateau"], say=visit.say)`.

    Labels and help come from the parameters' `label` and `doc`. A `param.Number` or `Integer` with `softbounds` is a
    slider with a field for exact entry (logarithmic if it is in `log`, with zero at the left end if the bounds allow
    it), without them a field; a `Selector`, or what has `choices`, labels and the values they stand for, has radio
    buttons for up to three short options, else a menu; a `Boolean` is a box. They are the browser's own, so labels,
    keyboard and screen readers work; what has changed is sent one request at a time. What the state refuses is said,
    and the old value comes back.
    """

    spec = param.List(default=[])
    title = param.String(default="")
    values = param.Dict(default={})
    request = param.Dict(default={})
    answered = param.Integer(default=0)

    _esm = _HERE / "controls.js"
    _stylesheets: ClassVar[Any] = [_HERE / "controls.css"]

    @classmethod
    def of(
        cls,
        state: State,
        names: Iterable[str],
        *,
        say: Callable[[str], None],
        log: Collection[str] = (),
        choices: Mapping[str, Mapping[str, Any]] | None = None,
        title: str = "",
        **layout: Any,
    ) -> "Controls":
        """The form for the named parameters, in this order, as wide as there is room."""
        layout = {"sizing_mode": "stretch_width", **layout}
        fields = [_Field(state, name, name in log, (choices or {}).get(name)) for name in names]
        made = cls(spec=[field.spec() for field in fields], title=title, **layout)

        def show(*_: Any) -> None:
            made.values = {field.name: field.shown() for field in fields}

        def take(event: Any) -> None:
            try:
                with param.parameterized.batch_call_watchers(state):
                    for field in fields:
                        if field.name in event.new["changes"]:
                            field.take(event.new["changes"][field.name])
            except ValueError as error:
                say(str(error))
            show()
            made.answered = event.new["number"]

        show()
        made.param.watch(take, "request")
        state.param.watch(show, [field.name for field in fields])
        return made


class _Field:
    """One parameter of a state and its control."""

    def __init__(self, state: State, name: str, log: bool, choices: Mapping[str, Any] | None) -> None:
        self.state, self.name, self.log = state, name, log
        self.parameter: Any = state.param[name]
        self.choices = dict(choices or {})
        if not self.choices and isinstance(self.parameter, param.Selector):
            self.choices = {str(label): value for label, value in self.parameter.get_range().items()}

    def spec(self) -> dict[str, Any]:
        """What the form has to know."""
        label = self.parameter.label
        known = {"name": self.name, "label": label, "help": self.parameter.doc or "", "term": term_of(label)}
        if self.choices:
            short = len(self.choices) <= _FEW and sum(map(len, self.choices)) <= _SHORT
            return known | {"kind": "radio" if short else "select", "options": list(self.choices)}
        if isinstance(self.parameter, param.Boolean):
            return known | {"kind": "checkbox"}
        step = self.parameter.step or (1 if isinstance(self.parameter, param.Integer) else None)
        if self.parameter.softbounds is None:
            return known | {"kind": "number", "step": step}
        low, high = self.parameter.softbounds
        zero = bool(self.parameter.bounds and self.parameter.bounds[0] == 0)
        kind = "log" if self.log else "range"
        return known | {"kind": kind, "min": low, "max": high, "step": step, "zero": zero}

    def shown(self) -> Any:
        """The value as the form shows it."""
        value = getattr(self.state, self.name)
        return next((label for label, one in self.choices.items() if one == value), value)

    def take(self, entered: Any) -> None:
        """What was entered becomes the state's; ValueError with the parameter's label if it is refused."""
        value = self.choices.get(entered, entered) if self.choices else entered
        if isinstance(self.parameter, param.Integer) and isinstance(value, float) and value.is_integer():
            value = int(value)
        elif isinstance(self.parameter, param.Number) and not isinstance(self.parameter, param.Integer):
            value = float(value)
        if isinstance(self.parameter, param.Number) and self.parameter.bounds is not None:
            low, high = self.parameter.bounds
            if not ((low is None or value >= low) and (high is None or value <= high)):
                limits = [f"at least {low:g}"] * (low is not None) + [f"at most {high:g}"] * (high is not None)
                raise ValueError(f"{self.parameter.label} is {value:g}; give a number {' and '.join(limits)}")
        setattr(self.state, self.name, value)
