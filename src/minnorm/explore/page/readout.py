"""Numbers under their names, as the views show them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from minnorm.explore.page.glossary import term_of

_HERE = Path(__file__).parent


class Readout(JSComponent):
    """A line of numbers; the first is the one that matters. `tell` changes them."""

    pairs = param.List(default=[])
    note = param.String(default="")

    _esm = _HERE / "readout.js"
    _stylesheets: ClassVar[Any] = [_HERE / "readout.css"]

    def __init__(self, **layout: Any) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", "margin": (4, 8), **layout})

    def tell(self, pairs: Sequence[tuple[str, Any]], note: str = "") -> None:
        """Names, each once, with their values, and a sentence below."""
        self.param.update(pairs=[[name, str(value), term_of(name)] for name, value in pairs], note=note)
