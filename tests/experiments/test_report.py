"""The page about runs: each part is there, nothing in it is taken for HTML, and what is missing is told."""

import base64
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
import torch
from commands import run as call
from images import noise
from PIL import Image
from refusals import findings
from trainings import spec_with

import vggdsl
from vggdsl.experiments.report import charts
from vggdsl.experiments.report.charts import PAGE, PAPER, Curve, curve, curves, drops, rate, svg
from vggdsl.experiments.report.differences import network_differences
from vggdsl.experiments.report.page import MARK, _environment
from vggdsl.experiments.report.pictures import Seen, _sheet
from vggdsl.experiments.report.written import default_path
from vggdsl.experiments.train import train
from vggdsl.records.run import Run, metrics_of
from vggdsl.records.runfolder import Use, read_plan
from vggdsl.records.table import two_decimals
from vggdsl.records.trained import load_trained

SPEC = """
source "a <b>paper</b> & more"
input 8x8x3
conv3-5 ReLU
maxpool
FC-3 softmax
claim precision 0.5 recall 0.25 split=test class=plain "Table 1"
claim top-1-error 30% split=test "Table 2"
train {
  data      folder("set", val=9)
  batch     4
  optimizer sgd(momentum=0.9)
  schedule  steps(1..2: 0.05, 3..3: 0.005)
  precision fp32
  epochs    3
  seeds     0 1
}
"""
CLASSES = ("<script>alert(1)</script>".replace("/", "∕"), 'b"onerror=x', "plain")
"""Names that a page must not obey; a slash can't stand in a folder's name."""


