"""What can be taken from a view: its figure as PNG or SVG, its numbers as CSV, and the code that finds them."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from minnorm import plot
from minnorm.explore.page.view import View

_HERE = Path(__file__).parent


class Exports(JSComponent):
    """Buttons for a view's files, and its code; `refresh` when the view's code has changed."""

    kinds = param.List(default=["png", "svg", "csv"])
    code = param.String(default="")
    wanted = param.Dict(default={})
    file = param.Dict(default={})

    _esm = _HERE / "export.js"
    _stylesheets: ClassVar[Any] = [_HERE / "export.css"]

    @classmethod
    def of(cls, view: View, title: str, style: str, say: Callable[[str], None]) -> "Exports":
        """The bar of a view, whose figures have this style of `minnorm.plot`; `say` takes what goes wrong."""
        made = cls(code=view.code(), sizing_mode="stretch_width")

        def take(event: Any) -> None:
            kind = event.new["kind"]
            try:
                content = base64.b64encode(exported(view, kind, style)).decode()
            except ValueError as error:
                say(str(error))
                return
            made.file = {"name": f"minnorm-{title.lower()}.{kind}", "content": content, "count": event.new["count"]}

        made.param.watch(take, "wanted")
        return made

    def refresh(self, view: View) -> None:
        """Show the code of the view as it is now."""
        self.code = view.code()


def exported(view: View, kind: str, style: str = "light") -> bytes:
    """The content of a file of a view: its figure (png, svg) in a style of `minnorm.plot`, or its table (csv).

    Errors: ValueError for other kinds, and what the view has to say.
    """
    if kind == "csv":
        return view.table().to_csv(index=False).encode()
    if kind not in ("png", "svg"):
        raise ValueError(f"kind is {kind!r}; choose one of png, svg, csv")
    buffer = io.BytesIO()
    with plot.plot_style(style):
        plot.save(view.figure(), buffer, kind)
    return buffer.getvalue()
