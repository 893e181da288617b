"""What is wrong with what a delta inherits is told by what the findings know, not by the words of their messages."""

from pathlib import Path

import pytest

import vggdsl
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec

BASE = """input 16x16x3
weight: conv3-8
ReLU maxpool
hidden: FC-32
ReLU
FC-10 softmax
"""


def delta(base: str, *edits: str) -> Spec:
    Path("base.arch").write_text(base, "utf-8")
    Path("delta.arch").write_text("\n".join(['extends "base.arch"', *edits]), "utf-8")
    return vggdsl.load("delta.arch")


def test_a_change_of_a_layer_whose_name_is_only_a_word_of_the_message_is_not_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("begun.arch").write_text(BASE, "utf-8")
    base = BASE + 'train { data fake(classes=10)\n init from("begun.arch", hidden) }'
    changed = delta(base, "replace weight: conv5-8", "replace hidden: FC-64")
    (found,) = changed.misfits(changed.recipe())
    assert found.message.startswith("hidden has weight 64x512")
    assert found.labels[0].span.text.startswith("replace hidden")


def test_data_that_fit_are_named_where_no_recipe_is_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (found,) = delta(BASE.replace("FC-10 ", "FC-100 "), "remove hidden").misfits(Recipe())
    assert found.help is not None
    assert found.help.endswith("or write `train { data cifar100 }`")


def test_what_is_offered_for_a_recipe_that_does_not_fit_has_the_networks_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = BASE + "train a { data digits }"
    for classes, data in ((7, 'folder("DIR")'), (100, "cifar100")):
        (found,) = delta(base, f"replace fc3: FC-{classes}").check()
        assert (found.code, f"`train a {{ data {data} }}`" in (found.help or "")) == ("W402", True)
    base = base.replace("digits", "digits\n freeze weight")
    (found,) = (d for d in delta(base, "replace fc3: FC-7", "replace weight: maxpool").check() if d.code == "W402")
    assert (found.help or "").endswith("change it, or train by another"), "one entry alone wouldn't mend it"


RANGES = """input 16x16x3
1: conv3-8
2: ( a: conv3-8 b: conv3-8 )
3: conv3-8
4: conv3-8
5: conv3-8
global-avgpool
FC-10 softmax
"""


@pytest.mark.parametrize(
    ("names", "edits", "message", "blamed"),
    [
        ("2.a..4", ["remove 2", "replace 5: conv3-8"], "unknown layer `2.a`", "remove 2"),
        ("2.a..4", ["remove 2.a", "remove 5"], "unknown layer `2.a`", "remove 2.a"),
        ("1..4", ["remove 3..4", "remove 2"], "unknown layer `4`", "remove 3..4"),
        ("2.b..5", ["replace 5: conv3-8", "remove 1..3"], "unknown layer `2.b`", "remove 1..3"),
        ("all but 4", ["remove 3..5", "remove 2"], "unknown layer `4`", "remove 3..5"),
        ("all but fc2", ["replace 3: conv3-9", "remove 2.b"], "3 has weight 9x8x3x3", "replace 3: conv3-9"),
    ],
)
def test_an_inherited_choice_of_layers_is_told_at_the_change_that_it_does_not_outlive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str, edits: list[str], message: str, blamed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("begun.arch").write_text(RANGES, "utf-8")
    base = RANGES + f'train {{ data fake(classes=10)\n init from("begun.arch", {names}) }}'
    changed = delta(base, *edits)
    found = changed.misfits(changed.recipe())[0]
    assert found.message.startswith(message)
    assert found.labels[0].span.text == blamed


def test_an_inherited_range_goes_on_without_what_is_removed_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("begun.arch").write_text(RANGES, "utf-8")
    base = RANGES + 'train { data fake(classes=10)\n init from("begun.arch", 2.a..4) }'
    changed = delta(base, "remove 3")
    assert changed.misfits(changed.recipe()) == []


def test_statistics_that_are_inherited_are_changed_and_not_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    grey = delta(BASE + "train { normalize imagenet }", "input 16x16x1")
    (warned,) = [found for found in grey.check() if found.code == "W402"]
    assert "change it: `train { normalize mean-std }`" in str(warned.help)
    (found,) = grey.misfits(grey.recipe())
    assert (found.code, found.labels[0].span.text) == ("V411", "input 16x16x1")
    mended = delta(BASE + "train { normalize imagenet }", "input 16x16x1", "train { normalize mean-std }")
    assert mended.check() == []


def test_a_file_is_trained_by_its_first_recipe_that_is_its_own_or_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = BASE.replace("FC-10", "last: FC-10") + "train a { data cifar10 }\ntrain b { data fake(classes=7) }"

    def found(*edits: str) -> tuple[str | None, list[str]]:
        spec = delta(base, *edits)
        return spec.recipe().name, [finding.code for finding in spec.check()]

    assert found("replace last: FC-10") == ("a", ["W402"]), "`b` doesn't fit, and is said"
    assert found("replace last: FC-7") == ("b", ["W402"])
    assert found("replace last: FC-8") == ("a", ["W402"]), "neither fits"
    assert found("replace last: FC-8", "train mine { data fake(classes=8) }") == ("mine", [])
    assert found("replace last: FC-7", "train mine { data fake(classes=7) }") == ("b", [])
    assert found("replace last: FC-8", "train a { batch 5 }") == ("a", ["V401", "W402"]), "its own is never passed over"

    Path("run").mkdir()
    Path("run/recipe.json").write_text('{"name": "b"}', "utf-8")
    Path("run/spec.arch").write_text(delta(base, "replace last: FC-7").text, "utf-8")
    copy = vggdsl.load("run/spec.arch")  # in which all recipes stand as its own
    assert (copy.recipe().name, [finding.code for finding in copy.check()]) == ("b", ["W402"])
