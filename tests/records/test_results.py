"""Claimed beside measured: averaged over seeds, subtracted under equal protocols only; and families that are
trained until nothing is missing."""

import csv
import io
import json
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import commands
import pytest
import torch
from click.testing import Result
from images import save
from made_up import result_of, run_of, with_blocks
from trainings import Impatient

from vggdsl.cli import runs
from vggdsl.data.dataset import find_data, load_data
from vggdsl.experiments import missing
from vggdsl.experiments.missing import Missing
from vggdsl.experiments.train import train
from vggdsl.experiments.workplace import Workplace
from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.collect import collect, counted, evaluated
from vggdsl.records.compare import compare
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.result import TOP_1
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.protocol import Protocol, View

BODY = """input 8x8x1
conv3-{width} maxpool
FC-3 softmax
train {{
  data   fake(n=100, classes=3)
  batch  16
  epochs 2
}}
"""
CLAIMS = """claim Epoch 2/2 - Train Accuracy: 0.5 - Val Accuracy: 0.4 - Test Accuracy: 0.3333 "slide 1"
claim top-1-error 60% split=val "Table 1"
claim top-1-error 50% split=test view=dense
"""


def _json(*arguments: object) -> list[dict[str, Any]]:
    done = commands.run("results", *arguments, "--format", "json")
    assert done.exit_code == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def _train(folder: Path, *options: object) -> Result:
    return commands.train(folder / "family", "--missing", *options, runs=folder / "runs")


def _write(folder: Path) -> Path:
    family = folder / "family"
    (family / "blocks").mkdir(parents=True)
    (family / "small.arch").write_text(BODY.format(width=2) + CLAIMS)
    (family / "wide.arch").write_text(BODY.format(width=4))
    (family / "parts.arch").write_text("block p(c) { conv3-$c }\n")
    (family / "blocks" / "other.arch").write_text("not a spec")
    (family / ".hidden.arch").write_text("not a spec")
    return folder