class _Parsed(HTMLParser):
    """The tags of a page, its headings, and what it would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.fetched, self.headings, self.open = list[str](), list[str](), list[int](), list[str]()
        self.alts = list[str | None]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.fetched += (value or "" for key, value in attrs if key in ("src", "href", "xlink:href", "action"))
        if tag == "img":
            self.alts.append(given.get("alt"))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        assert not any(key.startswith("on") for key, _ in attrs)


@pytest.fixture(scope="module", autouse=True)
def drawn_once() -> Iterator[None]:
    """A chart that was drawn isn't drawn again for the next page of the same run: that takes half of a page's time."""
    drawn: dict[str, str] = {}

    def kept(chart: charts.Chart) -> str:
        key = json.dumps(chart)
        if key not in drawn:
            drawn[key] = svg(chart)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "svg", kept)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reported")
    (made / "net.arch").write_text(SPEC)
    for part, count in (("train", 12), ("test", 4)):
        for label, name in enumerate(CLASSES):
            for i in range(count):
                noise(made / "set" / part / name / f"{i}.png", 1000 * (part == "test") + 100 * label + i, (9, 9))
    return made


@pytest.fixture(scope="module")
def trained(folder: Path) -> list[Run]:
    spec = vggdsl.load(folder / "net.arch")
    return [train(spec, seed=seed, runs=folder / "runs", device="cpu") for seed in (0, 1)]


@pytest.fixture(scope="module")
def page(trained: list[Run]) -> str:
    return vggdsl.report(trained[0])


@pytest.fixture
def copy(trained: list[Run], tmp_path: Path) -> Path:
    """A run to spoil."""
    return Path(shutil.copytree(trained[0].path, tmp_path / "run"))


def test_the_page_holds_each_part(page: str, trained: list[Run]) -> None:
    run = trained[0]
    assert str(run.line) in page
    for part in ("results", "curves", "network", "confusion", "classes", "mistakes", "right", "filters", "repeat"):
        assert f'id="{part}"' in page
    assert page.count('class="marks"') == 4  # loss, accuracy, learning rate, confusion matrix
    assert 'class="vggdsl"' in page
    assert "conv1_1" in page
    assert "Sealed: " in page
    assert f"vggdsl train {run.path / 'record.arch'}" in page
    assert "Not here" not in page


def test_its_figures_are_those_of_an_evaluation(page: str, trained: list[Run]) -> None:
    scores = vggdsl.evaluate(trained[0]).scores
    assert f"top-1 accuracy {100 * scores.accuracy():.2f}%" in page
    missed = sum(int(count) for count in re.findall(r"<li>(\d+) images? of [^<]+ taken for [^<]+</li>", page))
    assert missed == scores.confusion.sum() - scores.confusion.trace() > 0
    counts = re.findall(
        r'<text text-anchor="[a-z]+" transform="[^"]*" font-family="[^"]*" font-size="12px"[^>]*>(\d+)<', page
    )
    matrix = [str(count) for row in scores.confusion.tolist() for count in row]
    assert "".join(matrix) in "".join(counts)
    plain = scores.by_class[scores.classes.index("plain")]
    assert re.search(rf">plain</td>\s*<td>0.5 +{plain.precision:.3f} ", page)
    assert re.search(rf">30%</td>\s*<td>{100 * (1 - scores.accuracy()):.2f}%</td>", page)
    assert page.count('class="truth"') == len(scores) - scores.right(1) + len(
        {int(label) for label, guess in zip(scores.labels, scores.guesses, strict=True) if label == guess}
    )


def test_nothing_in_it_is_obeyed_or_fetched(page: str) -> None:
    parsed = _Parsed(page)
    assert "script" not in parsed.tags
    assert all(address.startswith(("data:", "#")) for address in parsed.fetched)
    assert "@import" not in page
    assert "url(" not in page
    assert None not in parsed.alts
    assert parsed.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(parsed.headings, parsed.headings[1:], strict=False))
    assert "&lt;script&gt;alert(1)" in page
    assert "a &lt;b&gt;paper&lt;/b&gt; &amp; more" in page


def test_the_same_run_gives_the_same_bytes(page: str, trained: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "svg", svg)  # drawn again
    assert vggdsl.report(trained[0].path) == page


def test_images_are_shown_as_the_network_gets_them(page: str, folder: Path) -> None:
    tiles = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^,]+), of class', page)
    assert tiles
    uri, name = tiles[0]
    shown = Image.open(io.BytesIO(base64.b64decode(uri)))
    assert shown.size == (8, 8)
    (file,) = [
        path
        for path in (folder / "set").rglob("*.png")
        if str(path).endswith(name.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"'))
    ]
    whole = np.asarray(Image.open(file).convert("RGB").resize((8, 8), Image.Resampling.BILINEAR))
    assert np.abs(np.asarray(shown).astype(int) - whole).max() <= 1


def test_the_share_of_the_own_class_is_shown_also_where_it_is_no_guess() -> None:
    """By it mistakes are sorted; and the file can be found."""
    tile = _environment().from_string('{% import "parts.html" as parts %}{{ parts.tile(seen, false) }}')
    seen = Seen("photos/3.png", "data:,", "cat", (("dog", 1.0), ("<b>", 0.0)), 0.0125)
    shown = tile.render(seen=seen)
    assert "is <b>cat</b>, 1.2%</p>" in shown
    assert re.findall(r"<span>(&?[<>\w;.%]+)</span></div>", shown) == ["&gt;99.9%", "&lt;0.1%"]
    assert '<p class="file">photos/3.png</p>' in shown
    assert "is <b>cat</b></p>" in tile.render(seen=replace(seen, guesses=(("dog", 0.9), ("cat", 0.1))))


def test_a_white_filter_has_a_border() -> None:
    sheet = np.asarray(_sheet(np.ones((3, 1, 2, 2), np.float32), columns=2))
    assert [tuple(sheet[0, 0]), tuple(sheet[1, 1])] == [(128, 128, 128, 255), (255, 255, 255, 255)]
    assert (sheet[-1, -1] == 0).all(), "there is no fourth"


def test_a_training_that_has_not_ended_is_shown_as_far_as_it_is(copy: Path) -> None:
    (copy / "record.arch").unlink()
    with pytest.warns(UserWarning, match="no record: W612"):
        page = vggdsl.report(copy)
    assert "was interrupted and has no record" in page
    assert f"vggdsl train --resume {copy}" in page
    assert page.count('class="marks"') == 4
    assert "weights of epoch" in page


def test_an_edited_record_is_told_and_does_not_count(copy: Path, trained: list[Run]) -> None:
    text = (copy / "record.arch").read_text("utf-8")
    (copy / "record.arch").write_text(re.sub(r"(?<=Test Accuracy: )0\.\d+", "0.9999", text), "utf-8")
    with pytest.warns(UserWarning, match="edited"):
        page = vggdsl.report(copy)
    assert "The measured block was edited" in page
    assert str(trained[0].line) not in page
    assert "0.9999" not in page[: page.index('id="record"')]
    assert "Sealed" not in page


def test_a_record_that_cannot_be_read_is_told(copy: Path) -> None:
    (copy / "record.arch").write_text("input 8x8x3 conv3-", "utf-8")
    with pytest.warns(UserWarning, match="no record: V101"):
        page = vggdsl.report(copy)
    assert page.count('class="marks"') == 4
    assert f"vggdsl train {copy / 'spec.arch'} --seed 0" in page


@pytest.mark.parametrize(
    ("runs", "page"),
    [
        (["runs/a"], "runs/a/report.html"),
        (["runs/a", "runs/b"], "runs/report.html"),
        (["runs/a", "./runs/s/b"], "runs/report.html"),
        (["a", "b"], "report.html"),
        (["one/a", "other/b"], "report.html"),
        (["../a", "b"], "{above}/report.html"),
        (["{here}/runs/a", "runs/b"], "{here}/runs/report.html"),
    ],
)
def test_a_page_of_several_runs_lies_in_the_folder_that_holds_them(runs: list[str], page: str) -> None:
    where = {"here": Path.cwd(), "above": Path.cwd().parent}
    assert str(default_path([Path(run.format(**where)) for run in runs])) == page.format(**where)


def test_without_its_images_the_rest_is_there(copy: Path, tmp_path: Path) -> None:
    plan = copy / "recipe.json"
    plan.write_text(plan.read_text("utf-8").replace("net.arch", "gone/net.arch"), "utf-8")
    (copy / "spec.arch").write_text((copy / "spec.arch").read_text("utf-8").replace('"set"', '"gone"'), "utf-8")
    done = call("report", copy, "--data", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "no answers: " in done.stderr
    page = (copy / "report.html").read_text("utf-8")
    assert page.count('class="marks"') == 3
    assert "Not here: " in page
    assert "filters of conv1" in page


def test_other_images_than_those_of_the_training_are_told(folder: Path, trained: list[Run], tmp_path: Path) -> None:
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    plan = moved / "runs" / trained[0].path.name / "recipe.json"
    plan.write_text(plan.read_text("utf-8").replace(str(folder), str(moved)), "utf-8")
    noise(moved / "set" / "test" / "plain" / "0.png", 7, (9, 9))
    with pytest.warns(UserWarning, match="the images aren't those of the training: "):
        assert "the images aren&#39;t those of the training: " in vggdsl.report(plan.parent)


def test_other_images_are_told_of_a_training_that_has_not_ended(copy: Path, folder: Path, tmp_path: Path) -> None:
    """Its record doesn't say which images it is of, its weights do. Where a split is drawn, that is another, too."""
    (copy / "record.arch").unlink()
    moved = Path(shutil.copytree(folder / "set", tmp_path / "set"))
    plan = copy / "recipe.json"
    plan.write_text(plan.read_text("utf-8").replace(str(folder), str(tmp_path)), "utf-8")
    (moved / "train" / "plain" / "0.png").unlink()
    other = re.compile(r"the images aren't those of the training: \w+ now, \w+ then(?P<split>; the split is another)?")
    for split, is_drawn in (("test", False), ("val", True)):
        done = call("report", copy, "-o", "-", "--split", split)
        found = other.search(done.stderr)
        assert found is not None, done.stderr
        assert (found["split"] is not None) == is_drawn
        assert (f"images of {split} may have been trained on" in done.stdout) == is_drawn
    assert "val may have been trained on" in call("evaluate", copy, "--split", "val").stderr
    with pytest.warns(UserWarning, match="val may have been trained on"):
        vggdsl.evaluate(copy, split="val")


