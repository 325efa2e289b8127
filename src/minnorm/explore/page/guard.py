"""What the server answers: the routes that the page needs, to those who ask for it by its own name."""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.util import check_allowlist
from bokeh.util.token import get_token_payload
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import RequestHandler

from minnorm.explore.page.app import VIEWS

_VIEW = "|".join(title.lower() for title in VIEWS)
_SOCKET = re.compile(rf"/(?:{_VIEW})/ws")
_ROUTES = re.compile(
    rf"""/ | /favicon\.ico | /(?:{_VIEW})(?:/ws)?
    | /static/js/bokeh[\w-]*\.min\.js
    | /static/extensions/panel/(?!.*\.\.)[\w@%^./-]+\.(?:js|css)
    | /components/minnorm\.explore\.[\w.]+/\w+/_stylesheets/\w+\.css""",
    re.VERBOSE,
)
"""Views, their websockets, and the scripts and styles that they load. The framework has more, which are not served."""

_REASONS = {
    400: "This is no request of the page.",
    403: "A page of another address may not use this one.",
    404: "There is nothing here.",
    405: "Only GET is answered here.",
    421: "This server does not go by that name. If a proxy passes on another one, give it with --origin host:port.",
}


class Guard(Router):
    """Passes requests on to an application, or answers them with a page that says why not.

    `names`: as which "host:port" this server is reached, in lower case, perhaps with wildcards.
    """

    def __init__(self, application: Any, names: Collection[str]) -> None:
        self._application, self._names = application, names

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        """Who answers a request: the application, or `Refused`."""
        status = self._refusal(request)
        if status is None:
            return self._application.find_handler(request)
        return self._application.get_handler_delegate(request, Refused, {"status": status})

    def _refusal(self, request: HTTPServerRequest) -> int | None:
        headers = request.headers
        if not self._is_name(headers.get("Host", "")):
            return 421
        if not _ROUTES.fullmatch(request.path):
            return 404
        if request.method != "GET":
            return 405
        if any(name.startswith("bokeh-") for name in (*request.arguments, *map(str.lower, headers))):
            return 400  # of sessions that are made elsewhere
        if not _SOCKET.fullmatch(request.path):
            return None
        if not self._is_name(urlsplit(headers.get("Origin", "")).netloc):
            return 403
        return None if _is_session(headers.get("Sec-WebSocket-Protocol", "")) else 400

    def _is_name(self, name: str) -> bool:
        return bool(name) and check_allowlist(name.lower(), [*self._names])


class Refused(RequestHandler):
    """A small page that says why there is no other."""

    def initialize(self, status: int) -> None:
        """Remember what to say."""
        self._status = status

    def prepare(self) -> None:
        """Answer, whatever the method."""
        self.write_error(self._status)

    def write_error(self, status_code: int, **_: Any) -> None:
        """The page; the framework asks for it where it does not know the method."""
        self.set_status(self._status)
        if self._status == 405:
            self.set_header("Allow", "GET")
        self.finish(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{self._status} · minnorm</title>'
            '<meta name="color-scheme" content="light dark"><style>body {font: 1rem sans-serif; margin: 2rem}</style>'
            f'<h1>{self._status}</h1><p>{_REASONS[self._status]}</p><p><a href="/">The page</a></p></html>'
        )


def _is_session(protocols: str) -> bool:
    """Whether a websocket names a session as the page's script does: "bokeh, TOKEN"."""
    try:
        name, token = (part.strip() for part in protocols.split(","))
        return name == "bokeh" and "session_expiry" in get_token_payload(token)
    except Exception:  # whatever is wrong with a token that is none
        return False
