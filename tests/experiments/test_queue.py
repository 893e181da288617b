"""A queue trains one experiment after the other, and is handed who is told of it."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import commands
import pytest
import refusals
from images import noise
from made_up import result_of
from PIL import Image

import vggdsl
import vggdsl.cli.train
from vggdsl.data.dataset import load_data
from vggdsl.data.inspection import Told
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.missing import Missing
from vggdsl.experiments.queue import Queue
from vggdsl.experiments.reporter import Reporter, Silent
from vggdsl.experiments.train import begin, resume
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import Collection, collect, without_record
from vggdsl.records.run import Run
from vggdsl.records.runfolder import RunFolder, Start
from vggdsl.text.errors import Diagnostic, InputError

SPEC = """
input 8x8x1 conv3-4 maxpool FC-3 softmax
train last {
  data  fake(n=60, classes=3)
  batch 20
  epochs 1
  seeds 0 1
  init  from(first)
}
train first as last { init he }
"""


class Remembering:
    """An audience that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def reporter(self) -> Reporter:
        return Silent()

    def looking(self) -> AbstractContextManager[Told]:
        return nullcontext(lambda done, total: self.told.append(f"{done} of {total}"))

    def findings(self, found: Iterable[Diagnostic]) -> None:
        self.told += [d.code for d in found]

    def trained(self, run: Run) -> None:
        self.told.append(run.path.name)

    def over_seeds(self, runs: Sequence[Run]) -> None:
        self.told.append(f"over {len(runs)} seeds")

    def waiting(self, held: Sequence[str]) -> None:
        self.told.append(f"waiting for {', '.join(held)}")


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(device="cpu", runs=tmp_path / "runs")


def experiments(text: str = SPEC, *names: str) -> list[Experiment]:
    spec = vggdsl.parse(text, "net.arch")
    return [Experiment.of(spec, spec.recipe(name)) for name in names]


def test_what_others_begin_with_comes_first(workplace: Workplace) -> None:
    audience = Remembering()
    queue = Queue(experiments(SPEC, "last", "first"), workplace, audience)
    queue.check()
    queue.in_order()
    assert queue.run() == []
    first = ["net-first-s0-1", "net-first-s1-1", "over 2 seeds"]
    assert audience.told == [*first, "net-last-s0-1", "net-last-s1-1", "over 2 seeds"]


def test_the_others_go_on_where_one_fails(workplace: Workplace) -> None:
    audience = Remembering()
    queue = Queue(experiments(SPEC, "last", "first"), workplace, audience)  # not in order: there is no such run yet
    (failed,) = queue.run()
    assert isinstance(failed, InputError)
    assert audience.told == ["V516", "net-first-s0-1", "net-first-s1-1", "over 2 seeds"]


def test_missing_data_are_told_before_the_first_begins(workplace: Workplace) -> None:
    there, gone = (
        experiments(SPEC, "first"),
        experiments(SPEC.replace("fake(n=60, classes=3)", 'folder("gone")'), "first"),
    )
    with pytest.raises(InputError, match="V503"):
        Queue([*there, *gone], workplace, Remembering()).check()


def test_what_looks_wrong_is_told_before(workplace: Workplace) -> None:
    audience = Remembering()
    twice = experiments(SPEC.replace("conv3-4", "conv3-4 ReLU ReLU"), "first")
    Queue(twice, workplace, audience).check()
    assert audience.told == [d.code for d in twice[0].warnings] != []


def test_what_looks_wrong_is_told_of_what_is_missing_too(workplace: Workplace) -> None:
    audience = Remembering()
    twice = experiments(SPEC.replace("conv3-4", "conv3-4 ReLU ReLU"), "first")
    Queue(twice, workplace, audience, Missing([], workplace)).check()
    assert audience.told == [d.code for d in twice[0].warnings] != []


def test_what_is_measured_is_left_out(workplace: Workplace) -> None:
    done = Remembering()
    (experiment,) = experiments(SPEC, "first")
    assert Queue([experiment], workplace, done).run() == []
    audience = Remembering()
    missing = Missing([], workplace)
    missing._records.clear()  # as if all of it had come since
    assert Queue([experiment], workplace, audience, missing).run() == []
    assert audience.told == []
    assert Queue([experiment], workplace, audience, missing).experiments == []


OF_FILES = """
input 8x8x1 conv3-4 maxpool FC-2 softmax
train {
  data folder("set")
  batch 8
}
"""