@pytest.mark.parametrize("is_recorded", [True, False])
@pytest.mark.parametrize("rows", [None, 0])
def test_without_metrics_the_rest_is_there(copy: Path, rows: int | None, *, is_recorded: bool) -> None:
    table = copy / "metrics.csv"
    head = table.read_text("utf-8").partition("\n")[0]
    table.unlink()
    if rows is not None:
        table.write_text(head, "utf-8")
    if not is_recorded:
        (copy / "record.arch").unlink()
    with pytest.warns(UserWarning, match=r"no curves: .*/run has no metrics\.csv, or an empty one"):
        page = vggdsl.report(copy)
    assert page.count('class="marks"') == 1
    assert ('class="result"' in page) == is_recorded


@pytest.mark.parametrize("is_recorded", [True, False])
def test_metrics_that_end_in_a_torn_row(copy: Path, trained: list[Run], *, is_recorded: bool) -> None:
    table = copy / "metrics.csv"
    table.write_text(table.read_text("utf-8").rpartition(",")[0], "utf-8")
    if not is_recorded:
        (copy / "record.arch").unlink()
    with pytest.warns(UserWarning, match=r"no curves: .*row 3 is torn"):
        page = vggdsl.report([copy, trained[1].path])
    assert page.count('class="marks"') == 2 + 1 + 4


