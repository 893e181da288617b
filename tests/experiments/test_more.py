"""`--more`: a run that has ended goes on in a folder of its own, to what as many epochs at once come to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from commands import run as command
from refusals import refusal
from safetensors.torch import load_file
from trainings import Impatient, metrics, spec_with

from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.train import Stopped, more, resume, train
from vggdsl.records.repeat import repetition
from vggdsl.records.result import read_result
from vggdsl.records.run import Run, load_run
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import InputError, RecipeError, RecordError

PLAIN = "input 8x8x1 conv3-4 maxpool FC-3 softmax"
SAID = {"optimizer": "adam", "schedule": "warmup(1) plateau(factor=0.5, patience=1)", "average": "ema(0.9)"}


class Listener(Silent):
    def started(self, outline: Outline) -> None:
        self.notes = outline.notes


def spec(**entries: str) -> Spec:
    return spec_with(**{**SAID, **entries})


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs."""
    return train(spec(), device="cpu", runs=tmp_path_factory.mktemp("ended")).path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """As long as it is to become, from the beginning."""
    return train(spec(), epochs=5, device="cpu", runs=tmp_path_factory.mktemp("whole"))


@pytest.fixture
def run(ended: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ended, tmp_path / ended.name))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_same(ours: Path, theirs: Path) -> None:
    """In every bit of weights and metrics."""
    assert metrics(ours) == metrics(theirs)
    for name in ("best.safetensors", "last.safetensors"):
        a, b = load_file(ours / name), load_file(theirs / name)
        assert a.keys() == b.keys()
        assert all(a[key].equal(b[key]) for key in a), name


def test_it_comes_to_what_as_many_epochs_at_once_come_to(run: Path, whole: Run) -> None:
    before = files(run)
    first = more(run, 1)
    longer = more(first.path, 2)
    assert files(run) == before, "what was there stays"
    assert [path.name for path in (run, first.path, longer.path)] == ["small-s0-1", "small-s0-2", "small-s0-3"]
    assert_same(longer.path, whole.path)
    record = load(longer.path / "record.arch")
    (block,) = record.measurements
    assert block.sealed
    assert (block.values["run"]["deviates"], block.values["run"]["added"]) == ("epochs 5", "3")
    read = read_result(block, record)
    assert read is not None
    assert (read.added, read.weights) == (3, whole.result.weights)
    again = repetition(record)
    assert again is not None
    assert (again.recipe.epochs, again.deviations) == (5, ("epochs 5",))


def test_its_threads_are_those_of_its_steps(run: Path) -> None:
    """Not those that PyTorch has before a small step, of which the digits say nothing."""
    listener, threads = Listener(), torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        more(run, 1, reporter=listener)
    finally:
        torch.set_num_threads(threads)
    assert not any("digits may differ" in note for note in listener.notes)


@pytest.mark.parametrize("step", [2, 9])
def test_where_it_is_stopped_it_goes_on(step: int, run: Path, whole: Run) -> None:
    """Also before the first of the epochs that are added."""
    with pytest.raises(Stopped) as caught:
        more(run, 3, reporter=Impatient(step=step))
    again = resume(caught.value.path)
    assert_same(again.path, whole.path)
    assert again.result.added == 3
    assert refusal(lambda: more(again.path, 1, reporter=Impatient(step=1)), Stopped).code == "V605"


def test_whose_weights_it_began_with_is_kept(tmp_path: Path) -> None:
    text = spec().text.replace("train {", "train base {") + "\ntrain tuned as base {\n  init from(base, conv1_1)\n}\n"
    (tmp_path / "net.arch").write_text(text + "", "utf-8")
    both = load(tmp_path / "net.arch")
    base = train(both, "base", epochs=2, device="cpu", runs=tmp_path)
    tuned = train(both, "tuned", device="cpu", runs=tmp_path)
    longer = more(tuned.path, 1)
    assert base.result.weights == tuned.result.start == longer.result.start
    assert tuned.result.base == longer.result.base is not None


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"schedule": "cosine"}, "leads to epoch 2"),
        ({"schedule": "one-cycle"}, "leads to epoch 2"),
        ({"optimizer": "adam", "schedule": "steps(1..2: 1e-3)", "epochs": ""}, "leads to epoch 2"),
        (
            {"body": PLAIN, "stop": "val-accuracy(patience=1)", "optimizer": "sgd(lr=1e-9)", "schedule": ""},
            "recipe ended",
        ),
    ],
)
def test_a_recipe_that_says_no_more_epochs_is_not_stretched(entries: dict[str, str], why: str, tmp_path: Path) -> None:
    ended = train(spec(**entries), device="cpu", runs=tmp_path)
    found = refusal(lambda: more(ended.path, 3), RecordError)
    assert (found.code, why in found.message) == ("V607", True)
    assert [path.name for path in tmp_path.iterdir()] == ["small-s0-1"]


def _interrupt(run: Path) -> None:
    (run / "record.arch").unlink()


def _old(run: Path) -> None:
    (run / "checkpoint-0002.safetensors").unlink()


def _torn(run: Path) -> None:
    (run / "checkpoint-0002.safetensors").write_bytes(b"torn")


def _other_weights(run: Path) -> None:
    (run / "best.safetensors").write_bytes(b"torn")


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        (_interrupt, "V607", "hasn't ended"),
        (_old, "V607", "has no checkpoint of its last epoch"),
        (_torn, "V607", "checkpoint-0002.safetensors can't be used"),
        (_other_weights, "V604", "best.safetensors is torn"),
    ],
)
def test_a_run_that_cannot_go_on_is_refused(change: Callable[[Path], None], code: str, why: str, run: Path) -> None:
    change(run)
    found = refusal(lambda: more(run, 1), RecordError)
    assert (found.code, why in found.message) == (code, True)
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_a_run_that_is_not_there_may_be_one_beside(run: Path) -> None:
    again = Path(shutil.copytree(run, run.with_name("small-tuned-s0-1")))
    shutil.rmtree(run)
    for name, help in (
        ("small-s0-1", f"did you mean `{again}`?"),
        ("smal-tuned-s0-1", f"did you mean `{again}`?"),
        ("small-s0-2", "name a folder that `vggdsl train` made"),
    ):
        found = refusal(lambda name=name: more(run.with_name(name), 1), InputError)  # type: ignore[misc]
        assert (found.code, found.help) == ("V501", help)


def test_epochs_are_a_number_of_them(run: Path) -> None:
    assert refusal(lambda: more(run, 0), RecipeError).code == "V406"


def test_the_command_goes_on_with_one_run(run: Path, whole: Run) -> None:
    done = command("train", "--more", 3, run, "--log", "none")
    assert done.exit_code == 0, done.stderr
    assert str(load_run(whole.path).line) in done.stdout
    assert "going on after epoch 2" in done.stderr
    assert f"goes on with {run}, of 2 epochs, which stays as it is" in done.stderr
    for wrong in (["--epochs", "3"], ["--resume", str(run)], ["--runs", "elsewhere"], [str(run)]):
        assert command("train", "--more", 3, run, *wrong).exit_code == 2
    assert "--more N" in command("train", "--resume", run).stderr
