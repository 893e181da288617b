"""What the browser loads, as it lies here."""

from pathlib import Path
from types import MappingProxyType

TYPES = MappingProxyType(
    {
        "css": "text/css; charset=utf-8",
        "html": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "json": "application/json",
        "svg": "image/svg+xml",
        "txt": "text/plain; charset=utf-8",
    }
)
"""What a file is, by the end of its name."""

_PLACE = 'data-engine="by_server"'
_OF_WORKER = ("by_worker.js", "worker.js")
_OF_SERVER = ("by_server.js",)


def static(engine: str) -> dict[str, bytes]:
    """The files by their names, with what asks the ``engine``: `by_server`, or `by_worker`."""
    folder = Path(__file__).parent
    others = _OF_WORKER if engine == "by_server" else _OF_SERVER
    found = {
        file.name: file.read_bytes()
        for file in sorted(folder.iterdir())
        if file.suffix.removeprefix(".") in TYPES and file.name not in others
    }
    found["index.html"] = found["index.html"].replace(_PLACE.encode(), f'data-engine="{engine}"'.encode())
    return found
