"""`minnorm explore`: the interactive page."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from minnorm.cli.options import Json, whole
from minnorm.cli.show import print_json, say


def explore(
    store: Annotated[Path | None, typer.Argument(help="Directory of a study, for the view Atlas.")] = None,
    port: Annotated[
        int | None, typer.Option(parser=whole, help="Port; 0: any free one; default: 5006 or the next free one.")
    ] = None,
    address: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    origin: Annotated[
        list[str] | None, typer.Option(help="One more host:port under which browsers come, e.g. of a proxy.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    static: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page that needs no server to this file, and end.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The interactive page: see, drag and train; ends with Ctrl-C.

    Example: `minnorm explore`

    Example: `minnorm explore results --port 8080 --no-browser`

    Example: `minnorm explore --static page.html`
    """
    if static is not None:
        _write(static, store, as_json)
        return
    try:
        import panel  # noqa: F401
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the page needs {error.name}, which is not installed; pip install 'minnorm[explore]' installs it"
        ) from None
    if store is not None and not store.is_dir():
        raise ValueError(f"store is {store}, which is not a directory; give that of a study")
    from minnorm.explore.page import background
    from minnorm.explore.page.server import open_server

    server, url = open_server(store, port=port, address=address, origins=origin or ())
    print_json({"url": url, "address": address, "port": server.port}) if as_json else print(url)
    sys.stdout.flush()
    say("Ctrl-C ends it.")
    if browser:
        import webbrowser

        server.io_loop.call_later(
            0.1, lambda: webbrowser.open(url) or say("no browser was found; open the address above")
        )
    server.start()
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        say("ended")
    finally:
        server.stop()
        background.end()


def _write(path: Path, store: Path | None, as_json: bool) -> None:
    """The page that needs no server."""
    if store is not None:
        raise ValueError(f"store is {store}, but a page without a server has no view Atlas; leave one of the two out")
    from minnorm import atomic
    from minnorm.explore.static.page import static_page

    content = static_page().encode()
    atomic.write(path, content)
    print_json({"page": str(path), "bytes": len(content)}) if as_json else print(path)
