"""``vggdsl search`` from the call to the table, also killed, called again and by two processes at once."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from commands import run
from forks import VGGDSL, Forked
from images import noise
from json_types import misfits

from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.experiments.memory import TooLargeError
from vggdsl.experiments.search.proposals import Tried
from vggdsl.experiments.search.trainings import Runs
from vggdsl.experiments.train import begin
from vggdsl.records.run import load_run
from vggdsl.spec.parsing import load
from vggdsl.text.errors import Diagnostic

TEXT = """input 8x8x1
conv3-{a=2|4|8} maxpool
conv{k=1|3}-4
FC-3 softmax
train {
  data      fake(n=100, classes=3)
  batch     16
  optimizer sgd(lr=0.05, momentum=0.9)
  precision fp32
  epochs    3
}
"""
DIVERGING = """input 8x8x1
conv3-{a=2|4} LeakyReLU conv3-4 LeakyReLU FC-3 softmax
train {
  data      fake(n=60, classes=3)
  batch     20
  optimizer sgd(lr=1000)
  epochs    20
}
"""
TOLD = ("--device", "cpu", "--json")
QUIET = (*TOLD, "--quiet")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "space.arch"
    path.write_text(TEXT)
    return path


def searched(spec: Path, folder: Path, *flags: object) -> Any:
    result = run("search", spec, "-o", folder, *QUIET, *flags)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def comparable(found: Any) -> Any:
    """Without where the runs are."""
    return {**found, "folder": "", "tried": [{**row, "run": Path(row["run"]).name} for row in found["tried"]]}


def test_a_search_ends_in_a_table_and_a_picture_and_the_best_have_records(spec: Path, tmp_path: Path) -> None:
    found = searched(spec, tmp_path / "search")
    assert list(misfits(found, SCHEMAS["search --json"])) == []
    assert (found["networks"], found["fitting"], len(found["tried"])) == (6, 6, 6)
    assert [row["epochs"] for row in found["tried"]] == [3, 3, 1, 1, 1, 1]
    best = found["tried"][0]
    assert (best["ended"], best["front"]) == (True, True)
    measured = load_run(best["run"]).result
    assert (measured.val_accuracy, measured.test_accuracy) == (best["val_accuracy"], best["test_accuracy"])
    assert {row["test_accuracy"] for row in found["tried"] if not row["ended"]} == {None}
    results = run("results", tmp_path / "search")
    assert (results.exit_code, results.stderr) == (0, "")
    assert results.stdout.count("space-") == 2  # those with records
    stopped = next(row["run"] for row in found["tried"] if not row["ended"])
    assert "W612" in run("results", stopped).stderr
    assert (tmp_path / "search" / "front.svg").read_text().startswith("<svg")
    assert (tmp_path / "search" / "front.png").read_bytes().startswith(b"\x89PNG")


def test_an_edited_record_is_told_and_its_figures_are_not(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, flags = tmp_path / "search", ("--trials", 2, "--epochs", 1)
    best, *others = searched(spec, folder, *flags)["tried"]
    record = Path(best["run"]) / "record.arch"
    text = record.read_text()
    edited, times = re.subn(r"(Test Accuracy: 0\.)\d", r"\g<1>99", text)
    assert times == 1
    record.write_text(edited)
    told = run("results", folder).stderr
    assert "W601]: a measured block that was edited by hand" in told
    monkeypatch.setattr("vggdsl.experiments.search.on_ray.run_on_ray", at_once)
    for by in ((), ("--on", "ray")):
        done = run("search", spec, "-o", folder, *QUIET, *flags, *by)
        assert (done.exit_code, done.stderr) == (0, told)
        assert json.loads(done.stdout)["tried"] == [{**best, "test_accuracy": None, "weights": None}, *others]


def test_the_same_call_does_nothing_twice_and_more_trials_add_networks(spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "search"
    found = searched(spec, folder, "--trials", 4, "--params", "..2000")
    times = {path: path.stat().st_mtime_ns for path in folder.glob("*/*") if path.suffix != ".png"}
    assert searched(spec, folder, "--trials", 4, "--params", "..2000") == found
    assert {path: path.stat().st_mtime_ns for path in times} == times
    more = searched(spec, folder, "--trials", 6, "--params", "..2000")
    before = {row["number"]: row["network"] for row in found["tried"]}
    assert before.items() <= {row["number"]: row["network"] for row in more["tried"]}.items()
    lines = TEXT.splitlines()
    spec.write_text("# of what is searched\n\n" + "".join(f"{line}  # {n}\n\n" for n, line in enumerate(lines)))
    assert searched(spec, folder, "--trials", 6, "--params", "..2000") == more
    fewer = run("search", spec, "-o", folder, *TOLD, "--trials", 4, "--params", "..2000")
    assert json.loads(fewer.stdout) == more
    assert "at most 6 networks for at most 3 epochs" in fewer.stderr
    assert "goes on: 6 networks were begun; --trials 4 adds none, and all of them go on\n" in fewer.stderr
    other = run("search", spec, "-o", folder, *QUIET, "--params", "..1999")
    assert other.exit_code == 1
    assert "params ..2000, now ..1999" in other.stderr
    spec.write_text(TEXT.replace("FC-3", "FC-8 FC-3"))
    other = run("search", spec, "-o", folder, *QUIET, "--params", "..2000", "--epochs", 9, "--batch", 8)
    assert "this search: its space is another; batch 16, now 8; epochs 3, now 9\n" in other.stderr


def test_a_space_of_another_name_is_another_search(spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "search"
    flags = ("--trials", 1, "--epochs", 1)
    found = searched(spec, folder, *flags)
    runs = sorted(folder.iterdir())
    renamed = spec.rename(tmp_path / "other.arch")
    told = run("search", renamed, "-o", folder, *QUIET, *flags)
    assert (told.exit_code, told.stdout) == (1, "")
    assert "V613]: " in told.stderr
    assert "this search: name space, now other\n" in told.stderr
    assert sorted(folder.iterdir()) == runs
    assert searched(renamed.rename(spec), folder, *flags) == found


def test_what_the_search_trained_is_what_train_trains(spec: Path, tmp_path: Path) -> None:
    found = searched(spec, tmp_path / "search", "--halving", "none")
    assert run("search", spec, "--write", tmp_path / "nets").exit_code == 0
    networks = {load(path).network.graph.digest: path for path in (tmp_path / "nets").glob("*.arch")}
    assert {row["network"] for row in found["tried"]} == networks.keys()
    best = found["tried"][0]
    path = networks[best["network"]]
    result = run("train", path, "--runs", tmp_path / "runs", "--device", "cpu", "--log", "none", "--quiet", "--json")
    (trained,) = json.loads(result.stdout)
    assert (trained["val_accuracy"], trained["weights"]) == (best["val_accuracy"], load_run(best["run"]).result.weights)


def test_a_search_is_of_certain_data(tmp_path: Path) -> None:
    path = tmp_path / "space.arch"
    path.write_text(TEXT.replace("fake(n=100, classes=3)", 'folder("pics")'))
    for data, first in (("one", 0), ("two", 100)):
        for seed in range(first, first + 60):
            noise(tmp_path / data / "pics" / "abc"[seed % 3] / f"{seed}.png", seed)
    flags = ("--trials", 1, "--epochs", 1)
    searched(path, tmp_path / "search", "--data", tmp_path / "one", *flags)
    for data, others, told in (("two", (), "its images are others"), ("one", ("--skip-bad",), "skip-bad no, now yes")):
        result = run("search", path, "-o", tmp_path / "search", *QUIET, *flags, "--data", tmp_path / data, *others)
        assert (result.exit_code, "V613" in result.stderr, told in result.stderr) == (1, True, True), result.stderr


def test_images_that_change_while_it_goes_on_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, flags = tmp_path / "space.arch", ("--trials", 2, "--epochs", 1, "--data", tmp_path)
    path.write_text(TEXT.replace("fake(n=100, classes=3)", 'folder("pics")'))
    for seed in range(60):
        noise(tmp_path / "pics" / "abc"[seed % 3] / f"{seed}.png", seed)
    begun = list[object]()

    def changing(*of: Any) -> object:
        begun.append(of)
        if len(begun) == 2:
            noise(tmp_path / "pics" / "a" / "0.png", 100)
        return begin(*of)

    with monkeypatch.context() as patch:
        patch.setattr("vggdsl.experiments.search.trainings.begin", changing)
        result = run("search", path, "-o", tmp_path / "search", *QUIET, *flags)
    assert (result.exit_code, result.stdout, "V512" in result.stderr) == (1, "", True), result.stderr
    noise(tmp_path / "pics" / "a" / "0.png", 0)
    again, whole = (searched(path, tmp_path / name, *flags) for name in ("search", "whole"))
    assert [row["val_accuracy"] for row in again["tried"]] == [row["val_accuracy"] for row in whole["tried"]]


def test_images_that_cant_be_read_are_told_before_there_is_a_folder(tmp_path: Path) -> None:
    path, folder = tmp_path / "space.arch", tmp_path / "search"
    path.write_text(TEXT.replace("fake(n=100, classes=3)", 'folder("pics")'))
    for seed in range(60):
        noise(tmp_path / "pics" / "abc"[seed % 3] / f"{seed}.png", seed)
    (tmp_path / "pics" / "a" / "bad.png").write_text("none")
    flags = ("--trials", 1, "--epochs", 1)
    result = run("search", path, "-o", folder, *QUIET, *flags)
    assert (result.exit_code, result.stderr.count("V530"), folder.exists()) == (1, 1, False)
    searched(path, folder, *flags, "--skip-bad")


def test_what_a_search_stopped_early_is_left_alone_but_by_its_name(spec: Path, tmp_path: Path) -> None:
    found = searched(spec, tmp_path / "runs" / "search")
    assert run("search", spec, "--write", tmp_path / "nets").exit_code == 0
    begun = [Path(row["run"]) for row in found["tried"] if not row["ended"]]
    for runs, there in (("runs", False), ("runs/search", True)):
        flags = ("--missing", "--runs", tmp_path / runs, "--device", "cpu", "--log", "none", "--quiet")
        assert run("train", tmp_path / "nets", *flags).exit_code == 0
        assert {(path / "record.arch").is_file() for path in begun} == {there}


def test_what_is_trained_into_its_folder_is_no_part_of_it(spec: Path, tmp_path: Path) -> None:
    flags = ("--epochs", 2, "--trials", 2, "--halving", 2)
    found = searched(spec, tmp_path / "search", *flags)
    best, stopped = (Path(row["run"]) for row in found["tried"])
    assert not found["tried"][1]["ended"]
    for call in (
        (best / "spec.arch", "--epochs", 2, "--seeds", 2, "--missing"),
        (best / "spec.arch", "--epochs", 1),
        (best / "record.arch",),
        (stopped / "spec.arch", "--epochs", 2),
    ):
        result = run("train", *call, "--runs", best.parent, "--device", "cpu", "--log", "none", "--quiet")
        assert result.exit_code == 0, result.output
    assert run("train", "--more", 1, best, "--quiet", "--log", "none").exit_code == 0
    assert len([*best.parent.glob("*/recipe.json")]) == 7
    assert searched(spec, tmp_path / "search", *flags) == found


def test_a_search_that_is_killed_goes_on_and_ends_as_one_that_never_was(spec: Path, tmp_path: Path) -> None:
    whole = searched(spec, tmp_path / "whole")
    folder = tmp_path / "killed"
    process = Forked(VGGDSL, "search", spec, "-o", folder, "--device", "cpu")
    while process.process.is_alive() and not list(folder.glob("space-003-*/metrics.csv")):
        time.sleep(0.01)
    process.process.kill()
    process.process.join()
    assert process.process.exitcode == -signal.SIGKILL, "it had come to its end"
    assert comparable(searched(spec, folder)) == comparable(whole)


@pytest.mark.thorough
def test_two_processes_share_a_search(spec: Path, tmp_path: Path) -> None:
    whole = searched(spec, tmp_path / "alone")
    folder = tmp_path / "shared"
    both = [Forked(VGGDSL, "search", spec, "-o", folder, *QUIET) for _ in range(2)]
    ended = [process.ended() for process in both]
    assert [done.returncode for done in ended] == [0, 0], ended
    for done in ended:
        assert comparable(json.loads(done.stdout)) == comparable(whole)


@pytest.mark.thorough
def test_ray_searches_as_one_process_does(spec: Path, tmp_path: Path) -> None:
    whole = run("search", spec, "-o", tmp_path / "alone", *TOLD)
    done = Forked(VGGDSL, "search", spec, "-o", tmp_path / "shared", *TOLD, "--on", "ray").ended()
    assert done.returncode == 0, done.stderr
    assert comparable(json.loads(done.stdout)) == comparable(json.loads(whole.stdout))
    told = [sorted(re.findall(r"^(to .*):.*(network .*)", each.stderr, re.MULTILINE)) for each in (whole, done)]
    assert told[0] == told[1] != []


def at_once(
    work: Callable[[Any], Any], tasks: Callable[[int], Any], share: object, shared: object, meanwhile: Any, died: object
) -> Iterator[Any]:
    """In the place of Ray, with room for three: the processes' work is done in this one, one after the other."""
    for place, task in enumerate(tasks(3)):
        came = work(task)
        meanwhile()
        yield place, came


