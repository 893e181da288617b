"""The examples run."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from commands import run
from forks import forked

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "path",
    sorted(set(EXAMPLES.glob("*.py")) - {EXAMPLES / "serve.py", EXAMPLES / "onnx_client.py"}),
    ids=lambda path: path.stem,
)
def test_an_example_runs(path: Path, tmp_path: Path) -> None:
    arguments = [tmp_path / "out"] if "DIR" in path.read_text().split('"""')[1] else []
    done = forked(path, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not done.stderr


def test_an_exported_network_is_served(tmp_path: Path) -> None:
    """Posts an image to `serve.py`, something that is none, and nothing."""
    model, digits = tmp_path / "net.onnx", tmp_path / "digits"
    assert run("export", "quickstart", "--onnx", "-o", model).exit_code == 0
    assert forked(EXAMPLES / "digits_as_png.py", digits).returncode == 0
    command = [sys.executable, str(EXAMPLES / "serve.py"), str(model), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            address = serving.stdout.readline().split()[0]
            image = urlopen(Request(address, (digits / "digit_3.png").read_bytes()), timeout=60)  # ours
            top = json.loads(image.read())["top"]
            assert len(top) == 3
            assert 0 < sum(guess["probability"] for guess in top) <= 1
            for body, status in ((b"no image", 400), (b"", 411)):
                with pytest.raises(HTTPError) as refused:
                    urlopen(Request(address, body, method="POST"), timeout=60)
                assert refused.value.code == status
        finally:
            serving.terminate()
