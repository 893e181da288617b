"""Sets with images that can't be read, or that are there twice: what `train` says, leaves out and records."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from commands import json_lines, run, train
from images import noise
from json_types import misfits
from refusals import findings
from trainings import Impatient

import vggdsl
from vggdsl.cli.progress import PATIENCE, Bar, Lines
from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.train import Stopped, begin
from vggdsl.experiments.workplace import Workplace
from vggdsl.spec.parsing import load

SPEC = 'input 8x8x1 conv3-4 maxpool FC-2 softmax\ntrain {\n  data folder("set")\n  batch 8\n  epochs 2\n}\n'


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec beside a set of 30 images of two classes."""
    for k, name in enumerate("ab"):
        for i in range(15):
            noise(tmp_path / "set" / name / f"{i:02}.png", 100 * k + i)
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    return path


def spoil(spec: Path, *names: str) -> None:
    for name in names:
        (spec.parent / "set" / name).write_bytes(b"")


def test_all_bad_images_are_told_before_a_training(spec: Path) -> None:
    spoil(spec, "a/03.png", "b/07.png")
    (spec.parent / "set" / "b" / "01.png").write_text("<html>")
    runs = spec.parent / "runs"
    done = train(spec, "--seeds", 3, runs=runs)
    assert (done.exit_code, done.stdout, runs.exists()) == (1, "", False)
    assert done.stderr.count("error[V530]") == 2, "told once for all seeds"
    for told in (
        "2 images in ",
        "can't be read: it is empty: a/03.png, b/07.png",
        "b/01.png can't be read: it is a web page (HTML), and no image",
        '3 |   data folder("set")',
        "or leave them out: `--skip-bad`",
    ):
        assert done.stderr.count(told) == 1, done.stderr


def test_a_record_says_how_many_were_left_out(spec: Path) -> None:
    runs = spec.parent / "runs"
    spoil(spec, "a/03.png", "b/07.png", "b/08.png")
    done = train(spec, "--skip-bad", runs=runs)
    assert done.exit_code == 0, done.output
    assert "warning[W503]: 3 images in " in done.stderr
    found = vggdsl.load_run(runs / "net-s0-1")
    assert found.result.left_out == 3
    assert sum(map(int, found.result.split.split("/"))) == 27
    assert " left-out=3" in (found.path / "record.arch").read_text()
    assert "3 unreadable images left out" in run("results", runs, "--format", "markdown").stdout
    record = found.path / "record.arch"
    refused = train(record, runs=runs)
    assert (refused.exit_code, "V530" in refused.stderr) == (1, True)
    again = train(record, "--skip-bad", runs=runs)
    assert "agrees in every digit" in again.stdout
    spoil(spec, "b/09.png")
    other = train(record, "--skip-bad", runs=runs)
    assert "left-out 3 then, 4 now" in other.stdout
    assert "agrees" not in other.stdout


def test_a_whole_set_with_the_flag_is_a_whole_set(spec: Path) -> None:
    runs = spec.parent / "runs"
    for flags in ((), ("--skip-bad",)):
        assert train(spec, *flags, runs=runs).exit_code == 0
    plain, flagged = (vggdsl.load_run(runs / f"net-s0-{n}") for n in (1, 2))
    assert flagged.result.left_out == 0
    assert "left-out" not in (flagged.path / "record.arch").read_text()
    assert plain.result.weights == flagged.result.weights


def test_python_leaves_out_and_warns(spec: Path) -> None:
    spoil(spec, "a/03.png")
    runs = spec.parent / "runs"
    with pytest.raises(vggdsl.VggdslError, match="V530"):
        vggdsl.train(spec, runs=runs, device="cpu")
    with pytest.warns(UserWarning, match=r"W503: .*03\.png can't be read: it is empty"):
        found = vggdsl.train(spec, runs=runs, device="cpu", skip_bad=True)
    assert found.result.left_out == 1


def test_a_run_goes_on_as_it_began(spec: Path) -> None:
    spoil(spec, "a/03.png")
    loaded = load(spec)
    place = Workplace(device="cpu", runs=spec.parent / "runs", skip_bad=True)
    with pytest.raises(Stopped) as stopped:
        begin(Experiment.of(loaded, loaded.recipe()), 0, place, Impatient(step=4))
    done = run("train", "--resume", stopped.value.path, "--log", "none")
    assert done.exit_code == 0, done.output
    assert vggdsl.load_run(stopped.value.path).result.left_out == 1
    plan = stopped.value.path / "recipe.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "skip-bad": "yes"}))
    assert "V604" in run("train", "--resume", plan.parent).stderr


