"""``vggdsl pack``."""

import json
import subprocess
from pathlib import Path

import pytest
from commands import run
from images import noise
from json_types import misfits

from vggdsl.cli.schemas.calls import SCHEMAS


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for k, name in enumerate(("cats", "dogs")):
        for i in range(12):
            noise(tmp_path / "photos" / "train" / name / f"{i}.jpg", 100 * k + i)
            noise(tmp_path / "photos" / "val" / name / f"{i}.jpg", 1000 + 100 * k + i)
    (tmp_path / "photos" / "train" / "cats" / "readme.txt").write_text("hello")
    return tmp_path / "photos"


def test_what_is_written_is_told(photos: Path, tmp_path: Path) -> None:
    done = run("pack", photos, "-o", tmp_path / "shards")
    assert done.exit_code == 0
    size = sum(path.stat().st_size for path in (tmp_path / "shards").glob("*.tar"))
    assert done.stdout == f"{tmp_path}/shards: 2 shards, {size / 1000:.1f} kB, 24 in train, 24 in val, 2 classes\n"
    assert (
        done.stderr == f"note: 1 file in {photos} passed over: 1 .txt; images end in " + done.stderr.split("end in ")[1]
    )
    told = json.loads(run("pack", photos, "-o", tmp_path / "again", "--json").stdout)
    assert list(misfits(told, SCHEMAS["pack --json"])) == []
    assert told == {
        "path": str(tmp_path / "again"), "images": {"train": 24, "val": 24}, "classes": 2, "shards": 2, "bytes": size,
        "left_out": 0,
    }  # fmt: skip


def test_how_far_it_is_is_told_meanwhile(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vggdsl.cli.pack._OFTEN", -1.0)
    done = run("pack", photos, "-o", tmp_path / "shards", "--json")
    _, *lines = done.stderr.splitlines()
    assert lines == [f"{done} {i} of 48 images" for done in ("looked at", "packed") for i in range(1, 49)]
    assert json.loads(done.stdout)["images"] == {"train": 24, "val": 24}


def test_gnu_tar_reads_them(photos: Path, tmp_path: Path) -> None:
    run("pack", photos, "-o", tmp_path / "shards")
    shard = tmp_path / "shards" / "train-000000.tar"
    listed = subprocess.run(["tar", "-tf", shard], capture_output=True, text=True, check=True).stdout.splitlines()
    assert listed == [f"{i:08d}{ending}" for i in range(24) for ending in (".jpg", ".cls")]
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", shard, "-C", tmp_path / "out"], check=True)
    content = {path.read_bytes() for path in (tmp_path / "out").glob("*.jpg")}
    assert content == {path.read_bytes() for path in (photos / "train").rglob("*.jpg")}


@pytest.mark.parametrize("call", [["nowhere", "-o", "x"], ["."], [".", "-o", "x", "--size", "0"]])
def test_a_call_that_is_wrong(call: list[str]) -> None:
    assert run("pack", *call).exit_code == 2


def test_what_is_there_is_not_overwritten(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("mine")
    done = run("pack", photos, "-o", tmp_path / "shards")
    assert (done.exit_code, "V514" in done.stderr) == (2, True)
    assert (tmp_path / "shards").read_text() == "mine"


def test_images_that_cant_be_read_are_refused_or_left_out(photos: Path, tmp_path: Path) -> None:
    (photos / "train" / "cats" / "bad.JPEG").write_bytes(b"x")
    torn = photos / "val" / "dogs" / "3.jpg"
    torn.write_bytes(torn.read_bytes()[:400])
    refused = run("pack", photos, "-o", tmp_path / "shards")
    assert (refused.exit_code, refused.stdout, refused.stderr.count("V530")) == (1, "", 2)
    assert all(told in refused.stderr for told in (f"{photos}/train/cats/bad.JPEG", str(torn), "`--skip-bad`"))
    assert [*tmp_path.iterdir()] == [photos]
    done = run("pack", photos, "-o", tmp_path / "shards", "--skip-bad")
    assert (done.exit_code, done.stderr.count("W503")) == (0, 2)
    assert done.stdout.endswith("24 in train, 23 in val, 2 classes, 2 that can't be read left out\n")
    told = json.loads(run("pack", photos, "-o", tmp_path / "again", "--skip-bad", "--json").stdout)
    assert (told["images"], told["left_out"]) == ({"train": 24, "val": 23}, 2)
