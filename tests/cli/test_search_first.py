"""``vggdsl search`` by a recipe that begins with weights: which ones, and what paths mean where specs are written."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import run
from test_search import QUIET, searched

BASE = """input 8x8x1
c1: conv3-4 maxpool
c2: conv3-4
FC-3 softmax
train {
  data   fake(n=60, classes=3)
  batch  20
  epochs 1
}
"""


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A space whose networks begin with a run of another spec, which lies beside it in a folder, and was trained."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "base.arch").write_text(BASE)
    path = tmp_path / "specs" / "space.arch"
    text = BASE.replace("c2: conv3-4", "c2: conv3-{a=2|4|8}").replace("epochs 1", "epochs 2")
    path.write_text(text.replace("batch  20", 'init   from("base.arch", c1)\n  batch  20'))
    return path


def train(*words: object) -> None:
    done = run("train", *words, "--device", "cpu", "--log", "none", "--quiet")
    assert done.exit_code == 0, done.output


def begins(folder: Path) -> list[Any]:
    """With which run each training of a search began."""
    return [json.loads(path.read_text())["from"] for path in sorted(folder.glob("*/recipe.json"))]


def test_networks_begin_with_the_run_that_train_would_begin_with_and_keep_to_it(begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "space-search"
    missing = run("search", begun, *QUIET)
    assert (missing.exit_code, folder.exists()) == (1, False)
    assert "V516" in missing.stderr
    assert f"train it first: `vggdsl train {Path('specs', 'base.arch')}`" in missing.stderr
    train(begun.parent / "base.arch")
    found = searched(begun, folder, "--trials", 2, "--halving", 2)
    train(begun.parent / "base.arch", "--seed", 1)  # a newer one
    more = searched(begun, folder, "--trials", 3, "--halving", 2)
    assert len(more["tried"]) == 3 > len(found["tried"])
    assert [each["run"] for each in begins(folder)] == [str(tmp_path / "runs" / "base-s0-1")] * 3
    assert len({each["base"] for each in begins(folder)}) == 1
    (stopped,) = [row["run"] for row in more["tried"] if not row["ended"]]
    (Path(stopped) / "last.safetensors").unlink()  # as where it was stopped in its first epoch
    train("--resume", stopped)
    best = more["tried"][0]["run"]
    train(Path(best) / "spec.arch", "--runs", tmp_path / "runs")
    (tmp_path / "runs" / "base-s0-1" / "record.arch").unlink()
    gone = run("search", begun, "-o", folder, *QUIET, "--trials", 3, "--halving", 2)
    assert (gone.exit_code, "with which this search began" in gone.stderr) == (1, True)


def test_a_file_of_weights_is_that_of_the_search(begun: Path, tmp_path: Path) -> None:
    train(begun.parent / "base.arch")
    weights = tmp_path / "specs" / "w.safetensors"
    weights.write_bytes((tmp_path / "runs" / "base-s0-1" / "best.safetensors").read_bytes())
    begun.write_text(begun.read_text().replace("base.arch", "w.safetensors"))
    searched(begun, tmp_path / "search", "--trials", 1)
    train(begun.parent / "base.arch", "--seed", 1)
    weights.write_bytes((tmp_path / "runs" / "base-s1-1" / "best.safetensors").read_bytes())
    other = run("search", begun, "-o", tmp_path / "search", *QUIET, "--trials", 1)
    assert (other.exit_code, "V613" in other.stderr) == (1, True)
    assert "the weights that it begins with are others" in other.stderr


def test_a_run_of_each_network_is_refused_to_begin_with(begun: Path, tmp_path: Path) -> None:
    text = begun.read_text().replace("train {", "train last {").replace('from("base.arch", c1)', "from(first)")
    begun.write_text(f"{text}train first as last {{ init he }}\n")
    done = run("search", begun, "-o", tmp_path / "search", *QUIET)
    assert (done.exit_code, "V516" in done.stderr, "--recipe first" in done.stderr) == (1, True, True)
    assert not (tmp_path / "search").exists()


def test_a_path_that_would_mean_another_file_is_refused(begun: Path, tmp_path: Path) -> None:
    for place in ("nets", "specs/nets"):
        done = run("search", begun, "--write", place)
        assert (done.exit_code, done.stdout, Path(place).exists()) == (1, "", False)
        assert "V243" in done.stderr
        assert "`--write specs`" in done.stderr
    assert run("search", begun, "--write", begun.parent).exit_code == 0
    written = sorted(begun.parent.glob("space-*.arch"))
    assert [run("check", path, "--json").exit_code for path in written] == [0] * 3
    (begun.parent / "one.arch").write_text(begun.read_text().replace("{a=2|4|8}", "4"))
    (tmp_path / "use").mkdir()
    linked = tmp_path / "use" / "linked.arch"
    linked.write_text('extends "../specs/one.arch"\nreplace c2: conv3-{a=2|6}\n')
    train(begun.parent / "base.arch")
    done = run("search", linked, "-o", tmp_path / "search", *QUIET)
    assert (done.exit_code, "V243" in done.stderr, (tmp_path / "search").exists()) == (1, True, False), done.output
