"""The ONNX file of a run that `predict` keeps: used as long as it is what the run would give, and no longer."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import Result
from commands import json_lines, run, train
from images import noise
from test_serve import Served, started

from vggdsl.cli import models
from vggdsl.records import kept
from vggdsl.text.errors import Diagnostic, InputError

SPEC = "input 8x8x1 conv3-4 maxpool FC-10 softmax\ntrain {\n  data digits\n  batch 256\n  epochs 1\n}\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    (folder / "net.arch").write_text(SPEC)
    assert train(folder / "net.arch", runs=folder / "runs").exit_code == 0
    noise(folder / "x.png", 7)
    return folder


@pytest.fixture
def ran(trained: Path, tmp_path: Path) -> Path:
    """A run of one's own, beside an image."""
    shutil.copy(trained / "x.png", tmp_path)
    return Path(shutil.copytree(trained / "runs" / "net-s0-1", tmp_path / "run"))


def predict(ran: Path, *options: str) -> Result:
    return run("predict", ran, ran.parent / "x.png", "--json", *options)


def files(ran: Path) -> list[str]:
    return [path.name for path in ran.glob("*.onnx")]


def test_a_second_call_needs_no_export(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = predict(ran)
    (name,) = files(ran)
    assert f"note: {ran} is kept as ONNX, {name} (" in first.stderr
    with monkeypatch.context() as patched:
        patched.delattr(models, "_exported")
        second = predict(ran)
    assert (first.exit_code, second.exit_code, second.stderr) == (0, 0, "")
    assert second.stdout == first.stdout
    assert not list(ran.glob(".*")), "it is written whole, or not at all"


def test_what_a_run_isn_t_any_more_is_made_anew(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, names = predict(ran).stdout, set(files(ran))

    def again(of: str) -> None:
        done = predict(ran)
        assert (done.exit_code, done.stdout, "is kept as ONNX" in done.stderr) == (0, answer, True), of
        assert len(files(ran)) == 1, "one takes the place of another"
        names.update(files(ran))

    (torn,) = ran.glob("*.onnx")
    torn.write_bytes(torn.read_bytes()[:-1] + b"!")
    again("a file of another content")
    assert len(names) == 1
    with (ran / "spec.arch").open("a") as spec:
        spec.write("# more\n")
    again("another spec")
    monkeypatch.setattr(models, "__version__", "0")
    again("another version")
    assert len(names) == 3
    monkeypatch.undo()
    weights = ran / kept.BEST
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    refused = predict(ran)
    assert (refused.exit_code, refused.stdout, "V604" in refused.stderr) == (1, "", True), "other weights"
    forced = predict(ran, "--force")
    assert (forced.exit_code, "is kept as ONNX" in forced.stderr) == (0, False), "what is doubtful is told each time"


def test_a_run_that_hasn_t_ended_isn_t_kept(ran: Path) -> None:
    (ran / "record.arch").unlink()
    for _ in range(2):
        done = predict(ran)
        assert (done.exit_code, "hasn't ended" in done.stderr, files(ran)) == (0, True, [])


def test_a_folder_that_can_t_be_written_is_told(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise InputError(Diagnostic("V506", f"{path} can't be written: Read-only file system"))

    with monkeypatch.context() as patched:
        patched.setattr(kept, "replacing", refuse)
        done = predict(ran)
    assert (done.exit_code, files(ran)) == (0, [])
    assert f"note: {ran} is exported anew at each call: {ran}" in done.stderr
    assert done.stderr.rstrip().endswith("can't be written: Read-only file system")


def test_a_run_is_served_and_leaves_nothing(ran: Path) -> None:
    """Exported by another process, as last.safetensors is each time; a form that is none is no word to the log."""
    last, temporary = ran / "last.safetensors", ran / "temporary"
    temporary.mkdir()
    process, url = started(last, TMPDIR=str(temporary))
    try:
        served = Served(process, url, last, ran.parent / "x.png")
        assert not list(temporary.iterdir())
        status, text = served.ask(served.image.read_bytes())
        (wanted,) = json_lines(run("predict", last, served.image, "--json").stdout)
        assert (status, json.loads(text)) == (200, wanted | {"image": None})
        assert served.ask(b"--x", Content_Type="multipart/form-data; boundary=b")[0] == 400
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGTERM, "")