def test_metrics_are_held_against_weights_without_a_record(copy: Path) -> None:
    """A table that ends before its weights is one of a training that was stopped between the two."""
    (copy / "record.arch").unlink()
    folder, epochs = read_plan(copy).folder, metrics_of(copy, 3)
    best = load_trained(copy).epoch
    folder.write_metrics(
        [replace(e, val_accuracy=1.0, val_loss=0.0) if e.number == best % 3 + 1 else e for e in epochs]
    )
    with pytest.warns(
        UserWarning, match=rf"no curves: .*best\.safetensors is of epoch {best}, the best of metrics\.csv"
    ):
        assert vggdsl.report(copy).count('class="marks"') == 1
    use = Use(tuple(sorted(CLASSES)), load_trained(copy).normalisation, load_trained(copy).data)
    folder.write_weights("best.safetensors", load_trained(copy).network(), 3, use)
    folder.write_metrics(epochs[:2])
    with pytest.warns(UserWarning, match=r"is of epoch 3, metrics\.csv ends at epoch 2: stopped between the two"):
        assert vggdsl.report(copy).count('class="marks"') == 4


def test_a_record_of_another_text_is_told_and_does_not_count(copy: Path, trained: list[Run]) -> None:
    record = copy / "record.arch"
    record.write_text(record.read_text("utf-8").replace("0.005", "0.004"), "utf-8")
    with pytest.warns(
        UserWarning, match="no results: W602: .*the text above the measured block isn't what was measured"
    ):
        page = vggdsl.report(copy)
    assert "Not here: W602" in page
    assert "Sealed: " not in page
    assert "sealed, but the text above it" in page
    assert str(trained[0].line) not in page[: page.index('id="record"')]


def test_a_run_that_is_being_trained_is_not_called_interrupted(copy: Path) -> None:
    (copy / "record.arch").unlink()
    with read_plan(copy).folder.held(), pytest.warns(UserWarning, match="no record: it is being trained"):
        page = vggdsl.report(copy)
    assert "--resume" not in page
    assert page.count(f"vggdsl watch {copy}") >= 2


