"""The page: one route for each view, its state in the URL, messages, exports."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module, resources
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import panel as pn
import param
from bokeh.themes import Theme as BokehTheme
from panel.custom import JSComponent
from panel.theme.base import DefaultTheme, Design

from minnorm.explore.page.export import Exports
from minnorm.explore.page.theme import DARK, LIGHT, Theme
from minnorm.explore.page.view import View, Visit

VIEWS: dict[str, str] = {
    "Line": "minnorm.explore.line.view:LineView",
    "Bump": "minnorm.explore.bump.view:BumpView",
    "Plane": "minnorm.explore.plane.view:PlaneView",
    "Atlas": "minnorm.explore.atlas.view:AtlasView",
}
"""The views by their titles, as module:class; the route of each is its title in lower case."""

_LONGEST = 16_000  # characters of a URL that browsers and servers take


class Address(JSComponent):
    """Writes the state to the address bar, without a new entry in the history, and shows messages."""

    search = param.String("")
    message = param.String("")

    _esm = """
    export function render({ model }) {
      let waiting;
      const address = () => {
        history.replaceState(history.state, "", model.search ? "?" + model.search : location.pathname);
      };
      model.on("search", () => { clearTimeout(waiting); waiting = setTimeout(address, 250); });
      const message = () => { document.getElementById("message").textContent = model.message; };
      model.on("message", message);
      message();
    }
    """


def pages(store: Path | None) -> dict[str, Any]:
    """What to serve: for each route a function that makes the page of a new session."""
    return {f"/{title.lower()}": _opening(title, store) for title in VIEWS}


def _opening(title: str, store: Path | None) -> Callable[[], pn.Template]:
    return lambda: page(title, store)


def page(title: str, store: Path | None) -> pn.Template:
    """The page of a view, for the session that is being opened."""
    document: Any = pn.state.curdoc
    query = {name: values[-1].decode(errors="replace") for name, values in (pn.state.session_args or {}).items()}
    theme = DARK if query.get("theme") == "dark" else LIGHT
    module, name = VIEWS[title].split(":")
    kind: type[View] = getattr(import_module(module), name)
    state, problems = kind.state_type.from_query(query)
    address = Address(visible=False)
    changed: list[Callable[[], None]] = []
    say = partial(setattr, address, "message")
    later = partial(_later, document, document.session_context)
    template = pn.Template(_read("page.html.jinja"), design=_design(theme))
    template.add_panel("address", address)
    try:
        view = kind(Visit(state, theme, store, say, later, lambda: changed[0]() if changed else None))
        content, bar = view.panel(), Exports.of(view, title, theme.name, say)
    except ValueError as error:
        content, bar = pn.pane.Str(""), pn.pane.Str("")
        say(str(error))
    else:
        fixed = {key: query[key] for key in ("theme",) if key in query}
        refresh = partial(bar.refresh, view)
        changed.append(refresh)

        def share(*_: Any) -> None:
            search = urlencode({**view.state.query(), **fixed}, quote_via=quote)
            address.search = search if len(search) <= _LONGEST else urlencode(fixed)
            refresh()

        view.state.param.watch(share, [key for key in view.state.param if key != "name"])
        document.on_session_destroyed(lambda _: view.close())
        say("\n".join([*problems, *address.message.splitlines()]))
    template.add_panel("view", content)
    template.add_panel("exports", bar)
    variables: Mapping[str, Any] = {
        "view": title,
        "views": {key.lower(): key for key in VIEWS},
        "theme": theme,
        "theme_chosen": "theme" in query,
        "style": _read("page.css"),
        "script": _read("hold.js"),
    }
    for key, value in variables.items():
        template.add_variable(key, value)
    return template


def _later(document: Any, session: Any, act: Callable[[], None]) -> None:
    """Do something in a session's thread; nothing if the reader has left."""
    if session is None or not session.destroyed:
        document.add_next_tick_callback(act)


def _read(name: str) -> str:
    return resources.files("minnorm.explore.page").joinpath(name).read_text("utf-8")


def _design(theme: Theme) -> type[Design]:
    """The look of what Panel draws."""

    class Colours(DefaultTheme):
        bokeh_theme = param.Parameter(BokehTheme(json=theme.bokeh()))

    class Look(Design):
        _themes: ClassVar[Any] = {"default": Colours}

    return Look
