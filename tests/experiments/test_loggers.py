"""What TensorBoard and Weights & Biases are told of a run."""

import time
from pathlib import Path
from typing import Any

import pytest
from refusals import refusal
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from trainings import CrashError, Crashing, metrics, spec_with

from vggdsl.experiments import loggers
from vggdsl.experiments.loggers import TensorBoard, Together, WeightsAndBiases
from vggdsl.experiments.train import resume, train
from vggdsl.text.errors import InputError

SPEC = spec_with(epochs="3")
NAMES = {"loss/train": "train_loss", "loss/val": "val_loss", "accuracy/train": "train_accuracy"}
NAMES |= {"accuracy/val": "val_accuracy", "learning rate": "lr"}


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves that TensorBoard shows of a run's folder."""
    found: Any = EventAccumulator(str(folder))  # type: ignore[no-untyped-call]  # it has no types
    found.Reload()
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_tensorboard_shows_the_metrics(tmp_path: Path) -> None:
    run = train(SPEC, device="cpu", runs=tmp_path, reporter=TensorBoard())
    found, rows = events(run.path), metrics(run.path)
    assert found.keys() == NAMES.keys()
    for tag, column in NAMES.items():
        assert [step for step, _ in found[tag]] == [1, 2, 3]
        assert [value for _, value in found[tag]] == pytest.approx([float(row[column]) for row in rows], rel=1e-5)


def test_a_resumed_run_has_each_epoch_once(tmp_path: Path) -> None:
    with pytest.raises(CrashError):
        train(
            SPEC,
            device="cpu",
            runs=tmp_path,
            reporter=Together(TensorBoard(), Crashing(2)),
        )
    run = resume(tmp_path / "small-s0-1", reporter=TensorBoard())
    assert [step for step, _ in events(run.path)["loss/val"]] == [1, 2, 3]


def test_weights_and_biases_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="an extra: pip install vggdsl[wandb]")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = train(SPEC, device="cpu", runs=tmp_path, reporter=WeightsAndBiases())
    (written,) = (run.path / "wandb").glob("offline-run-*/*.wandb")
    wanted, deadline = {*NAMES, run.path.name}, time.monotonic() + 60
    while (missing := {name for name in wanted if name.encode() not in _log(written)}) and time.monotonic() < deadline:
        time.sleep(0.5)  # a process of its own writes the file
    assert missing == set()


def _log(path: Path) -> bytes:
    """The records of an offline run: blocks of 32 KiB that each begin with seven bytes of their own."""
    content = path.read_bytes()
    return b"".join(content[start + 7 : start + 2**15] for start in range(0, len(content), 2**15))


def test_a_logger_that_cannot_begin_keeps_the_training_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(*_: object, **__: object) -> None:
        raise OSError("\nno\x1b room left\nTraceback")

    for logger in ("TensorboardLogger", "WandBLogger"):
        monkeypatch.setattr(loggers, logger, begun)
    monkeypatch.setattr(loggers, "require", lambda *_, **__: None)
    for reporter, said in ((TensorBoard, "TensorBoard can't log in "), (WeightsAndBiases, "no� room left")):
        found = refusal(lambda reporter=reporter: train(SPEC, device="cpu", runs=tmp_path, reporter=reporter()))  # type: ignore[misc]
        assert (found.code, said in found.message, "Traceback" in found.message) == ("V517", True, False)
    assert [path.name for path in tmp_path.rglob("*.safetensors")] == []


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "wandb", None)
    found = refusal(
        lambda: train(SPEC, device="cpu", runs=tmp_path, reporter=WeightsAndBiases()),
        InputError,
    )
    assert found.code == "V533"
    assert "pip install vggdsl[wandb]" in str(found.help)
