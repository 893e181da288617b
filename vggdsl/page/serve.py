"""The page by a server on this machine: files that ship, and answers by this Python."""

import json
import sys
import traceback
from functools import cache
from http import HTTPStatus
from http.client import HTTP_PORT
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from vggdsl.page.engine import answer
from vggdsl.page.examples import examples
from vggdsl.page.questions import question
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
        self.hosts = _hosts(self.port)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is no matter."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()


def _hosts(port: int) -> set[str]:
    """What browsers call this server: they leave out the port of the web."""
    names = {LOOPBACK, "localhost"}
    return {f"{name}:{port}" for name in names} | (names if port == HTTP_PORT else set())


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
            asked = question(body.decode())
        except ValueError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        try:
            found = json.dumps(answer(asked)).encode()
        except Exception:  # else the page would be told nothing
            traceback.print_exc()
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "That is a mistake of vggdsl: its terminal shows which.")
        else:
            self._send(HTTPStatus.OK, TYPES["json"], found)

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
