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