def hindered(train: Callable[[Runs, Tried, int | None], None]) -> Callable[[Runs, Tried, int | None], None]:
    """Something looks wrong in the first training, and a second one that diverges has no room."""

    def hinders(runs: Runs, network: Tried, rung: int | None) -> None:
        if network.number == 2 and runs.recipe(network.spec).epochs == 20:
            raise TooLargeError(Diagnostic("V508", "out of memory"))
        train(runs, network, rung)
        if network.number == 1:
            runs.told(network, Diagnostic("W409", "it looks wrong"))

    return hinders


@pytest.mark.parametrize("text", [TEXT, DIVERGING])
def test_on_ray_it_tells_what_one_process_does(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vggdsl.experiments.search.on_ray.run_on_ray", at_once)
    monkeypatch.setattr(Runs, "train", hindered(Runs.train))
    (tmp_path / "space.arch").write_text(text)
    monkeypatch.chdir(tmp_path)
    lines, tables = list[list[str]](), list[str]()
    for others in ((), ("--on", "ray")):
        done = run("search", "space.arch", "--trials", 3, "--halving", 2, "--device", "cpu", *others)
        assert done.exit_code == (text == DIVERGING)
        lines.append(done.stderr.splitlines())
        tables.append(done.stdout)
        (tmp_path / "runs").rename(tmp_path / f"runs{len(lines)}")
    assert tables[0] == tables[1]
    reached = [[line for line in told if line.startswith("to ")] for told in lines]
    assert reached[0] == reached[1]
    assert bool(reached[0]) == (text == TEXT)
    assert sorted(lines[0]) == sorted(lines[1]), "what failed, and looks wrong, is told at the end"
    assert ("network 001: W409: it looks wrong" in lines[1], tables[1].count("failed")) == (
        text == TEXT,
        0 if text == TEXT else 3,
    )
    again = run("search", "space.arch", "-o", "runs2/space-search", "--device", "cpu", "--trials", 3, "--halving", 2)
    assert "goes on" in again.stderr
    assert "to epoch" not in again.stderr


@pytest.mark.parametrize(
    ("room", "flags", "workers"),
    [(64, (), 6), (2, (), 2), (0, (), 1), (64, ("--trials", 4), 4), (2, ("--workers", 3), 3)],
)
def test_so_many_processes_search_on_ray_as_there_is_room_and_work_for(
    room: int, flags: tuple[object, ...], workers: int, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()

    def nobody(
        work: object, tasks: Callable[[int], Any], *others: object, meanwhile: object, died: Callable[[int, str], None]
    ) -> Iterator[Any]:
        asked.append(len(tasks(room)))
        died(0, "")
        died(0, "its machine ran out of memory")
        yield from ()

    monkeypatch.setattr("vggdsl.experiments.search.on_ray.run_on_ray", nobody)
    done = run("search", spec, "-o", tmp_path / "search", *TOLD, "--on", "ray", *flags)
    assert asked == [workers]
    assert "a process died; another takes up what it was at\n" in done.stderr
    assert "a process died: its machine ran out of memory; another takes up what it was at\n" in done.stderr


def test_what_no_machine_has_is_refused_before_there_is_a_folder(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vggdsl.experiments.on_ray._keep_to_itself", lambda: None)
    monkeypatch.setattr("vggdsl.experiments.on_ray._connected", lambda: nullcontext([{"CPU": 2.0}]))
    done = run("search", spec, "-o", tmp_path / "search", *QUIET, "--on", "ray", "--cpus", 64)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "V540]: no machine of Ray's has 64 CPUs: 2 CPUs and 0 GPUs" in done.stderr
    assert not (tmp_path / "search").exists()


def test_networks_that_diverge_are_told_and_never_the_best(tmp_path: Path) -> None:
    path = tmp_path / "space.arch"
    path.write_text(DIVERGING)
    result = run("search", path, "-o", tmp_path / "search", *QUIET)
    rows = json.loads(result.stdout)["tried"]
    assert result.exit_code == 1
    assert {row["failed"] for row in rows} == {"its loss became no number"}
    assert {(row["ended"], row["front"], row["test_accuracy"]) for row in rows} == {(False, False, None)}
    assert result.stderr.count("V409") == len(rows) == 2
    again = run("search", path, "-o", tmp_path / "search", "--device", "cpu", "--quiet")
    assert (again.exit_code, again.stderr) == (1, "")
    assert "2 networks failed: its loss became no number" in again.stdout
    assert again.stdout.count("failed") == 3  # each network's row, too
    assert "goes on by" not in again.stdout


def test_ctrl_c_before_the_first_training_says_that_the_same_call_goes_on(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vggdsl.experiments.search.plan.Plan.open", press)
    result = run("search", spec, "-o", tmp_path / "search", *QUIET)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "V605" in result.stderr
    assert "the same call goes on with it" in result.stderr


def test_progress_is_told_on_standard_error(spec: Path, tmp_path: Path) -> None:
    result = run("search", spec, "-o", tmp_path / "search", "--trials", 2, "--device", "cpu")
    assert result.exit_code == 0
    assert "at most 2 networks for at most 3 epochs, one of 3 goes on after epoch 1" in result.stderr
    assert "to epoch 1: 2/2  network 002" in result.stderr
    assert "chosen by val" in result.stdout
    assert "to epoch 1" not in result.stdout


def test_a_table_says_what_it_is_worth_and_how_to_train_the_best_by_more_seeds(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = ("--epochs", 2, "--halving", 2, "--device", "cpu", "--quiet")
    lines = run("search", spec, *flags).stdout.splitlines()
    val_images = int(load_run(Path(lines[-2].removeprefix("the best: "))).result.split.split("/")[1])
    assert f"{val_images} validation images: one of them is {1 / val_images:.4f} of val" in lines
    told = "halving goes by accuracy alone"
    stars = sum(line.startswith("*") for line in lines) - 1  # and what it means
    assert any(line.startswith(told) for line in lines) == (stars < 3)
    call = lines[-1].removeprefix("by more seeds: vggdsl ").split()
    result = run(*call, "--device", "cpu", "--log", "none", "--quiet", "--json")
    assert result.exit_code == 0, result.output
    trained = json.loads(result.stdout)
    assert [row["seed"] for row in trained] == [1, 2, 3, 4], "that of the search is there"
    assert {Path(row["run"]).parent for row in trained} == {Path("runs")}


def test_a_budget_that_nothing_fits_leaves_no_folder(spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "search"
    result = run("search", spec, "-o", folder, *QUIET, "--params", "..10")
    assert (result.exit_code, "V614" in result.stderr, folder.exists()) == (2, True, False)
    assert searched(spec, folder, "--params", "..300")["tried"]


def test_how_many_there_are_is_counted_without_training(spec: Path, tmp_path: Path) -> None:
    result = run("search", spec, "--count", "--params", "..300")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "space: 6 networks"
    data = json.loads(run("search", spec, "--count", "--params", "..300", "--json").stdout)
    assert list(misfits(data, SCHEMAS["search --count --json"])) == []
    within = sum(row["params"] <= 300 for row in searched(spec, tmp_path / "search", "--halving", "none")["tried"])
    assert data["exact"]
    assert data["fitting"] == within
    assert f"{within} fit the budget" in result.stdout


def test_what_computes_the_same_is_told_before_and_behind_the_trainings(spec: Path, tmp_path: Path) -> None:
    spec.write_text(TEXT.replace("{a=2|4|8}", "2 ReLU x{1|2}").replace("conv{k=1|3}-4\n", ""))
    call = (
        "search",
        spec,
        "-o",
        tmp_path / "search",
        "--device",
        "cpu",
        "--halving",
        "none",
        "--epochs",
        "1",
        "--quiet",
    )
    told = run(*call)
    assert (told.exit_code, told.stderr.count("warning[")) == (0, 1)
    assert "warning[W209]: of 2 networks 1 has this: ReLU twice in a row" in told.stderr
    assert "\n002 has the weights of 001: it computes the same\n" in told.stdout
    first, second = json.loads(run(*call, "--json").stdout)["tried"]
    assert first["weights"] == second["weights"] == load_run(first["run"]).result.weights


def test_without_bounds_nothing_is_said_of_a_budget(spec: Path) -> None:
    assert run("search", spec, "--count").stdout == "space: 6 networks\n"
    text = TEXT.replace("conv3-{a=2|4|8} maxpool", "conv3-2 ( maxpool x4 | maxpool | maxpool )").replace("{k=1|3}", "3")
    told = run("search", "-", "--count", input=text).stdout.splitlines()
    assert (told[1][:17], told[2:]) == ("1 is no network: ", ["2 can be made, 1 of them different"])


def test_a_folder_is_no_space(tmp_path: Path) -> None:
    told = run("search", tmp_path, "--count")
    assert (told.exit_code, "help: name a spec in it\n" in told.stderr) == (2, True)


@pytest.mark.parametrize("flags", [("--count",), ("--write", "nets"), QUIET])
@pytest.mark.parametrize("block", ["block q(x) { conv3-$x conv3-{4|8} }", "block q(x) { conv3-$x }"])
def test_blocks_are_no_space(tmp_path: Path, block: str, flags: tuple[str, ...]) -> None:
    path = tmp_path / "blocks.arch"
    path.write_text(block)
    told = run("search", path, *flags)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == run("train", path).stderr
    assert "V210]: " in told.stderr


def test_equal_networks_are_told_from_ways_to_choose(spec: Path) -> None:
    text = TEXT.replace("maxpool\nconv", "x{1|2} maxpool\nconv{1|3}x{1|3}-4 ( identity | identity )\nconv", 1)
    result = run("search", "-", "--count", input=text.replace("{a=2|4|8}", "2").replace("conv{k=1|3}-4", "ReLU"))
    assert "16 can be made, 8 of them different" in result.stdout
    data = json.loads(run("search", spec, "--count", "--json").stdout)
    assert (data["within"], data["different"]) == (6, 6)


def test_specs_of_a_space_too_large_to_be_looked_at_are_not_written(tmp_path: Path) -> None:
    text = TEXT.replace("conv3-{a=2|4|8}", "conv3-{1..400} conv3-{1..400}")
    result = run("search", "-", "--params", "..10", "--write", tmp_path / "nets", input=text)
    assert (result.exit_code, (tmp_path / "nets").exists()) == (2, False)
    assert "100,000 networks at the most are looked at, " in " ".join(result.stderr.split())


def test_specs_are_written_and_nothing_else_is_overwritten(spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "nets"
    data = json.loads(run("search", spec, "--write", folder, "--params", "..300", "--json").stdout)
    assert list(misfits(data, SCHEMAS["search --write DIR --json"])) == []
    files = sorted(folder.iterdir())
    assert data["specs"] == len(files) > 0
    assert all(load(path).typed.params <= 300 for path in files)
    assert run("search", spec, "--write", folder, "--params", "..300").exit_code == 0
    files[0].write_text("mine")
    result = run("search", spec, "--write", folder, "--params", "..300")
    assert (result.exit_code, files[0].read_text()) == (2, "mine")
    assert f"V514]: {folder} has 1 spec of the names to be written, with another text: {files[0].name}" in result.stderr


def test_specs_are_not_written_beside_others(spec: Path, tmp_path: Path) -> None:
    """Which `train DIR` would train, too: of wider bounds, or of somebody else."""
    folder, narrow = tmp_path / "nets", ("--params", "..300")
    assert run("search", spec, "--write", folder).exit_code == 0
    wide = sorted(folder.iterdir())
    fitting = [path for path in wide if load(path).typed.params <= 300]
    beyond = [path for path in wide if path not in fitting]
    assert fitting
    assert beyond
    result = run("search", spec, "--write", folder, *narrow)
    assert (result.exit_code, result.stdout, sorted(folder.iterdir())) == (2, "", wide)
    assert f"V514]: {folder} has {len(beyond)} specs beside those that fit: {beyond[0].name}" in result.stderr
    for path in beyond:
        path.unlink()
    assert run("search", spec, "--write", folder, *narrow).exit_code == 0
    (folder / "mine").mkdir()
    (folder / "mine" / "other.arch").write_text(TEXT.replace("{a=2|4|8}", "2").replace("{k=1|3}", "1"))
    assert "1 spec beside those that fit: mine/other.arch" in run("search", spec, "--write", folder, *narrow).stderr


def test_where_a_space_lies_only_its_networks_are_others(spec: Path) -> None:
    """What it links to or begins with lies there, too."""
    (spec.parent / "base.arch").write_text(TEXT.replace("{a=2|4|8}", "2").replace("{k=1|3}", "1"))
    assert run("search", spec, "--write", spec.parent).exit_code == 0
    assert "specs beside those that fit" in run("search", spec, "--write", spec.parent, "--params", "..300").stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--params", "..10"), "V614"),
        (("--params", "..10", "--write", "nets"), "V614"),
        (("--recipe", "other"), "V504]: space has no recipe `other`"),
        (("--params", "2M"), "`2M` is no range: `..2M` is up to that, `2M..` from it, `2M..2M` just that"),
        (("--receptive-field", "19"), "`..19` is up to that"),
        (("--params", "..2%"), "is no range"),
        (("--params", "..~2M"), "is no range"),
        (("--macs", ".."), "leaves both ends open"),
        (("--receptive-field", "9..3"), "ends before it begins"),
        (("--halving", "1"), "neither a whole number"),
        (("--count", "--write", "nets"), "either --count or --write"),
        (("--count", "--trials", "5"), "either --trials or --count, which trains nothing"),
        (("--write", "nets", "--against", "macs"), "either --against or --write, which trains nothing"),
        (("--workers", "2"), "it goes with --on ray"),
        (("--cpus", "2"), "--cpus is what each process on Ray gets: it goes with --on ray"),
        (("--on", "ray", "--device", "cpu", "--gpus-each", "1"), "either --device cpu or --gpus-each"),
        (("--on", "ray", "--threads", "2"), "needs --cpus 2"),
    ],
)
def test_wrong_calls(spec: Path, tmp_path: Path, flags: tuple[str, ...], told: str) -> None:
    place = () if {"--count", "--write"} & {*flags} else ("-o", tmp_path / "search")
    result = run("search", spec, *place, *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())
    assert not Path("nets").exists()