def test_a_training_goes_on_while_its_files_are_read(copy: Path) -> None:
    """Its weights are read after its metrics, and may be of any later epoch."""
    (copy / "record.arch").unlink()
    folder, trained = read_plan(copy).folder, load_trained(copy)
    use = Use(trained.classes, trained.normalisation, trained.data)
    folder.write_weights("best.safetensors", trained.network(), 3, use)
    folder.write_metrics(metrics_of(copy, 3)[:1])
    with folder.held(), pytest.warns(UserWarning, match="it is being trained"):
        page = vggdsl.report(copy)
    assert page.count('class="marks"') == 3  # of a single epoch no learning rate
    assert "files of others" not in page


def test_what_is_repeated_looks_where_the_run_did(copy: Path, folder: Path) -> None:
    plan = copy / "recipe.json"
    said = {**json.loads(plan.read_text("utf-8")), "data": str(folder), "skip-bad": True}
    plan.write_text(json.dumps(said), "utf-8")
    assert f"vggdsl train {copy / 'record.arch'} --data {folder} --skip-bad\n" in vggdsl.report(copy)


@pytest.mark.parametrize("plan", ["{", "{}"])
def test_what_is_no_run_in_a_folder_is_left_out(copy: Path, tmp_path: Path, plan: str) -> None:
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "recipe.json").write_text(plan)
    shutil.copy(copy / "spec.arch", torn)
    done = call("report", tmp_path, "-o", "-")
    assert done.exit_code == 0
    said = f"left out: V604: {torn} is no usable run: what it was to do can't be read: "
    assert said in done.stderr
    assert said.replace("'", "&#39;") in done.stdout
    assert ("recipe.json lacks 'spec'" in done.stderr) == (plan == "{}")
    assert findings(lambda: vggdsl.report([copy, torn]))[0].code == "V604"
    shutil.rmtree(copy)
    assert findings(lambda: vggdsl.report(tmp_path))[0].code == "V604"


