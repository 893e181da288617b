"""A training on shards is the training on the folder that was packed, to the bit: whole, stopped, killed, by two."""

import io
import os
import shutil
import signal
import tarfile
import time
from pathlib import Path

import pytest
import torch
from commands import run
from forks import VGGDSL, Forked, two
from images import noise
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from trainings import metrics

import vggdsl
from vggdsl.data.packing import pack
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.train import begin, resume, train
from vggdsl.experiments.workplace import Workplace
from vggdsl.text.errors import RecordError

SPEC = """
input 12x12x3
conv3-8 maxpool conv3-8 BN dropout-0.5 FC-3 softmax
train {
  data       DATA
  augment    SEEN
  batch      24
  optimizer  sgd(lr=0.05, momentum=0.9)
  epochs     EPOCHS
  precision  fp32
}
"""
SEEN = ("crop(12, pad=2) hflip", "scale(13..16) crop(12) hflip")
"""Of images that are held in memory, and of such as each epoch reads anew."""


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder and its shards."""
    home = tmp_path_factory.mktemp("sets")
    for k, name in enumerate("abc"):
        for i in range(60):
            noise(home / "folder" / name / f"{i}.jpg", 100 * k + i, (15 + i % 2, 16))
    pack(home / "folder", home / "shards", size=60_000)
    return home


def spec_on(name: str, sets: Path, seen: str = SEEN[1], epochs: int = 3) -> Path:
    path = sets / f"{name}-{SEEN.index(seen)}-{epochs}.arch"
    text = SPEC.replace("DATA", f'{name}("{sets / name}")').replace("SEEN", seen).replace("EPOCHS", str(epochs))
    path.write_text(text)
    return path


def same(one: Path, other: Path) -> None:
    assert metrics(one) == metrics(other)
    for name in ("best.safetensors", "last.safetensors"):
        ours, theirs = load_file(one / name), load_file(other / name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    blocks = [vggdsl.load(folder / "record.arch").measurements[0].values for folder in (one, other)]
    assert blocks[0]["of"]["data"] == blocks[1]["of"]["data"]
    assert [key for key in blocks[0]["of"] if blocks[0]["of"][key] != blocks[1]["of"][key]] == ["recipe"]


@pytest.mark.parametrize("seen", SEEN)
def test_a_training_is_the_same(seen: str, sets: Path, tmp_path: Path) -> None:
    folder, shards = (
        train(vggdsl.load(spec_on(name, sets, seen)), device="cpu", runs=tmp_path) for name in ("folder", "shards")
    )
    same(folder.path, shards.path)


def test_a_training_that_was_killed_goes_on_the_same(sets: Path, tmp_path: Path) -> None:
    whole = train(vggdsl.load(spec_on("folder", sets, epochs=12)), device="cpu", runs=tmp_path / "whole")
    spec, runs = spec_on("shards", sets, epochs=12), tmp_path / "killed"
    at_work = Forked(VGGDSL, "train", spec, "--device", "cpu", "--runs", runs, "--log", "none")
    folder = runs / f"{spec.stem}-s0-1"
    while not (folder / "metrics.csv").is_file() or not metrics(folder):
        assert at_work.process.is_alive()
        time.sleep(0.01)
    assert at_work.process.pid is not None
    os.kill(at_work.process.pid, signal.SIGKILL)
    assert at_work.ended().returncode == -signal.SIGKILL
    assert 0 < len(metrics(folder)) < 12
    resume(folder)
    same(folder, whole.path)


def named(folder: Path, shards: Path, names: str) -> None:
    """Writes a folder's images as others do: each with the name of its class, in order, and no index."""
    shards.mkdir(exist_ok=True)
    with tarfile.open(shards / "0.tar", "w") as tar:
        for label, name in zip(sorted(folder.iterdir()), names.split(), strict=True):
            for image in sorted(label.iterdir()):
                tar.add(image, f"{label.name}{image.name}")
                member = tarfile.TarInfo(f"{label.name}{image.stem}.cls")
                member.size = len(name)
                tar.addfile(member, io.BytesIO(name.encode()))


def test_classes_of_other_names_are_another_training(sets: Path, tmp_path: Path) -> None:
    """Of shards without an index the digest has no names of classes."""
    named(sets / "folder", shards := tmp_path / "shards", "a b c")
    text = SPEC.replace("DATA", f'shards("{shards}")').replace("SEEN", SEEN[0]).replace("EPOCHS", "2")
    spec = vggdsl.parse(text, "net")
    workplace = Workplace(device="cpu", runs=tmp_path / "runs")
    path = begin(Experiment.of(spec, spec.recipe()), 0, workplace, until=1).path
    old = shutil.copytree(path, tmp_path / "old")
    (checkpoint,) = old.glob("checkpoint-*")
    with safe_open(checkpoint, framework="pt") as opened:
        said = opened.metadata()
    said.pop("classes")  # as checkpoints of older versions
    save_file(load_file(checkpoint), checkpoint, said)
    named(sets / "folder", shards, "a b d")
    with pytest.raises(RecordError, match="it is of another training: classes"):
        resume(path, workplace)
    named(sets / "folder", shards, "a b c")
    assert metrics(resume(old, workplace).path) == metrics(resume(path, workplace).path)


def test_two_processes_give_what_they_give_on_the_folder(sets: Path, tmp_path: Path) -> None:
    for name in ("folder", "shards"):
        spec = spec_on(name, sets)
        ended = two(VGGDSL, "train", spec, "--device", "cpu", "--runs", tmp_path / name, "--logger", "none")
        assert ended.returncode == 0, ended.stderr
    same(*(tmp_path / name / f"{spec_on(name, sets).stem}-s0-1" for name in ("folder", "shards")))


def test_what_was_trained_on_shards_is_evaluated_and_predicts(sets: Path, tmp_path: Path) -> None:
    folder, shards = (
        train(vggdsl.load(spec_on(name, sets)), device="cpu", runs=tmp_path).path for name in ("folder", "shards")
    )
    for command in (("evaluate", "--split", "val"), ("evaluate", "--flip", "--scale", "14", "--view", "dense")):
        ours, theirs = (run(command[0], path, *command[1:], "--device", "cpu") for path in (shards, folder))
        assert ours.exit_code == theirs.exit_code == 0, ours.output
        assert ours.stdout.replace("shards", "folder") == theirs.stdout
        said = "126 of 180 images in"
        ours, theirs = (run("evaluate", path, "--split", sets / "folder") for path in (shards, folder))
        assert said in ours.output
        assert said in theirs.output
    image = sets / "folder" / "a" / "0.jpg"
    assert run("predict", shards, image).stdout == run("predict", folder, image).stdout
    assert run("report", shards, "-o", tmp_path / "page.html").exit_code == 0
