"""A menu of examples to begin with."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import param

from minnorm.explore.page.controls import Controls
from minnorm.explore.page.state import State

_NONE = "choose one"


def examples(
    state: State,
    which: Mapping[str, Mapping[str, Any]],
    names: Collection[str],
    *,
    say: Callable[[str], None],
    **layout: Any,
) -> Controls:
    """A menu that sets the parameters of a state `names` to those of an example, or to their defaults.

    `which`: for each example what it has that is not the default.
    """

    class Choice(State):
        example = param.Selector(default=_NONE, objects=[_NONE, *which], label="Example")

    choice = Choice()

    def take(event: Any) -> None:
        if event.new != _NONE:
            wanted = {name: which[event.new].get(name, state.param[name].default) for name in names}
            state.param.update(wanted)
            choice.example = _NONE

    choice.param.watch(take, "example")
    return Controls.of(choice, ["example"], say=say, **{"margin": (0, 0, 10, 0), **layout})
