"""The page by a server on this machine: files that ship, and answers by this Python."""

import json
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import urlsplit

from vggdsl.page.engine import answer_json
from vggdsl.page.examples import examples
from vggdsl.page.static import TYPES, static

LOOPBACK = "127.0.0.1"
_LARGEST = 2**20
"""Bytes of a question: of a text that is too long the engine says so."""
_PATIENCE = 10
"""Seconds in which a request has to come."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Server(ThreadingHTTPServer):
    """Listens on the loopback address. Raises ``OSError`` where the port is taken; 0 is any that is free."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.port: int = self.socket.getsockname()[1]
        self.hosts = {f"{name}:{self.port}" for name in (LOOPBACK, "localhost")}
        self.answering = Lock()
        """One at a time: parsers and caches are shared."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is no matter."""


@cache
def _files() -> dict[str, bytes]:
    return {**static("by_server"), "examples.json": json.dumps(examples()).encode()}


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    disable_nagle_algorithm = True  # else the system holds an answer back behind its head, for 40 ms
    server_version, sys_version = "vggdsl", ""

    def do_GET(self) -> None:
        if not self._is_asked_here():
            return
        name = urlsplit(self.path).path.removeprefix("/") or "index.html"
        content = _files().get(name)
        if content is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such file")
        else:
            self._send(HTTPStatus.OK, TYPES[name.rpartition(".")[2]], content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.close_connection = True  # unless all of the body is read, the next request would begin in it
        if not self._is_asked_here() or not self._is_of_the_page():
            return
        if self.path != "/answer":
            self._refuse(HTTPStatus.NOT_FOUND, "questions go to /answer")
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a question says how long it is")
        elif len(length) > len(str(_LARGEST)) or int(length) > _LARGEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {_LARGEST:,} bytes")
        else:
            body = self.rfile.read(int(length))
            self.close_connection = False
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        try:
            with self.server.answering:
                answer = answer_json(body.decode())
        except (ValueError, RecursionError) as error:  # what is no JSON, nested too deep, or no question
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        else:
            self._send(HTTPStatus.OK, TYPES["json"], answer.encode())

    def _is_asked_here(self) -> bool:
        """Whether it was asked by this address: another site's name can be made to lead here, too."""
        if self.headers.get("Host") in self.server.hosts:
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"this is {self.server.url}")
        return False

    def _is_of_the_page(self) -> bool:
        """Whether the page asks: a browser lets no other site send JSON here without asking first."""
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self.server.hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "only the page itself may ask")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a question is JSON")
        else:
            return True
        return False

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, TYPES["txt"], why.encode("utf-8", "replace"))

    def _send(self, status: HTTPStatus, type: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is asked is nobody's business."""