@pytest.mark.parametrize("skip_bad", [False, True])
def test_what_is_looked_for_is_decoded_only_to_leave_some_out(
    skip_bad: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/0", "a/1", "b/0", "b/1"):
        for i in range(5):
            noise(tmp_path / "set" / f"{name}{i}.png", i)
    if skip_bad:
        (tmp_path / "set" / "a" / "03.png").write_bytes(b"")
    spec = vggdsl.parse(OF_FILES, "net.arch")
    recipe = spec.recipe()
    digest = load_data(recipe, spec.typed.input, tmp_path, skip_bad=skip_bad).digest
    decoded = list[Path]()
    opened = Image.open

    def counting(path: Path, **options: Any) -> Image.Image:
        decoded.append(path)
        return opened(path, **options)

    monkeypatch.setattr(Image, "open", counting)
    workplace = Workplace(tmp_path, runs=tmp_path / "runs", skip_bad=skip_bad)
    missing = Missing([result_of(spec, data=digest)], workplace)
    audience = Remembering()
    assert Queue([Experiment.of(spec, recipe)], workplace, audience, missing).experiments == []
    assert len(decoded) == (20 if skip_bad else 0)
    assert audience.told == ([f"{i + 1} of 20" for i in range(20)] if skip_bad else [])


IN_POOLS = OF_FILES.replace('folder("set")', 'folder("pool")').replace("batch 8", "batch 4\n  epochs 2")


def beside_pools(folder: Path) -> list[Experiment]:
    """Of one text in two folders, each with a pool of images of its own."""
    for i in range(40):
        noise(folder / "AB"[i % 2] / "pool" / "ab"[i // 20] / f"{i}.png", i, (8, 8))
    found = list[Experiment]()
    for name in "AB":
        (folder / name / "net.arch").write_text(IN_POOLS)
        spec = vggdsl.load(folder / name / "net.arch")
        found.append(Experiment.of(spec, spec.recipe()))
    return found


def test_a_run_on_other_images_is_not_gone_on_with(tmp_path: Path, workplace: Workplace) -> None:
    a, b = beside_pools(tmp_path)
    begin(a, 0, workplace, until=1)
    audience = Remembering()
    missing = Missing([], workplace)
    assert Queue([b, a], workplace, audience, missing).run() == []
    assert audience.told == ["net-s0-2", "net-s0-1"]
    measured = {run: vggdsl.load(workplace.runs / run / "record.arch").measurements[0] for run in audience.told}
    for each, run in ((b, "net-s0-2"), (a, "net-s0-1")):
        data = load_data(each.recipe, each.spec.typed.input, tmp_path).digest
        assert measured[run].values["of"]["data"] == data
    assert Queue([a, b], workplace, audience, missing).experiments == []


def test_what_was_gone_on_with_is_asked_whether_it_is_it(
    tmp_path: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = beside_pools(tmp_path)
    begun = begin(a, 0, workplace, until=1).path
    monkeypatch.setattr(Missing, "begun", lambda *given: begun)  # as if the images had changed since it looked
    audience = Remembering()
    assert Queue([b], workplace, audience, Missing([], workplace)).run() == []
    assert audience.told == ["net-s0-1", "net-s0-2"]


def test_a_run_whose_images_have_changed_begins_anew(tmp_path: Path, workplace: Workplace) -> None:
    a, _ = beside_pools(tmp_path)
    begin(a, 0, workplace, until=1)
    noise(tmp_path / "A" / "pool" / "a" / "new.png", 77, (8, 8))
    audience = Remembering()
    assert Queue([a], workplace, audience, Missing([], workplace)).run() == []
    assert audience.told == ["W612", "net-s0-2"]


DIVERGING = """
input 8x8x1 conv3-4 LeakyReLU conv3-4 LeakyReLU FC-3 softmax
train {
  data  fake(n=60, classes=3)
  batch 20
  epochs 20
  seeds 0 1
  optimizer sgd(lr=1000)
}
"""


def test_what_diverged_is_told_and_not_tried_again(workplace: Workplace) -> None:
    spec = vggdsl.parse(DIVERGING, "net.arch")
    tries = list[Remembering]()
    for _ in range(2):
        tries.append(Remembering())
        missing = Missing([], workplace)
        failed = Queue([Experiment.of(spec, spec.recipe())], workplace, tries[-1], missing).run()
        assert [d.code for error in failed for d in error.diagnostics] == [["V409"], ["W612"]][len(tries) - 1] * 2
    assert [audience.told for audience in tries] == [["V409", "V409"], ["W612", "W612"]]
    assert sorted(path.name for path in workplace.runs.iterdir()) == ["net-s0-1", "net-s1-1"]
    run = workplace.runs / "net-s0-1"
    found = without_record(run)
    assert re.search(r"diverged and has no record: V409: .*the loss became (nan|inf) in epoch 1", found.message)
    assert "interrupted" not in found.message
    assert "remove the folder" in str(found.help)
    told = commands.run("results", workplace.runs)
    assert "W612" in told.stderr
    assert "diverged" in told.stderr
    assert "diverged" in commands.run("record", run).stderr


def test_what_diverged_is_tried_again_by_who_asks(workplace: Workplace) -> None:
    spec = vggdsl.parse(DIVERGING, "net.arch")
    for call in (
        lambda: vggdsl.train(spec, device="cpu", runs=workplace.runs),
        lambda: resume(workplace.runs / "net-s0-1", workplace),
    ):
        assert refusals.findings(call)[0].code == "V409"
        assert (workplace.runs / "net-s0-1" / "diverged.txt").exists()


def test_what_diverged_on_other_data_is_tried(tmp_path: Path) -> None:
    for i in range(40):
        noise(tmp_path / ("one", "other")[i % 2] / "set" / "ab"[i // 20] / f"{i}.png", i, (8, 8))
    spec = tmp_path / "net.arch"
    text = DIVERGING.replace("fake(n=60, classes=3)", 'folder("set")').replace("FC-3", "FC-2")
    spec.write_text(text.replace("batch 20", "batch 5"))
    runs = tmp_path / "runs"

    def call(data: str, *flags: object) -> tuple[int, str, str, list[str]]:
        done = commands.run("train", spec, "--seed", 0, "--missing", "--data", tmp_path / data, "--runs", runs, *flags)
        return done.exit_code, done.stdout, done.stderr, sorted(path.name for path in runs.iterdir())

    cpu = ("--device", "cpu", "--log", "none", "--json")
    code, out, told, made = call("one", *cpu)
    assert (code, "error[V409]" in told, made) == (1, True, ["net-s0-1"])
    for _ in range(2):
        code, out, told, made = call("one", *cpu)
        assert (code, json.loads(out), "net-s0-1 diverged" in told, made) == (1, [], True, ["net-s0-1"])
    code, out, told, made = call("other", *cpu)
    assert (code, "error[V409]" in told, made) == (1, True, ["net-s0-1", "net-s0-2"]), "tried, on the other data"
    assert call("other", *cpu)[3] == made
    for run, old in ((runs / name, (runs / name / "diverged.txt").read_text()) for name in made):
        assert re.fullmatch(r"V409: .*\nof data=[0-9a-f]{8} device=cpu precision=(fp32|bf16)\n", old)
        assert "of data=" not in without_record(run).message


@pytest.mark.parametrize(
    ("left", "same"),
    [
        ("of data={data} device=cpu precision=fp32\n", True),
        ("of data=ffffffff device=cpu precision=fp32\n", False),
        ("of data={data} device=cuda precision=fp32\n", False),
        ("of data={data} device=cpu precision=bf16\n", False),
        ("", False),  # of an older version: nobody knows on what
    ],
)
def test_a_run_diverged_under_its_own_conditions(left: str, same: bool, workplace: Workplace) -> None:
    spec = vggdsl.parse(DIVERGING.replace("epochs 20", "epochs 20\n  precision fp32"), "net.arch")
    recipe = spec.recipe()
    folder = RunFolder.new(workplace.runs, spec, recipe, 0)
    folder.write_plan(workplace.data_folder, "cpu", Start())
    digest = load_data(recipe, spec.typed.input, workplace.data_folder).digest
    (folder.path / "diverged.txt").write_text("V409: it diverged\n" + left.format(data=digest))
    missing = Missing([], workplace)
    assert missing.diverged(spec, recipe, 0) == (folder.path if same else None)
    assert missing.begun(spec, recipe, 0) is None, "what diverged doesn't go on"
    assert without_record(folder.path).message == f"{folder.path} diverged and has no record: V409: it diverged"


def test_another_recipe_is_no_such_run(workplace: Workplace) -> None:
    spec = vggdsl.parse(DIVERGING, "net.arch")
    refusals.findings(lambda: vggdsl.train(spec, device="cpu", runs=workplace.runs))
    tame = spec.recipe().with_flags(epochs=1)
    missing = Missing([], workplace)
    assert missing.diverged(spec, spec.recipe(), 0) is not None
    assert missing.diverged(spec, spec.recipe(), 1) is None
    assert missing.diverged(spec, tame, 0) is None


def test_what_was_measured_while_it_looked_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, runs = tmp_path / "net.arch", tmp_path / "runs"
    spec.write_text(SPEC.replace("seeds 0 1", "seeds 0").replace("init  from(first)", "init he"))

    def slow(*given: Any) -> Collection:
        found = collect(*given)
        if not runs.exists():  # not for the table at the end
            vggdsl.train(spec, "last", runs=runs, device="cpu")  # as another process might
        return found

    monkeypatch.setattr(sys.modules["vggdsl.cli.train"], "collect", slow)
    done = commands.train(spec, "--recipe", "last", "--missing", runs=runs)
    assert done.exit_code == 0
    assert [path.name for path in runs.iterdir() if path.is_dir()] == ["net-last-s0-1"]
