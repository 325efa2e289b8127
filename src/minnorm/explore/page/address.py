"""The state in the address bar and in the browser's history, and the messages at the top."""

from pathlib import Path

import param
from panel.custom import JSComponent

_HERE = Path(__file__).parent


class Address(JSComponent):
    """Writes the state to the address, a gesture an entry of the history, and shows messages.

    `told` has the `query`, all of the state, the `search`, what of it goes into the address, and whether it came about
    by a `gesture` of the reader. When the reader goes back or forth, `wanted` says to which query; `restored` counts
    those that have been answered.
    """

    told = param.Dict(default={"query": "", "search": "", "gesture": False})
    message = param.String("")
    wanted = param.Dict(default={})
    restored = param.Integer(0)

    _esm = _HERE / "address.js"
