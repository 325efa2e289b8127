"""What can be taken from a view: its figure as PNG or SVG, its numbers as CSV, and the code that finds them."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import panel as pn
import param
from panel.custom import JSComponent

from minnorm import plot
from minnorm.explore.view import View

_HERE = Path(__file__).parent


class Code(JSComponent):
    """A block of Python with a button that copies it."""

    code = param.String(default="")

    _esm = _HERE / "export.js"
    _stylesheets: ClassVar[Any] = [_HERE / "export.css"]


def exports(view: View, title: str, style: str, say: Callable[[str], None]) -> tuple[Any, Callable[[], None]]:
    """The bar with everything, and a function to call when the view's state has changed."""
    code = Code(sizing_mode="stretch_width")

    def refresh() -> None:
        code.code = view.code()

    def file(make: Callable[[], bytes]) -> Callable[[], io.BytesIO | None]:
        def called() -> io.BytesIO | None:
            try:
                return io.BytesIO(make())
            except ValueError as error:
                say(str(error))
                return None

        return called

    buttons = [
        pn.widgets.FileDownload(
            callback=file(make),
            filename=f"minnorm-{title.lower()}.{kind}",
            label=kind.upper(),
            button_type="default",
            width=80,
            margin=(4, 8, 4, 0),
        )
        for kind, make in {
            "png": lambda: picture(view, "png", style),
            "svg": lambda: picture(view, "svg", style),
            "csv": lambda: view.table().to_csv(index=False).encode(),
        }.items()
    ]
    refresh()
    return pn.Column(pn.Row(*buttons), code, sizing_mode="stretch_width"), refresh


def picture(view: View, kind: str, style: str) -> bytes:
    """The view's figure in a style of `minnorm.plot`, as a file's content."""
    buffer = io.BytesIO()
    with plot.plot_style(style):
        plot.save(view.figure(), buffer, kind)
    return buffer.getvalue()
