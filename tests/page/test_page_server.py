"""The page on this machine: for it alone, and only asked by itself."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from commands import run

from vggdsl.page import serve
from vggdsl.page.engine import answer, answer_json
from vggdsl.page.examples import examples
from vggdsl.page.questions import PARTS, Answer, Question
from vggdsl.page.serve import Server
from vggdsl.page.static import static

QUESTION = json.dumps({"text": "input 32x32x3 conv3-64 maxpool FC-10 softmax"})
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(0) as opened:
        thread = Thread(target=opened.serve_forever)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def ask(
    server: Server, method: str = "POST", path: str = "/answer", body: str | None = QUESTION, **headers: str
) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def test_it_answers_and_hands_out_its_files(server: Server) -> None:
    status, text, _ = ask(server, **JSON)
    assert status == 200
    assert json.loads(text)["networks"][0]["size"]["params"] == "165,642"
    for name, content in static("by_server").items():
        status, text, headers = ask(server, "GET", f"/{name}", None)
        assert (status, text) == (200, content.decode())
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, "GET", "/?x=1", None)[1] == static("by_server")["index.html"].decode()
    status, text, headers = ask(server, "HEAD", "/", None)
    assert (status, text, int(headers["Content-Length"]) > 0) == (200, "", True)
    assert json.loads(ask(server, "GET", "/examples.json", None)[1])[0]["examples"]


@pytest.mark.parametrize(
    ("status", "given"),
    [
        (421, {"Host": "evil.example", **JSON}),
        (421, {"Host": "127.0.0.1", **JSON}),
        (403, {"Origin": "http://evil.example", **JSON}),
        (403, {"Origin": "null", **JSON}),
        (415, {"Content-Type": "text/plain"}),
        (415, {}),
    ],
)
def test_others_get_no_answer(server: Server, status: int, given: dict[str, str]) -> None:
    assert ask(server, **given)[0] == status


def test_the_page_itself_may_ask(server: Server) -> None:
    assert ask(server, Origin=f"http://127.0.0.1:{server.port}", **JSON)[0] == 200
    there = f"localhost:{server.port}"
    assert ask(server, Origin=f"http://{there}", Host=there, **JSON)[0] == 200


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (404, "GET", "/../pyproject.toml", None),
        (404, "GET", "/worker.js", None),
        (404, "POST", "/", QUESTION),
        (400, "POST", "/answer", "{"),
        (400, "POST", "/answer", '{"text": 3}'),
        (400, "POST", "/answer", "[" * 100_000),
        (501, "PUT", "/answer", QUESTION),
    ],
)
def test_what_is_no_question_is_refused(server: Server, status: int, method: str, path: str, body: str | None) -> None:
    assert ask(server, method, path, body, **JSON)[0] == status


def test_a_question_says_how_long_it_is_and_isnt_too_long(server: Server) -> None:
    for length in ("", "-1", "3x", "٣", str(2**20 + 1), "9" * 50):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as opened:
            head = f"POST /answer HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
            opened.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
            assert opened.recv(100).split()[1] in (b"411", b"413")


def test_a_mistake_of_its_own_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """On the terminal whole; a value that is wrong in here is no question that is."""

    def wrong(asked: Question) -> Answer:
        raise ValueError("a bug")

    monkeypatch.setattr(serve, "answer", wrong)
    status, text, _ = ask(server, **JSON)
    assert (status, text) == (500, "That is a mistake of vggdsl: its terminal shows which.")
    assert "in wrong" in capfd.readouterr().err
    monkeypatch.setattr(serve, "_files", lambda: wrong({"text": ""}))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, "GET", "/", None)
    assert "ValueError: a bug" in capfd.readouterr().err


@pytest.mark.parametrize(("error", "told"), [(BrokenPipeError(), ""), (TimeoutError(), ""), (KeyError(), "KeyError")])
def test_who_goes_away_is_no_mistake(
    server: Server, capfd: pytest.CaptureFixture[str], error: Exception, told: str
) -> None:
    try:
        raise error
    except type(error):
        server.handle_error(None, None)
    assert capfd.readouterr().err.strip().rpartition("\n")[2] == told


def test_a_slow_answer_holds_up_no_other(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = Event(), Event()

    def slow(asked: Question) -> Answer:
        if not asked["text"]:
            begun.set()
            goes_on.wait(30)
        return answer(asked)

    monkeypatch.setattr(serve, "answer", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, server, body='{"text": ""}', **JSON)
        assert begun.wait(30)
        assert ask(server, **JSON)[0] == 200
        assert not first.done()
        goes_on.set()
        assert first.result()[0] == 200


def test_answers_at_the_same_time_are_those_of_one_after_another(server: Server) -> None:
    """Parsers, caches and the memory of what was recognised are shared."""
    texts = [family["examples"][-1]["text"] for family in examples()]
    bodies = [json.dumps({"text": text, "show": list(PARTS), "line": 9}) for text in (*texts, *texts)]
    one_after_another = [answer_json(body) for body in bodies]
    with ThreadPoolExecutor(len(bodies)) as pool:
        found = list(pool.map(lambda body: ask(server, body=body, **JSON)[1], bodies))
    assert found == one_after_another


def test_the_port_of_the_web_is_left_out_by_browsers() -> None:
    assert serve._hosts(80) == {"127.0.0.1", "127.0.0.1:80", "localhost", "localhost:80"}
    assert serve._hosts(8001) == {"127.0.0.1:8001", "localhost:8001"}


def test_it_listens_on_the_loopback_address_alone(server: Server) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_told(server: Server) -> None:
    done = run("page", "--serve", "--port", server.port)
    assert done.exit_code == 2
    assert f"error[V532]: 127.0.0.1:{server.port} can't be listened on" in done.output


@pytest.mark.parametrize(
    "given", ["", "--serve -o x", "-o x --port 1", "-o x --open", "--serve --force", "--serve --pyodide x"]
)
def test_a_call_is_for_one_of_both(given: str) -> None:
    done = run("page", *given.split())
    assert (done.exit_code, "Usage:" in done.output) == (2, True)


def test_an_interrupt_ends_it() -> None:
    command = [sys.executable, "-m", "vggdsl", "page", "--serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")
