"""The page: one route for each view, its state in the URL, messages, exports."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module, resources
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode

import panel as pn
import param
from bokeh.themes import Theme as BokehTheme
from panel.theme.base import DefaultTheme, Design

from minnorm.explore.page.address import Address
from minnorm.explore.page.export import Exports
from minnorm.explore.page.glossary import terms
from minnorm.explore.page.messages import Messages
from minnorm.explore.page.theme import DARK, LIGHT, Theme
from minnorm.explore.page.view import View, Visit

VIEWS: dict[str, str] = {
    "Line": "minnorm.explore.line.view:LineView",
    "Bump": "minnorm.explore.bump.view:BumpView",
    "Plane": "minnorm.explore.plane.view:PlaneView",
    "Regions": "minnorm.explore.regions.view:RegionsView",
    "Atlas": "minnorm.explore.atlas.view:AtlasView",
}
"""The views by their titles, as module:class; the route of each is its title in lower case."""

_LONGEST = 16_000  # characters of a URL that browsers and servers take


def pages(store: Path | None) -> dict[str, Any]:
    """What to serve: for each route a function that makes the page of a new session."""
    return {f"/{title.lower()}": _opening(title, store) for title in VIEWS}


def _opening(title: str, store: Path | None) -> Callable[[], pn.Template]:
    return lambda: page(title, store)


def page(title: str, store: Path | None) -> pn.Template:
    """The page of a view, for the session that is being opened."""
    document: Any = pn.state.curdoc
    query = {name: values[-1].decode(errors="replace") for name, values in (pn.state.session_args or {}).items()}
    theme = _theme_of(query)
    config: Any = pn.config
    config.theme, config.respect_explicit_sizing = "dark" if theme.dark else "default", True
    module, name = VIEWS[title].split(":")
    kind: type[View] = getattr(import_module(module), name)
    state, problems = kind.state_type.from_query(query)
    address = Address(visible=False)
    messages = Messages(partial(setattr, address, "message"))
    for problem in problems:
        messages.say(problem)
    changed: list[Callable[[], None]] = []
    later = _Later(document)
    template = pn.Template(_read("page.html.jinja"), design=_design(theme))
    template.add_panel("address", address)
    try:
        view = kind(Visit(state, theme, store, messages.say, later, lambda: changed[0]() if changed else None))
        content, bar = view.panel(), Exports.of(view, title, theme.name, messages.say)
    except ValueError as error:
        content, bar = pn.pane.Str(""), pn.pane.Str("")
        messages.say(str(error))
    else:
        refresh = partial(bar.refresh, view)
        changed.append(refresh)
        fixed = {key: query[key] for key in ("theme",) if key in query}

        def told(gesture: bool) -> dict[str, Any]:
            full = urlencode({**view.state.query(), **fixed}, quote_via=quote)
            short = full if len(full) <= _LONGEST else urlencode(fixed)
            return {"query": full, "search": short, "gesture": gesture}

        def share(*_: Any) -> None:
            address.told = told(gesture=not later.at_work)
            if not later.at_work:
                messages.heard()
            refresh()

        def restore(event: Any) -> None:
            try:
                view.state.restore(dict(parse_qsl(event.new["query"], keep_blank_values=True)))
            finally:
                address.restored = event.new["count"]

        address.told = told(gesture=False)
        address.param.watch(restore, "wanted")
        view.state.param.watch(share, [key for key in view.state.param if key != "name"])
        document.on_session_destroyed(lambda _: view.close())
    messages.opened()
    template.add_panel("view", content)
    template.add_panel("exports", bar)
    variables: Mapping[str, Any] = {
        "view": title,
        "views": {key.lower(): key for key in VIEWS},
        "hint": kind.hint,
        "drawers": kind.drawers,
        "theme": theme,
        "theme_chosen": "theme" in query,
        "style": _read("page.css"),
        "script": "".join(map(_read, ("repaint.js", "hold.js", "words.js"))),
        "terms": json.dumps(terms()).replace("<", "\\u003c"),
    }
    for key, value in variables.items():
        template.add_variable(key, value)
    return template


class _Later:
    """Does something in a session's thread; nothing if the reader has left. `at_work`: while it does."""

    def __init__(self, document: Any) -> None:
        self._document, self._session = document, document.session_context
        self.at_work = False

    def __call__(self, act: Callable[[], None]) -> None:
        if self._session is None or not self._session.destroyed:
            self._document.add_next_tick_callback(partial(self._do, act))

    def _do(self, act: Callable[[], None]) -> None:
        self.at_work = True
        try:
            act()
        finally:
            self.at_work = False


def _theme_of(query: Mapping[str, str]) -> Theme:
    """What the address says; else what the reader's browser was told by the page, or prefers."""
    cookies: Mapping[str, str] = pn.state.cookies or {}
    return DARK if query.get("theme", cookies.get("minnorm-theme")) == "dark" else LIGHT


def _read(name: str) -> str:
    return resources.files("minnorm.explore.page").joinpath(name).read_text("utf-8")


def _design(theme: Theme) -> type[Design]:
    """The look of what Panel draws."""

    class Colours(DefaultTheme):
        bokeh_theme = param.Parameter(BokehTheme(json=theme.bokeh()))

    class Look(Design):
        _themes: ClassVar[Any] = {"default": Colours}

    return Look
