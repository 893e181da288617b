"""From the quickstart's spec to a named image, by the commands of the README."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from sklearn.datasets import load_digits

from vggdsl.cli import main
from vggdsl.spec import load

ROOT = Path(__file__).parent.parent


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def test_train_export_and_predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained = _run("train", str(ROOT / "specs" / "quickstart.arch"), "--epochs", "6")
    assert trained.exit_code == 0, trained.stderr
    (run,) = (tmp_path / "runs").iterdir()
    record = load(run / "record.arch")
    (measured,) = record.measurements
    assert measured.sealed
    assert measured.values["run"]["deviates"] == "epochs 6"
    assert measured.line is not None
    assert f"Test Accuracy: {measured.line.test}" in trained.stdout
    assert float(measured.line.test) > 0.9  # ten classes; six epochs give about 0.97
    assert not [d for d in record.check() if d.is_error]

    exported = _run("export", "quickstart", "--onnx", "--weights", str(run))
    assert exported.exit_code == 0, exported.stderr
    assert "agree" in exported.stdout
    refused = _run("export", "quickstart", "--onnx", "--weights", str(run))
    assert (refused.exit_code, "V512" in refused.stderr) == (1, True)

    digits, names, right = load_digits(), [], 0
    for i in range(40):
        names.append(f"{i}.png")
        Image.fromarray(np.round(digits.images[i] * 255 / 16).astype(np.uint8)).save(names[-1])
    by_file = json.loads(_run("predict", "quickstart.onnx", *names, "--json", "--device", "cpu").stdout)
    for i, row in enumerate(by_file):
        assert sum(guess["probability"] for guess in row["top"]) <= 1 + 1e-6
        right += row["top"][0]["class"] == str(digits.target[i])
    assert right >= 36
    by_run = json.loads(_run("predict", str(run), *names[:3], "--json").stdout)
    for ours, theirs in zip(by_run, by_file, strict=False):
        assert ours["top"][0]["class"] == theirs["top"][0]["class"]
        assert ours["top"][0]["probability"] == pytest.approx(theirs["top"][0]["probability"], abs=1e-5)


def test_weights_come_from_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    import vggdsl

    monkeypatch.chdir(tmp_path)
    spec = tmp_path / "small.arch"
    spec.write_text("input 8x8x1 conv3-4 maxpool FC-10 softmax\n")
    network = vggdsl.to_torch(load(spec).typed, seed=5)
    torch.save(network.state_dict(), "small.pt")
    assert _run("export", "small.arch", "--onnx", "--weights", "small.pt").exit_code == 0
    torch.save({"model": network}, "pickled.pt")
    refused = _run("export", "small.arch", "--onnx", "-o", "b.onnx", "--weights", "pickled.pt")
    assert (refused.exit_code, "V513" in refused.stderr) == (1, True)
    wrong = _run("export", "mini_vgg", "--onnx", "--weights", "small.pt")
    assert (wrong.exit_code, "V510" in wrong.stderr) == (1, True)
    assert sorted(p.name for p in tmp_path.glob("*.onnx")) == ["small.onnx"]
