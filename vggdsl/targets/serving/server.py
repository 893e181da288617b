"""Connections, by uvicorn: each has its time, and there are so many at the most."""

import asyncio
import json
import logging
import socket
from typing import Any

from vggdsl.targets.serving.limits import Limits
from vggdsl.text.packages import needed

with needed():
    from starlette.applications import Starlette
    from uvicorn import Config, Server
    from uvicorn.protocols.http.h11_impl import H11Protocol

_FAREWELL = 5
"""Seconds that requests have to end in when the server ends."""
_IDLE = 5
"""Seconds that a connection is kept for another request."""


class _Patient(H11Protocol):
    """Ends connections on which no whole head of a request comes in time, and those that are too many."""

    limits: Limits
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._wait_no_more()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        body = json.dumps({"code": "no_http", "message": msg}).encode()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def _wait(self) -> None:
        self._wait_no_more()
        self._timer = self.loop.call_later(self.limits.patience, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket, and its address as a URL; port 0 is any that is free. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.create_server((host, port), family=family, backlog=1024)
    return opened, f"http://{f'[{host}]' if ':' in host else host}:{opened.getsockname()[1]}/"


def serve(app: Starlette, opened: socket.socket, limits: Limits) -> None:
    """Until a signal comes, which is raised again once all that was begun is answered, or a few seconds are over."""
    config = Config(
        app,
        http=type("Patient", (_Patient,), {"limits": limits}),
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=_FAREWELL,
    )
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of forms that clients write wrongly
    Server(config).run([opened])
