"""Model cards and entries of results, as the hub's own library reads them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import run
from huggingface_hub import ModelCard, ModelCardData, parse_eval_result_entries
from hypothesis import given
from hypothesis import strategies as st
from made_up import result_of, run_of, with_blocks

import vggdsl
from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records import hub
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.hub import ON_HUB, Found, as_yaml, entries, found_in, front_matter
from vggdsl.spec.parsing import parse
from vggdsl.spec.protocol import Protocol
from vggdsl.spec.recipe import DATA_SETS

SPEC = """source "A & B 2015: <b>`*the*`</b> paper"
input 8x8x3 conv3-4 maxpool FC-10 softmax
train {
  data   cifar10
  epochs 3
}
claim top-1-accuracy 75% split=test scale=8 view=centre "Table 1: 'all'"
claim top-1-error 40% split=val "Table 2"
"""


def found_of(text: str = SPEC, name: str = "net", **changed: Any) -> Found:
    """What a run of a spec found, and what its weights gave looked at in ten crops."""
    spec = parse(text, f"{name}.arch")
    result = result_of(spec, test_accuracy=0.7123, split="45000/5000/10000", **changed)
    ten = Evaluation(result.weights, "test", Protocol((8,), "ten"), {"top-1-accuracy": 0.7321}, "fp32")
    record = parse(with_blocks(spec, result), spec.source.name)
    lines = (*record.document.lines, Line(None), Line(ten.block(result, 10_000)))
    return found_in(parse(notations.write(Document(lines)), spec.source.name))


def test_the_hub_s_library_reads_the_card() -> None:
    card = ModelCard(hub.card(found_of()))
    assert isinstance(card.data, ModelCardData)
    assert card.data.eval_results is not None
    assert card.data.pipeline_tag == "image-classification"
    assert (card.data.datasets, card.data.metrics, card.data.license) == (["uoft-cs/cifar10"], ["accuracy"], None)
    assert card.data.model_name == "net"
    own, ten = card.data.eval_results
    assert (own.task_type, own.dataset_type, own.dataset_split) == ("image-classification", "uoft-cs/cifar10", "test")
    assert (own.metric_type, own.metric_value, ten.metric_value) == ("accuracy", 0.7123, 0.7321)
    assert own.metric_name == "test top-1-accuracy, scale=8 view=centre, fp32"
    assert ten.metric_name == "test top-1-accuracy, scale=8 view=ten, fp32"
    assert "| 75% | 71.23% | 1 | -3.77 | one seed | scale=8 split=test view=centre |" in card.text
    assert 'claim top-1-accuracy 75% split=test scale=8 view=centre "Table 1' in card.text
    assert card.text.count("seal sha256=") == 2
    assert "Its source is A & B 2015: \\<b>\\`\\*the\\*\\`\\</b> paper." in card.text


def test_the_hub_s_library_reads_the_entries() -> None:
    files = entries(found_of(), "default", "2026-01-31", "https://example.org/run")
    assert list(files) == ["cifar10.yaml", "cifar10-scale-8-view-ten-fp32.yaml"]
    (own,), (ten,) = (parse_eval_result_entries(yaml.safe_load(as_yaml(each))) for each in files.values())
    assert (own.dataset_id, own.task_id, own.value) == ("uoft-cs/cifar10", "default", 0.7123)
    assert (own.date, own.source_url, ten.value) == ("2026-01-31", "https://example.org/run", 0.7321)
    assert own.notes is not None
    assert "top-1-accuracy claimed 75% (Table 1: 'all')" in own.notes
    assert "measured 71.23%, -3.77" in own.notes
    assert "Table 2" not in own.notes  # which is about other images


def test_what_a_run_did_otherwise_is_told() -> None:
    found = found_of(deviations=("epochs 3",), left_out=2)
    (entry,) = entries(found, "default")["cifar10.yaml"]
    for told in ("deviates: epochs 3", "2 unreadable images left out"):
        assert told in entry["notes"]
        assert told in hub.card(found)
    assert entry.keys() == {"dataset", "value", "notes"}


def test_a_part_of_the_published_test_images_is_told() -> None:
    found = found_of()
    assert "of this split" not in hub.card(found)
    found = replace(found, result=replace(found.result, split="700/100/200"))
    (entry,) = entries(found, "default")["cifar10.yaml"]
    assert "fp32, on 200 images of the 10,000 of this split; weights" in entry["notes"]
    assert "on 200 images of the 10,000" in front_matter(found)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_no_name_breaks_yaml(name: str) -> None:
    text = as_yaml([{"notes": name}])
    assert yaml.safe_load(text) == [{"notes": name}]
    assert "---" not in text.splitlines()


def test_no_name_breaks_the_metadata() -> None:
    found, name = found_of(), "a: {b} # 'c'\n---\n\x85"
    start, *lines, end = front_matter(replace(found, record=replace(found.record, name=name))).split("\n")
    assert (start, end) == ("---", "---")
    assert "---" not in lines
    assert yaml.safe_load("\n".join(lines))["model-index"][0]["name"] == name


def test_every_data_set_of_the_hub_is_one_of_ours() -> None:
    for name, known in ON_HUB.items():
        assert known.ours in DATA_SETS[name].splits


def test_the_command(tmp_path: Path) -> None:
    path = run_of(parse(SPEC, "net.arch"), tmp_path / "net-s0-1", test_accuracy=0.7123)
    repository = tmp_path / "repository"
    done = run("record", path, "--as", "model-card", "-o", repository)
    assert (done.exit_code, f"{repository}: made" in done.stderr) == (0, True)
    assert run("record", path, "--as", "eval-results", "-o", repository).exit_code == 0
    readme, entry = repository / "README.md", repository / ".eval_results" / "cifar10.yaml"
    assert readme.read_text("utf-8") == run("record", path, "--as", "model-card").stdout
    assert entry.read_text("utf-8") == run("record", path, "--as", "eval-results").stdout
    assert readme.read_text("utf-8") == vggdsl.model_card(path)
    assert vggdsl.eval_results(path / "record.arch") == {".eval_results/cifar10.yaml": entry.read_text("utf-8")}
    readme.write_text("mine")
    refused = run("record", path, "--as", "model-card", "-o", repository)
    assert (refused.exit_code, readme.read_text()) == (2, "mine")
    assert "V514" in refused.stderr
    assert run("record", path, "--as", "model-card", "-o", readme, "--force").exit_code == 0
    assert readme.read_text() != "mine"
    assert run("record", path, "--as", "eval-results", "-o", tmp_path / "none").exit_code == 2
    record = path / "record.arch"
    record.write_text(record.read_text("utf-8").replace("0.7123", "0.9123"), "utf-8")
    assert run("record", path, "--as", "model-card").exit_code == 1


@pytest.mark.parametrize(
    "call",
    [
        "--as model-card --json",
        "--as model-card --date 2026-01-31",
        "--as eval-results --into net.arch",
        "--as eval-results --date yesterday",
        "--as eval-results --source run",
        "--as eval-results --dataset cifar10",
        "--dataset a/b",
        "--task x",
        "--force",
    ],
)
def test_what_would_be_ignored_is_refused(call: str, tmp_path: Path) -> None:
    path = run_of(parse(SPEC, "net.arch"), tmp_path / "net-s0-1")
    assert run("record", path, *call.split()).exit_code == 2


@pytest.mark.parametrize("said", [{"dataset": "cifar10"}, {"date": "yesterday"}, {"source": "run"}])
def test_nor_is_it_taken_in_python(said: dict[str, Any], tmp_path: Path) -> None:
    path = run_of(parse(SPEC, "net.arch"), tmp_path / "net-s0-1")
    with pytest.raises(ValueError, match="is no"):
        vggdsl.eval_results(path, **said)


def test_a_data_set_that_the_hub_may_have_is_named_by_its_id(tmp_path: Path) -> None:
    path = run_of(parse(SPEC.replace("cifar10", "fake"), "net.arch"), tmp_path / "net-s0-1", test_accuracy=0.7123)
    refused = run("record", path, "--as", "eval-results")
    assert refused.exit_code == 2
    assert "give it with --dataset" in refused.stderr
    assert "datasets:" not in run("record", path, "--as", "model-card").stdout
    named = run("record", path, "--as", "eval-results", "--dataset", "me/my.set", "--task", "top1").stdout
    assert yaml.safe_load(named)[0]["dataset"] == {"id": "me/my.set", "task_id": "top1"}
