"""The server answers what the page needs, under its own names, and nothing else; each answer is a page."""

import re
import socket

import pytest

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture
def ask(server):
    """A function that sends a request and returns the status and the whole answer, or its head for a websocket."""
    port = int(server.url.rstrip("/").rsplit(":", 1)[1])

    def asked(path="/line", *, method="GET", host="127.0.0.1:PORT", more="Connection: close\r\n"):
        lines = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".replace("PORT", str(port))
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(lines.encode())
            answer = b""
            while b"101 Switching" not in answer and not answer.endswith(b"</html>"):
                if not (part := connection.recv(1 << 16)):
                    break
                answer += part
        assert b"Traceback" not in answer
        return int(answer.split()[1]), answer.decode("utf-8", "replace")

    return asked


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LOCALHOST:PORT", "[::1]:PORT"])
def test_the_names_of_this_machine_are_answered(ask, host):
    assert ask("/static/js/bokeh-gl.min.js", host=host)[0] == 200
    assert ask("/", host=host)[0] == 302


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:PORT",
        "localhost",
        "127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("path", ["/line", "/line/ws", "/static/js/bokeh.min.js", "/favicon.ico", "/elsewhere", "/"])
def test_foreign_names_are_refused_on_every_route(ask, host, path):
    status, page = ask(path, host=host)
    assert status == 421
    assert "give it with --origin" in page


@pytest.mark.parametrize(
    "path",
    [
        *("/elsewhere", "//line", "/line/", "/LINE", "/line/metadata", "/line/autoload.js?bokeh-autoload-element=1"),
        *(
            "/liveness",
            "/line/static/js/bokeh.min.js",
            "/static/",
            "/static/js/../x.js",
            "/static/extensions/a/../b.js",
        ),
        *("/components/json/JSONDecoder/css/a.css", "/components/minnorm.solution/Solution/_stylesheets/a.css", "*"),
    ],
)
def test_what_the_page_does_not_need_is_not_there(ask, path):
    status, page = ask(path)
    assert status == 404
    assert "<title>404 · minnorm</title>" in page
    assert '<a href="/">' in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_other_methods_are_refused(ask, method):
    for path in ("/line", "/line/ws", "/static/js/bokeh.min.js"):
        status, page = ask(path, method=method)
        assert status == 405
        assert "\r\nAllow: GET\r\n" in page


@pytest.mark.parametrize("query", ["bokeh-session-id=mine", "bokeh-token=mine"])
def test_sessions_that_are_made_elsewhere_are_refused(ask, query):
    assert ask(f"/line?{query}")[0] == 400
    assert ask("/line", more="Bokeh-Session-Id: mine\r\nConnection: close\r\n")[0] == 400


@pytest.mark.slow
def test_a_websocket_is_for_this_pages_script(ask):
    token = re.search(r'"token":"([^"]+)"', ask()[1])
    assert token is not None
    protocol = f"Sec-WebSocket-Protocol: bokeh, {token[1]}\r\n"
    origin = "Origin: http://127.0.0.1:PORT\r\n"
    for more, status in [
        (origin + protocol, 101),
        (protocol, 403),
        ("Origin: null\r\n" + protocol, 403),
        ("Origin: http://evil.example\r\n" + protocol, 403),
        ("Origin: http://127.0.0.1:1\r\n" + protocol, 403),
        (origin, 400),
        (origin + "Sec-WebSocket-Protocol: bokeh, AAAA\r\n", 400),
        (origin + "Sec-WebSocket-Protocol: other, " + token[1] + "\r\n", 400),
    ]:
        assert ask("/line/ws", more=UPGRADE + more)[0] == status, more
    assert ask("/line/ws", host="evil.example", more=UPGRADE + origin + protocol)[0] == 421
