"""The state in the address bar and in the browser's history, and the messages at the top."""

from pathlib import Path

import param
from panel.custom import JSComponent

_HERE = Path(__file__).parent


class Address(JSComponent):
    """Writes the state to the address, a gesture an entry of the history, and shows messages.

    `query` is all of the state, `search` what of it goes into the address. When the reader goes back or forth, `wanted`
    says to which query; `restored` counts those that have been answered.
    """

    query = param.String("")
    search = param.String("")
    message = param.String("")
    wanted = param.Dict(default={})
    restored = param.Integer(0)

    _esm = _HERE / "address.js"