def test_what_is_measured_without_them_isn_t_measured_again(spec: Path) -> None:
    spoil(spec, "a/03.png")
    runs = spec.parent / "runs"
    assert train(spec, "--skip-bad", "--missing", runs=runs).exit_code == 0
    assert train(spec, "--skip-bad", "--missing", runs=runs).exit_code == 0
    spoil(spec, "a/04.png")
    assert [path.name for path in runs.iterdir()] == ["net-s0-1"]
    assert train(spec, "--skip-bad", "--missing", runs=runs).exit_code == 0
    assert {path.name for path in runs.iterdir()} == {"net-s0-1", "net-s0-2"}


def test_what_looks_wrong_is_told_without_progress_too(spec: Path) -> None:
    (spec.parent / "set" / "b" / "x.png").write_bytes((spec.parent / "set" / "a" / "03.png").read_bytes())
    spoil(spec, "a/01.png")
    done = train(spec, "--quiet", "--json", "--skip-bad", runs=spec.parent / "runs")
    assert "warning[W502]: 1 image is in several classes" in done.stderr
    assert "epoch" not in done.stderr
    (row,) = json.loads(done.stdout)
    assert list(misfits([row], SCHEMAS["train --json"])) == []
    assert {"W502", "W503"} <= {each["code"] for each in row["warnings"]}
    assert row["left_out"] == 1
    assert (row["classes"]["n"], row["classes"]["without"]) == (2, {})
    assert row["classes"]["smallest"] <= row["classes"]["largest"] <= 12


def test_the_first_lines_tell_the_classes(spec: Path) -> None:
    for path in (spec.parent / "set" / "a").glob("1*.png"):
        path.unlink()
    lines = train(spec, runs=spec.parent / "runs").stderr.splitlines()
    assert lines[0].startswith("net: ")
    assert lines[1] == "training images a class: a 7, b 11; always guessing b: test accuracy 0.6000"


def test_reading_that_takes_long_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    lines = Lines(clock=lambda: now[0])
    for done in range(1, 10):
        now[0] += PATIENCE / 3
        lines.reading(1000 * done, 9000)
    assert capsys.readouterr().err.splitlines() == [f"looking at the images: {done},000/9,000" for done in (3, 6, 9)]
    bar = Bar()
    bar.reading(1, 9000)
    bar.ended()
    assert capsys.readouterr().err == ""


# -- predict


@pytest.fixture
def trained(spec: Path) -> Path:
    """A run, trained for an epoch."""
    assert train(spec, "--epochs", 1, runs=spec.parent / "runs").exit_code == 0
    return spec.parent / "runs" / "net-s0-1"


def some(folder: Path) -> list[Path]:
    """40 paths: more than are predicted at once; of them one is cut, one empty, one a web page, one missing."""
    paths = [folder / f"{i:02}.png" for i in range(40)]
    for i, path in enumerate(paths):
        noise(path, i)
    paths[3].write_bytes(paths[3].read_bytes()[:200])
    paths[21].write_bytes(b"")
    paths[34].write_text("<html>")
    paths[39].unlink()
    return paths


BAD = {
    3: "it is truncated",
    21: "it is empty",
    34: "it is a web page (HTML), and no image",
    39: "No such file or directory",
}


def model_of(trained: Path) -> Path:
    path = trained.parent / "net.onnx"
    assert run("export", trained, "--onnx", "-o", path).exit_code == 0
    return path


@pytest.mark.parametrize("by", ["run", "file"])
def test_all_good_images_are_named(by: str, trained: Path) -> None:
    paths = some(trained.parent / "some")
    model = trained if by == "run" else model_of(trained)
    done = run("predict", model, *paths, "--top", 1)
    assert done.exit_code == 1
    named = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert named == [str(path) for i, path in enumerate(paths) if i not in BAD]
    for i, why in BAD.items():
        assert done.stderr.count(f"error[V530]: {paths[i]} can't be read: {why}") == 1
    assert done.stderr.count("error[") == len(BAD)
    good = [path for i, path in enumerate(paths) if i not in BAD]
    again = run("predict", model, *good, "--top", 1)
    assert (again.exit_code, again.stdout) == (0, done.stdout)