def test_a_run_is_told_once(copy: Path, trained: list[Run], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(copy, target_is_directory=True)
    with pytest.warns(UserWarning, match="link is left out: it is .*, or a copy of it"):
        page = vggdsl.report([trained[0].path, copy, tmp_path / "link"])
    assert page.count("or a copy of it") == 2
    assert page.count("<h1>") == 1
    assert "runs</p>" not in page


def test_a_device_that_there_is_not(copy: Path) -> None:
    with pytest.raises(ValueError, match="device is auto, cpu or cuda, not 'tpu'"):
        vggdsl.report(copy, device="tpu")
    if not torch.cuda.is_available():
        assert findings(lambda: vggdsl.report(copy, device="cuda"))[0].code == "V509"
        assert "V509" in call("report", copy, "--device", "cuda").stderr


def test_of_many_images_that_cannot_be_read_some_are_named(copy: Path, folder: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(folder / "set", tmp_path / "set"))
    for image in (moved / "test").rglob("*.png"):
        image.write_bytes(b"")
    plan = copy / "recipe.json"
    plan.write_text(plan.read_text("utf-8").replace(str(folder), str(tmp_path)), "utf-8")
    with pytest.warns(UserWarning, match="no answers: .*; and 7 more"):
        assert "; and 7 more" in vggdsl.report(copy)


def test_what_is_said_of_training_batches_is_so(page: str, tmp_path: Path) -> None:
    assert "running ones, over batches." in page
    augmented = train(spec_with(), runs=tmp_path, device="cpu")
    assert "running ones, over augmented batches with dropout." in vggdsl.report(augmented)


def test_long_names_are_cut(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "set", tmp_path / "set")
    name = "n" * 200
    for part in ("train", "test"):
        (tmp_path / "set" / part / "plain").rename(tmp_path / "set" / part / name)
    (tmp_path / "net.arch").write_text(re.sub("claim.*\n", "", SPEC))
    page = vggdsl.report(train(vggdsl.load(tmp_path / "net.arch"), seed=0, runs=tmp_path, device="cpu"))
    short = f'<span title="{name}">{"n" * 39}…</span>'
    assert f'<td class="words">{short}</td>' in page
    assert f"is <b>{short}</b>" in page
    assert f"<span>{short}</span>" in page
    assert f"</b>{name}" not in page


def test_torn_weights_are_told(copy: Path) -> None:
    whole = (copy / "best.safetensors").read_bytes()
    (copy / "best.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match="no weights: .*torn"):
        page = vggdsl.report(copy)
    assert page.count('class="marks"') == 3
    assert page.count("best.safetensors is torn") >= 2


def test_files_of_another_run_do_not_answer_for_it(copy: Path, trained: list[Run]) -> None:
    shutil.copy(trained[1].path / "record.arch", copy)
    with pytest.warns(UserWarning, match="holds files of others"):
        page = vggdsl.report(copy)
    assert str(trained[1].line) not in page[: page.index("<main>")]


def test_of_what_is_no_run_nothing_is_told(tmp_path: Path, copy: Path) -> None:
    assert findings(lambda: vggdsl.report(tmp_path / "nowhere"))[0].code == "V501"
    (tmp_path / "empty").mkdir()
    assert findings(lambda: vggdsl.report(tmp_path / "empty"))[0].code == "V604"
    assert findings(lambda: vggdsl.report(copy / "last.safetensors"))[0].code == "V604"
    refused = call("report", copy / "record.arch")
    assert refused.exit_code == 1
    assert f"name the folder, {copy}" in refused.stderr
    with pytest.raises(ValueError, match="split is val or test"):
        vggdsl.report(copy, split="train")  # type: ignore[arg-type]  # on purpose


def test_only_a_report_is_replaced(copy: Path, tmp_path: Path, page: str) -> None:
    ours, mine = copy / "report.html", tmp_path / "mine.html"
    ours.write_text(page, "utf-8")
    mine.write_text(f"<p>what a page of vggdsl begins with: <pre>{MARK}")
    assert "V514" in call("report", copy, "-o", mine).stderr
    assert "name it report.html" in call("report", copy, "-o", tmp_path / ".html").stderr
    mine.write_text("mine")
    refused = call("report", copy, "-o", mine)
    assert (refused.exit_code, mine.read_text()) == (2, "mine")
    assert "V514" in refused.stderr
    assert "V518" in call("report", copy, "-o", copy / "record.arch", "--force").stderr
    assert call("report", copy, "-o", mine, "--force").exit_code == 0
    assert MARK in mine.read_text("utf-8")
    again = call("report", copy, "--split", "val")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout.startswith(f"{ours}: ")
    assert "val of folder" in ours.read_text("utf-8")


def test_figures_fit_a_column(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = tmp_path / "figures"
    done = call("report", copy, "-o", "-", "--figures", figures)
    assert (done.exit_code, done.stderr) == (0, f"{figures}: 8 figures\n")
    assert MARK in done.stdout
    charts = ("loss", "accuracy", "learning-rate", "confusion")
    assert {path.name for path in figures.iterdir()} == {
        f"run-{chart}{end}" for chart in charts for end in (".svg", ".png")
    }
    for chart in charts:
        picture, drawn = Image.open(figures / f"run-{chart}.png"), (figures / f"run-{chart}.svg").read_text("utf-8")
        assert picture.width / picture.info["dpi"][0] == pytest.approx(3.3, abs=0.02)
        assert "var(" not in drawn
        assert 'font-size="10.66' in drawn
        assert 'fill="#ffffff"' in drawn
    (figures / "run-loss.svg").write_text("mine")
    with monkeypatch.context() as patched:
        patched.setattr("vggdsl.cli.pages.account", None)  # nothing is evaluated for what is refused
        refused = call("report", copy, "--figures", figures)
    assert "name another with --figures, or add --force" in refused.stderr
    assert (refused.exit_code, (figures / "run-loss.svg").read_text()) == (2, "mine")
    assert not (copy / "report.html").exists()


def test_rules_stand_where_the_learning_rate_falls(trained: list[Run]) -> None:
    run = trained[0]
    assert drops(run) == [2]
    drawn = svg(rate(run.metrics, PAGE, drops(run)))
    assert drawn.count('stroke-dasharray="2,3"') == 1


def test_lines_are_told_apart_without_colours(trained: list[Run]) -> None:
    lines = [curve(str(i), trained[0].metrics, "val_loss") for i in range(24)]
    drawn = svg(curves(lines, "loss", PAPER))
    marks = re.findall(r'<path [^>]*stroke="(#\w+)" stroke-width="1.8"[^>]*?(?:stroke-dasharray="([\d,]+)")?/>', drawn)
    assert len({*marks}) >= 20
    assert len({dashes for _, dashes in marks}) >= 4


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((262.2, 1.6), {"50", "200"}),  # as the first epochs of a training that recovers
        ((0.00041, 0.0009), {"0.0005"}),
    ],
)
def test_losses_are_numbers_as_they_are_written(values: tuple[float, float], told: set[str]) -> None:
    drawn = svg(curves([Curve("net", [*enumerate(values, 1)])], "loss", PAGE))
    assert told <= {*re.findall(r">([^<>]*)</text>", drawn)}


def test_a_training_reports_at_once(folder: Path, tmp_path: Path) -> None:
    done = call("train", folder / "net.arch", "--seed", "0", "--epochs", "1", "--runs", tmp_path, "--report", "--quiet")
    assert done.exit_code == 0, done.stderr
    assert "look at it" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{tmp_path / 'net-s0-1' / 'report.html'}: ")
    assert MARK in (tmp_path / "net-s0-1" / "report.html").read_text("utf-8")


def test_several_runs_are_told_together(trained: list[Run], folder: Path) -> None:
    other = (
        (folder / "net.arch")
        .read_text("utf-8")
        .replace("conv3-5 ReLU", "conv3-6 ReLU")
        .replace("batch     4", "batch     6")
    )
    (folder / "other.arch").write_text(other)
    third = train(vggdsl.load(folder / "other.arch"), seed=0, runs=folder / "runs", device="cpu")
    page = vggdsl.report([*trained, third])
    assert vggdsl.report(folder / "runs") == page
    accuracies = [100 * run.result.test_accuracy for run in trained]
    assert f"{two_decimals(fmean(accuracies))} ± {two_decimals(stdev(accuracies))}%" in page
    assert "conv1_1: conv3-6 instead of conv3-5" in page
    assert re.search(r">batch</td>\s*<td[^>]*>4</td>\s*<td[^>]*>6</td>", page)
    assert "momentum" not in page[page.index('id="differences"') : page.index('id="networks"')]
    assert page.count('<details class="run">') == 2 + 3  # two networks, three runs
    assert page.count('class="marks"') == 2 + 3 * 4
    ids = re.findall(r' id="([^"]+)"', page)
    assert len({*ids}) == len(ids)
    parsed = _Parsed(page)
    assert all(after - before <= 1 for before, after in zip(parsed.headings, parsed.headings[1:], strict=False))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("conv3-8 maxpool conv3-16 maxpool FC-32 FC-4", []),
        (
            "conv3-4 maxpool conv3-8 maxpool FC-4",
            [
                "conv1_1: conv3-4 ReLU instead of conv3-8 ReLU",
                "conv2_1: conv3-8 ReLU instead of conv3-16 ReLU",
                "without fc3 FC-32 ReLU",
            ],
        ),
        ("conv3-8 maxpool conv3-16 BN maxpool FC-32 FC-4", ["with bn2_1 BN behind conv2_1"]),
        ("conv3-8 avgpool conv3-16 maxpool FC-32 FC-4", ["pool1: avgpool instead of maxpool"]),
    ],
)
def test_differences_of_networks_are_told_layer_by_layer(body: str, said: list[str]) -> None:
    one, other = (
        vggdsl.parse(f"input 16x16x3 {text} softmax") for text in ("conv3-8 maxpool conv3-16 maxpool FC-32 FC-4", body)
    )
    assert network_differences(one, other) == said