def _runs(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "runs").iterdir())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A family of two, trained with three seeds."""
    folder = _write(tmp_path_factory.mktemp("trained"))
    done = _train(folder, "--seeds", "3")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("wide")
    return folder


# -- means over seeds


def test_means_and_deviations_are_those_over_the_seeds(trained: Path) -> None:
    assert _runs(trained) == [f"{name}-s{seed}-1" for name in ("small", "wide") for seed in range(3)]
    lines = {name: [] for name in ("small", "wide")}  # type: dict[str, list[Any]]
    for name in _runs(trained):
        (measured,) = load(trained / "runs" / name / "record.arch").measurements
        lines[name.partition("-")[0]].append(measured.line)
    rows = _json(trained / "family", trained / "runs")
    seen = set()
    for row in rows:
        if row["measured"] is None:
            continue
        split = row["measure"].removesuffix("-accuracy")
        values = [100 * float(getattr(line, "val" if "-error" in split else split)) for line in lines[row["name"]]]
        if "-error" in split:
            values = [100 - value for value in values]
        assert row["measured"]["mean"] == pytest.approx(statistics.mean(values))
        assert row["measured"]["std"] == pytest.approx(statistics.stdev(values))
        assert [each["value"] for each in row["measured"]["seeds"]] == pytest.approx(values)
        assert [each["seed"] for each in row["measured"]["seeds"]] == [0, 1, 2]
        assert (row["measured"]["n"], row["measured"]["split"]) == (3, "70/10/20")
        if row["claimed"] is not None:
            assert row["difference"] == pytest.approx(statistics.mean(values) - row["claimed"]["value"])
        seen.add((row["name"], row["measure"]))
    accuracies = {f"{split}-accuracy" for split in ("train", "val", "test")}
    assert seen == {(name, a) for name in lines for a in accuracies} | {("small", "top-1-error")}


def test_a_single_seed_has_no_deviation(trained: Path) -> None:
    rows = _json(trained / "family" / "wide.arch", trained / "runs" / "wide-s1-1")
    assert [(row["measured"]["n"], row["measured"]["std"]) for row in rows] == [(1, None)] * 3
    (line,) = commands.run("results", trained / "runs" / "wide-s1-1").stdout.splitlines()[2:]
    assert "±" not in line
    assert f"{rows[-1]['measured']['mean']:.2f}%" in line


def test_a_block_counts_once_wherever_it_stands(trained: Path, tmp_path: Path) -> None:
    spec = tmp_path / "wide.arch"
    spec.write_text((trained / "family" / "wide.arch").read_text())
    for seed in range(3):
        assert commands.run("record", trained / "runs" / f"wide-s{seed}-1", "--into", spec).exit_code == 0
    alone = _json(spec)
    assert [row["measured"]["n"] for row in alone] == [3] * 3
    both = _json(spec, trained / "runs", trained / "runs" / "wide-s0-1" / "record.arch", spec)
    assert [row for row in both if row["name"] == "wide"] == alone


def test_of_one_seed_the_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    spec = parse(BODY.format(width=2), "net.arch")
    one = result_of(spec, seed=4)
    path.write_text(with_blocks(spec, one, replace(one, minutes=2.0), replace(one, test_accuracy=0.9)))
    done = commands.run("results", path, "--format", "json")
    assert done.stderr.count("W610") == 1
    assert "seed 4, and not alike" in done.stderr
    assert json.loads(done.stdout)[-1]["measured"]["mean"] == 70


def test_only_what_was_measured_alike_is_averaged(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    spec = parse(BODY.format(width=2), "net.arch")
    one = result_of(spec)
    others = (
        replace(one, seed=1),
        replace(one, seed=2, data="ffffffff"),
        replace(one, seed=3, split="1/2/3"),
        replace(one, seed=4, deviations=("epochs 1",), epochs=1, best=1),
    )
    path.write_text(with_blocks(spec, one, *others))
    rows = [row for row in _json(path) if row["measure"] == "test-accuracy"]
    assert [[each["seed"] for each in row["measured"]["seeds"]] for row in rows] == [[0, 1], [2], [3], [4]]
    assert rows[-1]["measured"]["deviates"] == "epochs 1"
    assert "deviates: epochs 1" in commands.run("results", path).stdout.splitlines()[-1]


def test_rows_of_one_protocol_say_in_what_they_differ(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    spec = parse(BODY.format(width=2) + "claim top-1-accuracy 70% split=test\n", "net.arch")
    one = result_of(spec)
    path.write_text(with_blocks(spec, one, replace(one, seed=1, precision="bf16"), replace(one, seed=2, start="a" * 8)))
    rows = [line.partition("  split=test")[2] for line in commands.run("results", path).stdout.splitlines()[2:]]
    assert rows == [
        "; trained in fp32; from no other weights",
        "; trained in bf16; from no other weights",
        f"; trained in fp32; from weights {'a' * 8}",
    ]
    read = list(csv.DictReader(io.StringIO(commands.run("results", path, "--format", "csv").stdout)))
    shown = [(row["precision"], row["from"]) for row in read if row["measure"] == "top-1-accuracy"]
    assert shown == [("fp32", ""), ("bf16", ""), ("fp32", "a" * 8)]
    path.write_text(with_blocks(spec, one, replace(one, seed=1)))
    assert "trained in" not in commands.run("results", path).stdout, "one row needs no more than its protocol"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (("epochs 2", "epochs 2"), ["", ""]),
        (("conv3-2", "conv3-2 ReLU6"), ["; network {0}", "; network {1}"]),
        (("batch  16", "batch 8"), ["; batch 16", "; batch 8"]),
        (
            ("batch  16", "batch 8\n  clip norm(1)\n  loss cross-entropy(smoothing=0.1)\n  precision bf16"),
            ["; recipe {0}", "; recipe {1}"],
        ),
    ],
)
def test_what_an_edited_spec_left_is_told_apart(edit: tuple[str, str], told: list[str], tmp_path: Path) -> None:
    text = BODY.format(width=2)
    specs = [parse(each, "net.arch") for each in (text, text.replace(*edit))]
    for i, spec in enumerate(specs):
        run_of(spec, tmp_path / "runs" / f"net-s{i}-1", seed=i)
    rows = commands.run("results", tmp_path / "runs").stdout.splitlines()[2:]
    digests = [spec.network.graph.digest if "network" in told[0] else spec.recipe().digest for spec in specs]
    ends = [each.format(*(digest[:8] for digest in digests)) for each in told]
    assert len(rows) == len({*digests})
    assert [row.partition("2 epochs")[2] for row in rows] == ends[: len(rows)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("Test Accuracy: 0.7", "Test Accuracy: 0.9"), "W601"),
        (lambda text: text.replace("conv3-2", "conv3-3"), "W602"),
        (lambda text: text.replace("epochs 2", "epochs 3"), "W602"),
    ],
)
def test_edited_and_stale_blocks_do_not_count(change: Callable[[str], str], code: str, tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    spec = parse(BODY.format(width=2), "net.arch")
    text = with_blocks(spec, result_of(spec))
    assert change(text) != text
    path.write_text(change(text))
    done = commands.run("results", path)
    assert (done.exit_code, code in done.stderr) == (0, True)
    assert "0.7" not in done.stdout
    assert "70.00" not in done.stdout
    path.write_text(text)
    assert "70.00%" in commands.run("results", path).stdout


# -- claims


def test_a_claim_is_subtracted_under_its_protocol_only(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    spec = parse(BODY.format(width=2) + CLAIMS, "net.arch")
    path.write_text(with_blocks(spec, result_of(spec)))
    by_measure = {(r["measure"], str(r["claimed"]["protocol"])): r for r in _json(path)}
    line = {name: by_measure[f"{name}-accuracy", "{'epochs': 2}"] for name in ("train", "val", "test")}
    assert [line[name]["difference"] for name in line] == [0, 20, pytest.approx(36.67)]
    error = by_measure["top-1-error", "{'split': 'val'}"]
    assert (error["measured"]["mean"], error["difference"]) == (40, -20)
    dense = by_measure["top-1-error", "{'split': 'test', 'view': 'dense'}"]
    assert (dense["measured"], dense["difference"]) == (None, None)
    assert dense["differs"] == ["view=dense claimed, centre here"]

    deviating = replace(result_of(spec), deviations=("batch 8",))
    path.write_text(with_blocks(spec, deviating))
    for row in _json(path):
        assert row["difference"] is None
        assert any("deviates" in text for text in row["differs"])
    assert commands.run("results", path).stdout.count("not compared") == 2
    longer = parse(spec.source.text.replace("Epoch 2/2", "Epoch 2/40"), "net.arch")
    path.write_text(with_blocks(longer, result_of(longer)))
    assert "40 epochs allowed there, 2 here" in commands.run("results", path).stdout


@pytest.mark.parametrize("name", ["vgg_d", "vgg_e"])
def test_what_vgg_measured_densely_is_not_measured_by_a_run(name: str, tmp_path: Path) -> None:
    spec = load(name)
    path = tmp_path / f"{name}.arch"
    path.write_text(with_blocks(spec, result_of(spec, "S256", scale=224), result_of(spec, "S384", seed=1, scale=224)))
    lines = commands.run("results", path).stdout.splitlines()
    claimed = [line for line in lines if "error" in line]
    assert len(claimed) == sum(len(claim.measures) for claim in spec.results)
    assert not any("+" in line.replace("dense+grid", "") for line in claimed)
    measured = [line for line in claimed if "train=S256" in line or "train=S384" in line]
    assert measured
    assert all("not measured" in line and "view=dense claimed, centre here" in line for line in measured)
    assert all("not measured" not in line for line in claimed if "train=jitter" in line)
    assert [line.split()[6] for line in lines if "test-accuracy" in line] == ["70.00%", "70.00%"]


def test_a_block_is_of_the_scale_that_its_recipe_evaluates_at(tmp_path: Path) -> None:
    body = "input 8x8x3 conv3-2 maxpool FC-3 softmax\n"
    recipe = 'train {{\n  data folder("x")\n  augment {} hflip\n}}\n'
    claims = "".join(f"claim top-1-accuracy 60% split=test scale={scale}\n" for scale in (8, 12))
    path = tmp_path / "net.arch"
    for augment, differences in (("scale(8..16) crop(8)", [None, 10]), ("crop(8, pad=1)", [10, None])):
        spec = parse(body + recipe.format(augment) + claims, "net.arch")
        path.write_text(with_blocks(spec, result_of(spec)))
        assert [row["difference"] for row in _json(path) if row["claimed"]] == differences


def test_a_claim_of_one_seed_is_held_against_that_seed(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    spec = parse(BODY.format(width=2) + "claim top-1-accuracy 60% split=test seed=1\n", "net.arch")
    path.write_text(with_blocks(spec, result_of(spec), result_of(spec, seed=1, test_accuracy=0.65)))
    (row,) = [row for row in _json(path) if row["claimed"]]
    assert ([each["seed"] for each in row["measured"]["seeds"]], row["difference"]) == ([1], 5)


# -- the table


def test_a_family_of_which_one_was_trained_in_several_ways() -> None:
    folder = Path(str(load("vgg_reconstructed/c222").source.name)).absolute().parent
    table = commands.run("results", folder).stdout.splitlines()[2:]
    trained = [line for line in table if line.split()[0] == "c232_fc256_256"]
    assert len({len(line.rstrip()) - len(line.split("cifar10")[-1]) for line in table}) == 1
    rest = [line for line in table if line not in trained]
    names = [line.split()[0] for line in [*rest, trained[0]]]
    assert sorted(names) == sorted(path.stem for path in folder.glob("*.arch"))
    for line in rest:
        name = line.split()[0]
        spec = load(folder / f"{name}.arch")
        assert f"{spec.typed.params:,}" in line
        claims = [claim.line for claim in spec.results if claim.line]
        assert claims == [] or f"{100 * float(claims[0].test):.2f}%" in line
        assert line.count("—") == (5 if claims else 6)
        assert "not compared" not in line
    found = ("91.35", "90.76", "92.16", "92.44", "93.26")
    whole, fewer, fast, averaged, flipped = (next(x for x in trained if f" {value}%" in x) for value in found)
    assert len(trained) == 5
    assert "-1.98" in whole
    assert "not compared" not in whole
    assert "this run deviates from the recipe: epochs 80" in fewer
    assert "not compared" in fast
    assert "by recipe fast here" in fast
    assert "flip=yes" in flipped
    assert "93.33%" not in flipped
    assert "by recipe averaged here" in averaged


def test_csv_json_and_markdown_say_the_same(trained: Path) -> None:
    where = (trained / "family", trained / "runs")
    rows = _json(*where)
    read = list(csv.DictReader(io.StringIO(commands.run("results", *where, "--format", "csv").stdout)))
    assert len(read) == len(rows) == 8
    for ours, theirs in zip(read, rows, strict=True):
        assert (ours["name"], int(ours["params"]), ours["measure"]) == (
            theirs["name"],
            theirs["params"],
            theirs["measure"],
        )
        measured = theirs["measured"] or {"mean": None, "std": None, "seeds": []}
        for key in ("mean", "std"):
            assert (float(ours[key]) if ours[key] else None) == measured[key]
        assert (float(ours["difference"]) if ours["difference"] else None) == theirs["difference"]
        assert [float(value) for value in ours["values"].split()] == [each["value"] for each in measured["seeds"]]
    markdown = commands.run("results", *where, "--all", "--format", "markdown").stdout.splitlines()
    assert {line.count("|") for line in markdown} == {12}
    assert len(markdown) == 2 + len(rows)
    for line, row in zip(markdown[2:], rows, strict=True):
        cells = [cell.strip() for cell in line.split("|")]
        assert cells[1] == row["name"]
        if row["measured"]:
            assert cells[7] == f"{row['measured']['mean']:.2f} ± {row['measured']['std']:.2f}%"
    latex = commands.run("results", *where, "--all", "--format", "latex").stdout
    assert latex.count(" \\\\\n") == 1 + len(rows)
    assert latex.count("$\\pm$") == sum(1 for row in rows if row["measured"])
    assert "—" not in latex
    assert "±" not in latex


def test_latex_cites_what_bibtex_has() -> None:
    where = ("results", "vgg_d", "vgg_e", "mini_vgg", "mini_googlenet", "--format")
    latex, bibtex = (commands.run(*where, form).stdout for form in ("latex", "bibtex"))
    keys = re.findall(r"@misc{(\S+),\n", bibtex)
    assert keys == ["simonyan2015-1409.1556", "zhang2016-1611.03530"]
    assert dict.fromkeys(re.findall(r"\\cite{(.+?)}", latex)) == dict.fromkeys(keys)
    assert "\nvgg\\_d~\\cite{simonyan2015-1409.1556} & " in latex
    assert "\nmini\\_vgg & " in latex
    assert commands.run(*where, "bibtex", "--changed").exit_code == 2


def test_changed_keeps_what_differs(trained: Path) -> None:
    where = (trained / "family", trained / "runs", "--changed", "--format", "markdown")
    head, _, *rows = commands.run("results", *where).stdout.splitlines()
    assert [cell.strip() for cell in head.split("|")[1:-1]] == [
        *("name", "params", "measure", "claimed", "measured", "seeds", "difference", "verdict", "protocol")
    ]
    assert rows[-1] == "In common: layers 2."
    one = commands.run("results", trained / "runs" / "wide-s0-1", "--changed").stdout.splitlines()
    assert len(one) == 3
    assert "params" in one[0]
    for form in ("csv", "json"):
        assert commands.run("results", trained / "runs", "--changed", "--format", form).exit_code == 2


def test_names_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.arch").write_text(BODY.format(width=2))
    (tmp_path / "a" / "other.arch").write_text(BODY.format(width=4))
    assert [row["name"] for row in _json(tmp_path)] == ["a/net", "other", "b/net"]


def test_a_record_of_a_named_recipe_has_the_name_of_its_spec(tmp_path: Path) -> None:
    spec = parse(f"{BODY.format(width=2)}train B as A {{ batch 8 }}\n".replace("train {", "train A {"), "net.arch")
    for recipe in ("A", "B"):
        run_of(spec, tmp_path / "runs" / f"net-{recipe}-s0-1", recipe)
    rows = [row for row in _json(tmp_path / "runs") if row["measure"] == "test-accuracy"]
    assert [(row["name"], row["recipe"]["name"]) for row in rows] == [("net", "A"), ("net", "B")]


def test_what_is_no_spec_and_no_finished_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (commands.run("results").exit_code, "no folder `runs`" in commands.run("results").stderr) == (2, True)
    (tmp_path / "runs" / "net-s0-1").mkdir(parents=True)
    assert commands.run("results").exit_code == 2
    (tmp_path / "runs" / "net-s0-1" / "recipe.json").write_text("{}")
    interrupted = commands.run("results")
    assert "W612" in interrupted.stderr
    assert "--resume runs/net-s0-1" in interrupted.stderr
    (tmp_path / "bad.arch").write_text("input 8x8x1 conv3-4 maxpol\n")
    done = commands.run("results", "bad.arch", "vgg_a")
    assert (done.exit_code, "V101" in done.stderr, done.stdout.count("vgg_a")) == (1, True, 2)
    assert commands.run("results", "nowhere").exit_code == 2


def test_a_spec_without_results_says_how_runs_are_named(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained)
    alone = commands.run("results", "family/wide.arch")
    assert "vggdsl results family/wide.arch runs" in alone.stderr
    assert commands.run("results", "family/wide.arch", "runs").stderr == ""
    assert "vggdsl results family runs" in commands.run("results", "family").stderr, "of a folder of specs, too"
    monkeypatch.chdir(trained / "family")
    assert commands.run("results", "wide.arch").stderr == "", "there are no runs"


def test_of_few_images_their_number_is_averaged(tmp_path: Path) -> None:
    spec = parse(BODY.format(width=2), "net.arch")
    right = {0: 353, 1: 352, 2: 350}  # of 360, by which four digits lose the last of the deviation's
    results = [result_of(spec, seed=seed, test_accuracy=n / 360, split="80/60/360") for seed, n in right.items()]
    path = tmp_path / "net.arch"
    path.write_text(with_blocks(spec, *results))
    (row,) = [row for row in _json(path) if row["measure"] == "test-accuracy"]
    shares = [100 * n / 360 for n in right.values()]
    assert row["measured"]["mean"] == pytest.approx(statistics.mean(shares), abs=1e-9)
    assert row["measured"]["std"] == pytest.approx(statistics.stdev(shares), abs=1e-9)
    assert "97.69 ± 0.42%" in commands.run("results", path).stdout


TWO = """input 8x8x1 conv3-2 maxpool FC-10 softmax
train whole {
  data  mnist
  batch 16
}
train toy as whole {
  data digits
}
claim top-1-accuracy 99.2% split=test "slide 1"
"""


def test_a_claim_without_a_recipe_is_about_the_first(tmp_path: Path) -> None:
    spec = parse(TWO, "net.arch")
    path = tmp_path / "net.arch"
    toy = result_of(spec, "toy", split="1257/180/360", epochs=100)
    path.write_text(with_blocks(spec, toy))
    claimed, plain = (row for row in _json(path) if row["measure"] in ("top-1-accuracy", "test-accuracy"))
    assert (claimed["measure"], claimed["measured"], claimed["difference"]) == ("top-1-accuracy", None, None)
    assert (plain["measure"], plain["claimed"]) == ("test-accuracy", None)
    assert any("train=whole claimed, toy here" in line for line in compare(spec, toy))
    whole = result_of(spec, "whole", split="55000/5000/10000", epochs=100)
    path.write_text(with_blocks(spec, whole))
    assert _json(path)[0]["difference"] == pytest.approx(-29.2)


def test_a_claim_is_about_the_first_recipe_also_where_that_has_no_name() -> None:
    spec = parse(TWO.replace("train whole {", "train {").replace("toy as whole", "toy"), "net.arch")
    lines = compare(spec, result_of(spec, "toy", split="1257/180/360", epochs=100))
    assert any("the recipe without a name claimed, toy here" in line for line in lines)


def test_a_part_of_a_data_set_is_not_compared(tmp_path: Path) -> None:
    spec = parse(TWO, "net.arch")
    path = tmp_path / "net.arch"
    path.write_text(with_blocks(spec, result_of(spec, "whole", split="700/5000/10000", epochs=100)))
    row = _json(path)[0]
    assert (row["difference"], row["measured"]["mean"]) == (None, 70)
    assert "15,700 of the 70,000 images of mnist here" in commands.run("results", path).stdout


OF_A_FOLDER = """input 8x8x1
conv3-2 maxpool
FC-2 softmax
train whole { data folder("set") }
train part as whole { data folder("set", n=20) }
claim top-1-accuracy 90% train=whole split=test
claim top-1-accuracy 80% train=part split=test
"""


PART = "a part of the images of folder here, by the recipe's n=20: claims are about all, train without it to compare"


@pytest.mark.parametrize(
    ("name", "left_out", "told"),
    [
        ("whole", 0, ""),
        ("part", 0, PART),
        ("whole", 2, "2 unreadable images left out here"),
        ("part", 1, f"{PART}; 1 unreadable image left out here"),
    ],
)
def test_a_part_of_a_folder_is_not_compared(name: str, left_out: int, told: str, tmp_path: Path) -> None:
    spec = parse(OF_A_FOLDER, "net.arch")
    path = tmp_path / "net.arch"
    result = result_of(spec, name, split="14/2/4", left_out=left_out)
    path.write_text(with_blocks(spec, result))
    (row,) = (row for row in _json(path) if row["claimed"] and row["measured"])
    assert (row["differs"], row["difference"] is None) == ([told] if told else [], bool(told))
    (line,) = (line for line in compare(spec, result) if "measured" in line and "train=" not in line)
    assert line == f"  measured 70.00%; {f'not compared: {told}' if told else 'measured - claimed: -20.00 points'}"


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        (
            "libjpeg-9.0",
            "libjpeg-turbo-3.2.0",
            "  JPEGs decoded by libjpeg-9.0 then, libjpeg-turbo-3.2.0 now: pixels may differ",
        ),
        ("libjpeg-9.0", "libjpeg-9.0", None),
        (None, "libjpeg-9.0", None),
        ("libjpeg-9.0", None, None),
    ],
)
def test_a_repetition_by_another_decoder_is_told(then: str | None, now: str | None, told: str | None) -> None:
    spec = parse(OF_A_FOLDER, "net.arch")
    before, again = (
        result_of(spec, "whole", split="14/2/4", versions={"torch": "2.11.0", **({"decoder": each} if each else {})})
        for each in (then, now)
    )
    record = parse(with_blocks(spec, before), "net.arch")
    assert record.measurements[-1].sealed
    lines = compare(record, again)
    assert [line for line in lines if "decoded" in line] == ([told] if told else [])
    assert lines[-1] == "  agrees in every digit"


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (("bf16", ()), ("fp32", ()), "precision bf16 then, fp32 now (`--precision bf16` computes as then)"),
        (("bf16", ()), ("bf16", ("precision bf16",)), None),
        (("bf16", ("precision bf16",)), ("bf16", ()), None),
        (("bf16", ("epochs 3", "precision bf16")), ("bf16", ("epochs 3",)), None),
        (("fp32", ('init from("a, b.pth")', "epochs 3")), ("fp32", ('init from("a, b.pth")', "epochs 3")), None),
        (("bf16", ("epochs 3", "precision bf16")), ("bf16", ("batch 8",)), "deviations epochs 3 then, batch 8 now"),
        (
            ("bf16", ("precision bf16",)),
            ("fp32", ("epochs 3",)),
            "deviations none then, epochs 3 now; precision bf16 then, fp32 now (`--precision bf16` computes as then)",
        ),
    ],
)
def test_a_precision_counts_however_it_came(
    before: tuple[str, tuple[str, ...]], now: tuple[str, tuple[str, ...]], told: str | None
) -> None:
    """By what the processor is faster in, or asked for."""
    spec = parse(TWO, "net.arch")
    then, again = (
        result_of(spec, "whole", precision=precision, deviations=deviations) for precision, deviations in (before, now)
    )
    lines = [line for line in compare(parse(with_blocks(spec, then), "net.arch"), again) if "measured" not in line]
    assert lines[-1] == ("  agrees in every digit" if told is None else f"  not compared: {told}")


def test_a_training_is_held_beside_the_block_of_its_own_seed() -> None:
    spec = parse(TWO, "net.arch")
    blocks = [result_of(spec, "whole", seed=seed, test_accuracy=0.5 + seed / 10) for seed in (0, 1, 2)]
    record = parse(with_blocks(spec, *blocks), "net.arch")

    def before(seed: int) -> list[str]:
        lines = compare(record, result_of(spec, "whole", seed=seed, test_accuracy=0.6))
        return [line.partition("(")[2] for line in lines if line.startswith("measured before")]

    assert [before(seed) for seed in (0, 1, 2)] == [[f"seed {seed}, a 'fast' one)"] for seed in (0, 1, 2)]
    assert before(7) == ["seed 2, a 'fast' one)"], "of none of these it is the last"


def test_weights_that_were_evaluated_in_two_precisions_have_both(tmp_path: Path) -> None:
    spec = parse(TWO, "net.arch")
    result = result_of(spec, "whole")
    ways: list[tuple[View, float, str]] = [
        ("ten", 0.5, "fp32"), ("ten", 0.6, "bf16"), ("ten", 0.7, "fp32"), ("grid", 0.8, "fp32")
    ]  # fmt: skip
    made = [
        (Evaluation(result.weights, "test", Protocol((8,), view), {TOP_1: share}, precision), precision)
        for view, share, precision in ways
    ]
    record = parse(with_blocks(spec, result), "net.arch")
    lines = [Line(each.block(replace(result, precision=precision), 10_000)) for each, precision in made]
    again = parse(notations.write(Document((*record.document.lines, *lines))), "net.arch")
    found = [(each.protocol.view, each.precision, each.shares[TOP_1]) for each in evaluated(again, [])]
    assert found == [("ten", "fp32", 0.5), ("ten", "bf16", 0.6), ("grid", "fp32", 0.8)], "of two that agree the first"


def test_a_claim_of_a_published_set_is_not_about_what_is_left_of_it(tmp_path: Path) -> None:
    spec = parse(TWO, "net.arch")
    left = result_of(spec, "whole", split="54998/5000/10000", epochs=100, left_out=2)
    line = next(line for line in compare(spec, left) if "not compared" in line)
    assert "69,998 of the 70,000 images of mnist here; 2 unreadable images left out here" in line


def test_five_guesses_are_measured_where_there_are_many_classes(tmp_path: Path) -> None:
    text = BODY.format(width=2).replace("FC-3", "FC-20").replace("classes=3", "classes=20")
    text = text.replace("  epochs", "  precision fp32\n  epochs")
    path = tmp_path / "net.arch"
    path.write_text(text + "claim rank-5-accuracy 30% split=test\nclaim top-5-error 60% split=val\n")
    done = commands.train(path, runs=tmp_path / "runs")
    assert done.exit_code == 0, done.stderr
    record = load(tmp_path / "runs" / "net-s0-1" / "record.arch")
    (block,) = record.measurements
    assert block.sealed
    trained = load_trained(tmp_path / "runs" / "net-s0-1")
    data = load_data(record.recipe(), record.typed.input, tmp_path)
    network = trained.network()
    shares = {}
    for split in ("val", "test"):
        images = getattr(data, split)
        with torch.no_grad():
            parts = [network(trained.normalisation(part)) for part in images.images.split(16)]  # as it was measured
        logits = torch.cat(parts)
        best = logits.argsort(dim=1, descending=True)[:, :5]
        shares[split] = 100 * float((best == images.labels[:, None]).any(dim=1).float().mean())
        assert f"top-5-accuracy {shares[split]:.2f}% split={split}" in done.stdout
    rows = {row["measure"]: row for row in _json(path, tmp_path / "runs")}
    assert rows["rank-5-accuracy"]["difference"] == pytest.approx(shares["test"] - 30, abs=0.01)
    assert rows["top-5-error"]["difference"] == pytest.approx(40 - shares["val"], abs=0.01)
    again = commands.train(tmp_path / "runs" / "net-s0-1" / "record.arch", runs=tmp_path / "runs")
    assert "agrees in every digit" in again.stdout, again.stderr


# -- what is missing


def test_nothing_is_trained_twice(trained: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (trained / "runs").rglob("*")}
    again = _train(trained, "--seeds", "3")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout == commands.run("results", trained / "family", trained / "runs").stdout
    assert {path: path.stat().st_mtime_ns for path in (trained / "runs").rglob("*")} == before


def test_another_seed_another_flag_and_another_recipe_are_missing(trained: Path, tmp_path: Path) -> None:
    spec = tmp_path / "wide.arch"
    spec.write_text((trained / "family" / "wide.arch").read_text())
    for seed in range(2):
        assert commands.run("record", trained / "runs" / f"wide-s{seed}-1", "--into", spec).exit_code == 0

    def new(*options: object) -> list[str]:
        before = set(_runs(tmp_path)) if (tmp_path / "runs").exists() else set()
        done = commands.train(spec, "--missing", *options, runs=tmp_path / "runs")
        assert done.exit_code == 0, done.stderr
        return sorted(set(_runs(tmp_path)) - before) if (tmp_path / "runs").exists() else []

    assert new("--seeds", "2") == []  # by its own blocks
    assert new("--seeds", "3") == ["wide-s2-1"]
    assert new("--seed", "2") == []
    assert new("--seeds", "3", "--epochs", "1") == [f"wide-s{seed}-{1 + seed // 2}" for seed in range(3)]
    assert new("--seeds", "3", "--epochs", "1") == []
    assert new("--seeds", "3", "--epochs", "1", "--batch", "8") != []
    spec.write_text(spec.read_text().replace("epochs 2", "epochs 3"))
    assert len(new("--seeds", "2")) == 2


def test_two_specs_of_one_network_and_recipe_are_trained_once(tmp_path: Path) -> None:
    _write(tmp_path)
    (tmp_path / "family" / "wide.arch").write_text(BODY.format(width=2))
    done = _train(tmp_path, "--seeds", "1")
    assert done.exit_code == 0, done.stderr
    assert _runs(tmp_path) == ["small-s0-1"]
    assert "wide" in done.stdout.splitlines()[-1]


def test_a_family_goes_on_after_ctrl_c(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path)
    patient = runs.Terminal.reporter
    for which, names in (
        (2, ["small-s0-1", "small-s1-1"]),
        (3, ["small-s0-1", "small-s1-1", "small-s2-1", "wide-s0-1"]),
    ):
        impatient = Impatient(which=which)
        monkeypatch.setattr(runs.Terminal, "reporter", lambda told, it=impatient: it)
        stopped = _train(tmp_path, "--seeds", "3")
        assert (stopped.exit_code, "V605" in stopped.stderr) == (1, True)
        assert _runs(tmp_path) == names
        assert not (tmp_path / "runs" / names[-1] / "record.arch").exists()
        assert (tmp_path / "runs" / names[-1] / "checkpoint-0001.safetensors").exists()
    monkeypatch.setattr(runs.Terminal, "reporter", patient)
    done = _train(tmp_path, "--seeds", "3")
    assert done.exit_code == 0, done.stderr
    assert "going on after epoch 1" in done.stderr
    assert _runs(tmp_path) == _runs(trained)

    def values(folder: Path) -> list[Any]:
        return [row["measured"] and row["measured"]["seeds"] for row in _json(folder / "family", folder / "runs")]

    assert values(tmp_path) == values(trained)


def test_a_torn_run_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path)
    patient = runs.Terminal.reporter
    monkeypatch.setattr(runs.Terminal, "reporter", lambda told: Impatient())
    assert _train(tmp_path, "--seed", "0").exit_code == 1
    monkeypatch.setattr(runs.Terminal, "reporter", patient)
    (tmp_path / "runs" / "small-s0-1" / "checkpoint-0001.safetensors").write_bytes(b"torn")
    (tmp_path / "runs" / "odd").mkdir()
    (tmp_path / "runs" / "odd" / "recipe.json").write_text("[]")
    done = _train(tmp_path, "--seed", "0")
    assert (done.exit_code, "V607" in done.stderr) == (0, True)
    assert _runs(tmp_path) == ["odd", "small-s0-1", "small-s0-2", "wide-s0-1"]


def test_a_run_of_another_process_is_not_trained_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")
    _write(tmp_path)
    patient = runs.Terminal.reporter
    monkeypatch.setattr(runs.Terminal, "reporter", lambda told: Impatient())
    assert _train(tmp_path, "--seed", "0").exit_code == 1
    monkeypatch.setattr(runs.Terminal, "reporter", patient)
    waited = list[tuple[list[str], list[str]]]()
    with (tmp_path / "runs" / "small-s0-1" / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def waiting(told: runs.Terminal, held: Sequence[str]) -> None:
            waited.append(([*held], _runs(tmp_path)))
            fcntl.flock(other, fcntl.LOCK_UN)  # the other process is killed

        monkeypatch.setattr(runs.Terminal, "waiting", waiting)
        done = _train(tmp_path, "--seed", "0")
    assert done.exit_code == 0, done.stderr
    assert waited == [(["small with seed 0"], ["small-s0-1", "wide-s0-1"])]
    assert "going on after epoch 1" in done.stderr
    assert _runs(tmp_path) == ["small-s0-1", "wide-s0-1"]


def _with_images(folder: Path, value: int) -> Path:
    """A spec, and the images that it is trained on beside it."""
    for label in range(3):
        for n in range(30):
            save(folder / "img" / str(label) / f"{n}.png", (80 * label + value + n) % 256, (8, 8))
    spec = folder / "net.arch"
    spec.write_text(BODY.format(width=2).replace("fake(n=100, classes=3)", 'folder("img", val=6, test=9)'))
    return spec


def test_images_beside_a_spec_are_those_of_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = tmp_path / "family"
    for name, value in (("a", 0), ("b", 7)):
        _with_images(family / name, value)
    monkeypatch.setattr(runs.Terminal, "reporter", lambda told: Impatient())
    assert _train(tmp_path).exit_code == 1
    monkeypatch.undo()
    done = _train(tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "going on after epoch 1" in done.stderr
    assert _runs(tmp_path) == ["net-s0-1", "net-s0-2"]
    rows = [row for row in _json(family, tmp_path / "runs") if row["measure"] == "test-accuracy"]
    assert [(row["name"], len(row["measured"]["seeds"])) for row in rows] == [("a/net", 1), ("b/net", 1)]
    again = commands.train(tmp_path / "runs" / "net-s0-2" / "record.arch", runs=tmp_path / "more")
    assert "agrees in every digit" in again.stdout, again.stderr


def test_seeds_on_images_beside_a_spec_are_averaged_without_the_spec(tmp_path: Path) -> None:
    _with_images(tmp_path / "family", 0)
    assert _train(tmp_path, "--seeds", "2").exit_code == 0
    rows = [row for row in _json(tmp_path / "runs") if row["measure"] == "test-accuracy"]
    assert [len(row["measured"]["seeds"]) for row in rows] == [2]


def test_a_family_that_is_moved_keeps_its_results(tmp_path: Path) -> None:
    _with_images(tmp_path / "old" / "family", 0)
    assert _train(tmp_path / "old").exit_code == 0
    (tmp_path / "old").rename(tmp_path / "new")
    again = _train(tmp_path / "new")
    assert (again.exit_code, again.stderr, _runs(tmp_path / "new")) == (0, "", ["net-s0-1"])
    assert "%" in again.stdout.splitlines()[-1]


def test_images_that_cannot_be_read_are_no_measurement(tmp_path: Path) -> None:
    _with_images(tmp_path / "family", 0)
    assert _train(tmp_path).exit_code == 0
    (tmp_path / "family" / "img" / "0" / "0.png").write_bytes(b"torn")
    done = _train(tmp_path)
    assert (done.exit_code, "V530" in done.stderr or "V512" in done.stderr) != (0, False), done.stderr


def test_what_others_begin_with_is_trained_first(tmp_path: Path) -> None:
    family = tmp_path / "family"
    family.mkdir()
    head = BODY.format(width=2)
    (family / "a.arch").write_text(head.replace("  batch", '  init from("b.arch", conv1_1) else he\n  batch'))
    (family / "b.arch").write_text(head)
    done = _train(tmp_path)
    assert done.exit_code == 0, done.stderr
    assert _runs(tmp_path) == ["a-s0-1", "b-s0-1"]
    assert _train(tmp_path).stderr == ""
    (family / "b.arch").write_text(head.replace("epochs 2", "epochs 3"))
    done = _train(tmp_path)
    assert done.exit_code == 0, done.stderr
    assert _runs(tmp_path) == ["a-s0-1", "a-s0-2", "b-s0-1", "b-s0-2"], "what begins with another's weights is stale"
    spec = family / "a.arch"
    assert commands.run("record", tmp_path / "runs" / "a-s0-2", "--into", spec).exit_code == 0
    assert commands.run("check", "--strict", spec).exit_code == 0
    (family / "b.arch").write_text(head)
    stale = commands.run("check", "--strict", spec)
    assert (stale.exit_code, "what it begins with changed since" in stale.stdout) == (1, True)
    record = commands.run("check", "--strict", tmp_path / "runs" / "a-s0-2" / "record.arch")
    assert record.exit_code == 0, record.stdout


def test_what_changed_before_is_told_over_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    family = tmp_path / "family"
    family.mkdir()
    head = BODY.format(width=2)
    begins = '  init from("{}.arch", conv1_1) else he\n  batch'
    # A spec by this name ships: the copies of specs in runs mean this one, too.
    (family / "quickstart.arch").write_text(head)
    (family / "b.arch").write_text(head.replace("  batch", begins.format("quickstart")))
    (family / "c.arch").write_text(head.replace("  batch", begins.format("b")))
    assert _train(tmp_path).exit_code == 0
    first = ["b-s0-1", "c-s0-1", "quickstart-s0-1"]
    assert _runs(tmp_path) == first
    for name in first:
        record = commands.run("check", "--strict", tmp_path / "runs" / name / "record.arch")
        assert record.exit_code == 0, record.stdout
    (family / "quickstart.arch").write_text(head + "train other { data fake(n=50, classes=3) }\n")
    assert commands.run("train", family / "c.arch", "--missing", "--runs", tmp_path / "runs").stderr == ""
    again = commands.run("train", tmp_path / "runs" / "c-s0-1" / "record.arch", "--log", "none")
    assert "agrees in every digit" in again.stdout, again.stderr
    blocks = [load(tmp_path / "runs" / name / "record.arch").measurements[0] for name in ("c-s0-1", "c-s0-2")]
    assert blocks[0].values["of"] == blocks[1].values["of"]
    (family / "quickstart.arch").write_text(head.replace("epochs 2", "epochs 3"))
    done = _train(tmp_path)
    assert done.exit_code == 0, done.stderr
    assert _runs(tmp_path) == sorted([*first, "b-s0-2", "c-s0-2", "c-s0-3", "quickstart-s0-2"])
    (family / "quickstart.arch").write_text(head.replace("epochs 2", "epochs 4"))
    alone = commands.run("train", family / "c.arch", "--missing", "--log", "none")
    assert (alone.exit_code, "no finished run of b" in alone.stderr) == (1, True), "those that there are are stale"


def test_what_another_process_measured_meanwhile_is_seen(tmp_path: Path) -> None:
    _write(tmp_path)
    spec = load(tmp_path / "family" / "wide.arch")
    left = Missing([], Workplace(tmp_path, runs=tmp_path / "runs"))
    assert not left.is_measured(spec, spec.recipe(), 0)
    train(spec, runs=tmp_path / "runs")
    left.look_again()
    assert left.is_measured(spec, spec.recipe(), 0)
    assert not left.is_measured(spec, spec.recipe(), 1)


def test_data_are_read_only_where_all_else_agrees(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = parse(BODY.format(width=2), "net.arch")
    recipe = spec.recipe()
    reads = []

    def counting(*arguments: Any, **options: Any) -> Any:
        reads.append(arguments)
        return find_data(*arguments, **options)

    monkeypatch.setattr(missing, "find_data", counting)
    digest = load_data(recipe, spec.typed.input, tmp_path).digest
    one = result_of(spec, data=digest)
    others = [
        replace(one, network="ffffffff"),
        replace(one, recipe="ffffffff"),
        replace(one, seed=1),
        replace(one, deviations=("epochs 1",)),
    ]
    left = Missing(others, Workplace(tmp_path, runs=tmp_path))
    assert not left.is_measured(spec, recipe, 0)
    assert not reads
    left.add(replace(one, data="ffffffff"))
    assert not left.is_measured(spec, recipe, 0)
    left.add(one)
    assert left.is_measured(spec, recipe, 0)
    assert not left.is_measured(spec, recipe, 2)
    assert len(reads) == 1


def test_data_that_are_not_at_hand_are_taken_at_their_word(tmp_path: Path) -> None:
    spec = parse(BODY.format(width=2).replace("fake(n=100, classes=3)", 'folder("gone")'), "net.arch")
    left = Missing([result_of(spec)], Workplace(tmp_path, runs=tmp_path))
    assert left.is_measured(spec, spec.recipe(), 0)
    path = tmp_path / "net.arch"
    path.write_text(with_blocks(spec, result_of(spec)))
    where = ("--missing", "--runs", tmp_path / "runs", "--data", tmp_path)
    done = commands.run("train", path, *where)
    assert (done.exit_code, "70.00%" in done.stdout) == (0, True), done.stderr
    lacking = commands.run("train", path, "--seeds", "2", *where)
    assert (lacking.exit_code, "V503" in lacking.stderr) == (2, True)


def test_a_folder_means_its_specs(tmp_path: Path) -> None:
    _write(tmp_path)
    runs = ("--runs", tmp_path / "family" / "runs", "--log", "none", "--epochs", "1")
    for count in (1, 2):  # runs among the specs are none
        done = commands.run("train", tmp_path / "family", *runs)
        assert done.exit_code == 0, done.stderr
        names = sorted(path.name for path in (tmp_path / "family" / "runs").iterdir())
        assert names == [f"{name}-s0-{n}" for name in ("small", "wide") for n in range(1, count + 1)]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no spec in" in commands.run("train", empty).stderr
    assert commands.run("train", tmp_path / "family", "--seed", "1", "--seeds", "2").exit_code == 2
    assert commands.run("train", "-", "--missing").exit_code == 2
    assert commands.run("train", "--resume", tmp_path, "--missing").exit_code == 2
    assert "--runs can't be given" in commands.run("train", "--resume", tmp_path, "--runs", tmp_path).stderr


def test_counted_blocks_are_told_by_their_seals(trained: Path) -> None:
    record = load(trained / "runs" / "wide-s0-1" / "record.arch")
    seen = set[str]()
    assert len(list(counted(record, [], seen))) == 1
    assert list(counted(record, [], seen)) == []
    (subject,) = collect([str(trained / "runs" / "wide-s0-1")]).subjects
    assert (subject.name, len(subject.results)) == ("wide", 1)
