"""The server: who may reach the page, on which port, and how it ends."""

import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from panel.io.logging import panel_log_handler
from panel.io.server import get_server
from tornado.web import RedirectHandler
from tornado.websocket import WebSocketClosedError

from minnorm.explore.page.app import VIEWS, pages
from minnorm.explore.page.guard import Guard
from minnorm.explore.page.upload import MOST_BYTES

PORT = 5006
"""The port, if it is free; else the next free one."""

_HERE = ("localhost", "127.0.0.1", "[::1]")
_TRIED = 50  # ports after it
_IDLE = 60_000  # milliseconds after which a session that nobody looks at is given up


def open_server(
    store: Path | None = None,
    *,
    port: int | None = None,
    address: str = "127.0.0.1",
    origins: Sequence[str] = (),
) -> tuple[Any, str]:
    """A server that listens, not started yet, and the URL of its page.

    Arguments: `store`, the directory of a study for the view Atlas, which then opens first; `port`, 0 for any free one,
    None for 5006 or the next free one; `address`, where to listen, by default to this machine only; `origins`, more
    names "host:port" under which browsers reach it, behind a proxy for example. Whatever is asked for under another
    name is refused (421), and whatever the page does not need is not there (404). Errors: ValueError for a port or an
    address that cannot be had.
    """
    port = _free_port(address, port)
    names = [f"{name}:{port}" for name in _names(address)]
    first = next(iter(VIEWS)) if store is None else "Atlas"
    server = get_server(
        pages(store),
        port=port,
        address=address,
        websocket_origin=[*(name for name in names if not name.startswith("[")), *origins],  # those it cannot parse
        start=False,
        show=False,
        verbose=False,
        extra_patterns=[("/", RedirectHandler, {"url": f"/{first.lower()}", "permanent": False})],
        use_index=False,
        websocket_max_message_size=4 * MOST_BYTES,
        unused_session_lifetime=_IDLE,
        check_unused_sessions=_IDLE // 4,
    )
    allowed = server._tornado.websocket_origins
    allowed.update(name.lower() for name in (*names, *allowed))
    server._http.request_callback = Guard(server._tornado, allowed)
    _quiet(server.io_loop)
    return server, f"http://{names[0]}/"


def _quiet(loop: Any) -> None:
    """A reader who leaves in the middle of an answer is no event; what is one goes to standard error."""
    panel_log_handler.setStream(sys.stderr)
    for name in ("bokeh.server.views.ws", "panel.io.document"):
        logging.getLogger(name).setLevel(logging.ERROR)
    loop.asyncio_loop.set_exception_handler(_report)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), WebSocketClosedError):
        loop.default_exception_handler(context)


def _names(address: str) -> list[str]:
    """The names under which browsers may reach an address: itself; all of this machine's if it stands for all."""
    try:
        found = ip_address(address)
    except ValueError:
        return [address, *_HERE]
    if found.is_unspecified:
        addresses = sorted(str(entry[4][0]) for entry in _known_addresses())
        return list(dict.fromkeys([socket.gethostname(), socket.getfqdn(), *_HERE, *addresses]))
    return list(dict.fromkeys([f"[{address}]" if found.version == 6 else address, *_HERE]))


def _known_addresses() -> list[Any]:
    try:
        return socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        return []


def _free_port(address: str, port: int | None) -> int:
    """The port, or a free one; ValueError if it is taken."""
    if port is not None and not 0 <= port < 1 << 16:
        raise ValueError(f"port is {port}; give a number from 0 (any free one) to 65535")
    tried = range(PORT, PORT + _TRIED) if port is None else [port]
    refused: OSError | None = None
    for one in tried:
        try:
            with socket.create_server((address, one), family=_family(address)) as found:
                return found.getsockname()[1]
        except OSError as error:
            refused = error
    if port is None:
        raise ValueError(f"no port from {PORT} to {PORT + _TRIED - 1} is free on {address}: {refused}; give --port")
    raise ValueError(f"port is {port}, which cannot be had on {address}: {refused}; give another one, or 0 for any")


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
