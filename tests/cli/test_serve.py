"""Images over HTTP: the answers of `predict`, by a server without PyTorch that nobody can bring down.

``HYPOTHESIS_PROFILE=thorough`` sends what is hostile for a minute.
"""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from commands import json_lines, run
from images import noise
from json_types import misfits
from load import ANSWERS, KINDS, Client, load
from models import write

from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.targets.predict import Predictor
from vggdsl.text.packages import PACKAGES

SECONDS, CLIENTS = (60, 200) if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else (1, 50)
GROWTH, SETTLED = 32_000_000, 15
"""Bytes that may stay, as the C library keeps some for each thread, and seconds until what was sent is given back."""
SERVING = """
import sys
from vggdsl.cli import main

try:
    main(sys.argv[1:], "vggdsl")
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
FORM = b'--b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n\r\n%b\r\n--b--\r\n'
FOR_SERVING = {"numpy", "onnxruntime", "PIL", "psutil"}


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    url: str
    model: Path
    image: Path

    def ask(self, body: bytes = b"", method: str = "POST", path: str = "/", **headers: str) -> tuple[int, str]:
        place = self.url.removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(place, timeout=60)
        try:
            connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def started(model: Path, *options: object, **env: str) -> "tuple[subprocess.Popen[str], str]":
    command = [sys.executable, "-c", SERVING, "serve", str(model), "--port", "0", *map(str, options)]
    env = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(model.parent)} | env  # else it is looked for
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().partition(" ")[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    model = write(folder / "m.onnx", [0.7, 0.2, 0.1, 0.0])
    noise(folder / "x.png", 7)
    process, url = started(model, "--patience", 1, "--waiting", 300)
    try:
        yield Served(process, url, model, folder / "x.png")
    finally:
        process.kill()
        process.communicate()


def test_the_answer_is_that_of_predict(served: Served) -> None:
    (wanted,) = json_lines(run("predict", served.model, served.image, "--json").stdout)
    image = served.image.read_bytes()
    for kind in ("image/png", "application/octet-stream", "application/x-www-form-urlencoded"):
        status, text = served.ask(image, Content_Type=kind)
        assert (status, json.loads(text)) == (200, wanted | {"image": None})
    form = FORM % (b"image", b"x.png", image)
    status, text = served.ask(form, Content_Type="multipart/form-data; boundary=b")
    assert (status, json.loads(text)) == (200, wanted | {"image": "x.png"})
    assert list(misfits(json.loads(text), SCHEMAS["serve"])) == []


def test_a_file_that_takes_bytes_is_served(served: Served, tmp_path: Path) -> None:
    """Of images in memory the predictor makes what it makes of files."""
    assert run("export", "quickstart", "--uint8", "-o", tmp_path / "u.onnx").exit_code == 0
    predictor = Predictor(tmp_path / "u.onnx", "cpu")
    (wanted,) = predictor([served.image])
    assert predictor.together([predictor.prepared(served.image.read_bytes())]) == [wanted]


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "status"),
    [
        ("POST", "/", "image/png", b"", 400),
        ("POST", "/?top=3", "image/png", b"x", 400),
        ("POST", "/", "multipart/form-data", b"x", 400),
        ("POST", "/", "multipart/form-data; boundary=b", b"--b\r\n\r\nx", 400),
        ("POST", "/", "multipart/form-data; boundary=b", FORM % (b"a", b"", b"x"), 415),
        ("POST", "/", "image/png", b"GIF89a", 422),
        ("POST", "/", "image/png", b"\xff\xd8" + b"\xff\xda" * 101, 422),
        ("POST", "/", "application/json", b"{}", 415),
        ("POST", "/", "", b"<html>", 415),
        ("POST", "/", "image/png", bytes(20_000_001), 413),
        ("GET", "/", "", b"", 405),
        ("PUT", "/", "", b"x", 405),
        ("POST", "/else", "", b"x", 404),
    ],
)
def test_what_is_not_answered_says_why(
    method: str, path: str, kind: str, body: bytes, status: int, served: Served
) -> None:
    given, text = served.ask(body, method, path, **({"Content_Type": kind} if kind else {}))
    assert given == status, text
    assert list(misfits(json.loads(text), SCHEMAS["serve"])) == []
    assert json.loads(text)["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_that_is_hostile_is_answered(kind: str, served: Served) -> None:
    async def one() -> int:
        client = Client(served.url)
        try:
            return await KINDS[kind](client)
        finally:
            client.close()

    assert asyncio.run(one()) in ANSWERS[kind]


def test_many_are_answered_beside_what_is_hostile(served: Served) -> None:
    image = served.image.read_bytes()
    asyncio.run(load(served.url, image, 0.5, CLIENTS, hostile=0))
    process = psutil.Process(served.process.pid)
    before = process.memory_info().rss
    figures = asyncio.run(load(served.url, image, SECONDS, CLIENTS))
    until = time.monotonic() + SETTLED
    while (grown := process.memory_info().rss - before) > GROWTH and time.monotonic() < until:
        time.sleep(0.1)
    print(f"{CLIENTS} clients, {len(figures.seconds) / SECONDS:,.0f} requests/s, {grown / 1e6:+.1f} MB\n{figures}")
    assert {*figures.good} == {200}
    assert all({*statuses} <= ANSWERS[kind] for kind, statuses in figures.hostile.items()), figures.hostile
    assert grown < GROWTH
    status, metrics = served.ask(method="GET", path="/metrics")
    told = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert (status, float(told["vggdsl_waiting"])) == (200, 0)
    assert float(told["vggdsl_batch_images_sum"]) > 2 * float(told["vggdsl_batch_images_count"]), "they are batched"
    assert float(told['vggdsl_answers_total{status="200"}']) >= len(figures.seconds)
    assert not [key for key in told if 'status="5' in key]


def test_who_is_too_many_is_told_to_ask_again(served: Served) -> None:
    process, url = started(served.model, "--waiting", 2)
    image = served.image.read_bytes()
    try:
        figures = asyncio.run(load(url, image, 0.5, 10, hostile=0))
        assert {*figures.good} == {200, 429}
        status, text = served.ask(method="GET", path="/health")
        assert (status, json.loads(text)["status"]) == (200, "ok")
    finally:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    imported = set(output.split())
    assert imported & {*PACKAGES} == FOR_SERVING


def test_a_port_that_is_taken_is_told(served: Served) -> None:
    port = served.url.rstrip("/").rpartition(":")[2]
    taken = run("serve", served.model, "--port", port)
    assert (taken.exit_code, taken.stdout, "V532" in taken.stderr) == (2, "", True)
    assert f"127.0.0.1:{port} can't be listened on: " in taken.stderr
