"""Serves an exported network over HTTP on this machine: an image is posted, the likeliest classes come back as JSON.

python serve.py mine.onnx --port 8000
curl --data-binary @image.png http://127.0.0.1:8000/
"""

import argparse
import json
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from vggdsl import VggdslError
from vggdsl.targets.predict import Predictor

LARGEST = 20_000_000
"""Bytes of an image; more are refused unread."""


def server(model: Path, port: int) -> ThreadingHTTPServer:
    """The server, which answers once it is told to; port 0 takes any that is free."""
    predictor = Predictor(model)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            try:
                length = int(self.headers.get("Content-Length") or 0)
            except ValueError:
                length = 0
            if not 0 < length <= LARGEST:
                self._answer(413 if length > LARGEST else 411, {"error": f"post an image of 1 to {LARGEST:,} bytes"})
                return
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "image"
                path.write_bytes(self.rfile.read(length))
                try:
                    (guesses,) = predictor([path], top=3)
                except VggdslError:
                    self._answer(400, {"error": "that is no image that can be read"})
                    return
            self._answer(200, {"top": [{"class": g.name, "probability": round(g.probability, 4)} for g in guesses]})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = (json.dumps(content) + "\n").encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing of each request."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    try:
        serving = server(given.model, given.port)
    except (VggdslError, OSError) as error:
        raise SystemExit(str(error)) from None
    print(f"http://127.0.0.1:{serving.server_port}/ names images; Ctrl-C ends it", flush=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        serving.server_close()


if __name__ == "__main__":
    main()