def test_of_a_folder_all_images_are_named(trained: Path) -> None:
    folder = trained.parent / "photos"
    for name in ("b.png", "a.JPG", "more/c.gif", ".d.png", "._a.JPG", ".ipynb_checkpoints/e.png", "__MACOSX/f.png"):
        noise(folder / name, 7)
    for name in ("Thumbs.db", "desktop.ini", "notes.txt"):
        (folder / name).write_text("x")
    done = run("predict", trained, folder, "--top", 1)
    named = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert (done.exit_code, named) == (0, [str(folder / name) for name in ("a.JPG", "b.png", "more/c.gif")])
    assert f"note: 1 file in {folder} passed over: 1 .txt; images end in " in done.stderr
    both = run("predict", trained, folder, folder / "more", "--json")
    assert [Path(row["image"]).name for row in json_lines(both.stdout)] == ["a.JPG", "b.png", "c.gif", "c.gif"]
    (folder / "empty").mkdir()
    done = run("predict", trained, folder / "empty")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error[V530]: {folder / 'empty'} can't be read: it holds no images" in done.stderr
    done = run("predict", trained, folder / "empty", folder / "more", "--json")
    rows = json_lines(done.stdout)
    assert (done.exit_code, [row["error"] for row in rows]) == (1, ["it holds no images", None])
    assert rows[0]["image"] == str(folder / "empty")


def test_one_bad_image_of_21(trained: Path) -> None:
    paths = some(trained.parent / "some")[:21]
    done = run("predict", trained, *paths)
    assert (done.exit_code, len(done.stdout.splitlines()), done.stderr.count("error[")) == (1, 20, 1)


def test_json_is_whole_with_bad_images(trained: Path) -> None:
    paths = some(trained.parent / "some")
    done = run("predict", model_of(trained), *paths, "--json")
    rows = json_lines(done.stdout)
    assert [misfit for row in rows for misfit in misfits(row, SCHEMAS["predict --json"])] == []
    assert [row["image"] for row in rows] == list(map(str, paths))
    assert {i: row["error"] for i, row in enumerate(rows) if row["error"]} == BAD
    assert [len(row["top"]) for row in rows] == [0 if i in BAD else 2 for i in range(40)]
    assert done.stdout == "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (only,) = json_lines(run("predict", trained, paths[21], "--json").stdout)
    assert (only["top"], only["error"]) == ([], "it is empty")


def test_a_call_that_names_nothing_that_is_there_is_wrong(trained: Path) -> None:
    gone = [trained.parent / "gone.png", trained.parent / "neither"]
    for form in ((), ("--json",)):
        done = run("predict", trained, *gone, *form)
        assert (done.exit_code, done.stdout) == (2, "")
        assert all(f"error[V501]: no image and no folder `{path}`" in done.stderr for path in gone)
    done = run("predict", trained, gone[0], some(trained.parent / "some")[0])
    assert (done.exit_code, len(done.stdout.splitlines()), done.stderr.count("error[V530]")) == (1, 1, 1)


def test_json_is_whole_where_predicting_fails(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vggdsl.targets.predict import Predictor
    from vggdsl.text.errors import Diagnostic, InputError

    paths, answers = some(trained.parent / "some"), Predictor.answers

    def failing(self: Predictor, images: Sequence[Path], top: int = 5) -> Iterator[object]:
        yield from answers(self, images[:2], top)
        raise InputError(Diagnostic("V531", "it can't be run"))

    monkeypatch.setattr(Predictor, "answers", failing)
    done = run("predict", trained, *paths, "--json")
    assert (done.exit_code, "V531" in done.stderr, len(json_lines(done.stdout))) == (1, True, 2)


def test_guesses_are_told_as_they_come(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vggdsl.data.preprocessing import Preprocessing
    from vggdsl.targets import predict

    read, most = list[Path](), list[int]()
    paths = some(trained.parent / "some")
    whole, best = Preprocessing.read, predict.best_guesses

    def reads(self: Preprocessing, path: Path) -> object:
        read.append(path)
        return whole(self, path)

    def guesses(*arguments: object, **options: object) -> object:
        most.append(len(read))
        return best(*arguments, **options)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(Preprocessing, "read", reads)
    monkeypatch.setattr(predict, "best_guesses", guesses)
    assert run("predict", model_of(trained), *paths).exit_code == 1
    assert (most[0], most[-1]) == (predict.BATCH, 40), "no more are in memory than a batch"


def test_python_tells_all_bad_images(trained: Path) -> None:
    paths = some(trained.parent / "some")
    found = vggdsl.load_run(trained)
    told = findings(lambda: found.predict(paths))
    assert [each.message for each in told] == [f"{paths[i]} can't be read: {why}" for i, why in BAD.items()]
    assert len(found.predict([path for i, path in enumerate(paths) if i not in BAD])) == 36
