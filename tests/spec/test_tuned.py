"""`freeze` and `rate`: which layers they mean, and what is told of what they can't mean."""

from pathlib import Path

import pytest
from refusals import findings

import vggdsl
from vggdsl.spec.recipe.tuning import Chosen
from vggdsl.spec.spec import Spec
from vggdsl.spec.tuned import tuned
from vggdsl.text.facts import OtherLayers

BODY = """input 16x16x3
after conv: BN ReLU
stem: conv3-4 conv3-4 maxpool
3a: ( conv3-8 conv3-8 ) maxpool
aux 0.3 { FC-10 softmax }
FC-16 PReLU FC-10 softmax
"""
STEM = ["stem", "bn_stem"]
CONV1_2 = ["conv1_2", "bn1_2"]
IN_3A = ["3a.conv1", "3a.bn1", "3a.conv2", "3a.bn2"]
FC = ["fc3", "prelu3", "fc4"]
ALL = {*STEM, *CONV1_2, *IN_3A, *FC, "aux1.fc1"}


def of(*entries: str) -> Spec:
    return vggdsl.parse("\n".join([BODY, "train {", "  data fake", *entries, "}"]))


@pytest.mark.parametrize(
    ("written", "frozen"),
    [
        ("stem", STEM),  # whose norm goes with it
        ("stem..3a.conv1", [*STEM, *CONV1_2, *IN_3A[:2]]),
        ("3a fc3", [*IN_3A, "fc3", "prelu3"]),
        ("bn_stem", ["bn_stem"]),
        ("all but fc4", ALL - {"fc4"}),
        ("ALL  BUT 3a.conv2..fc4 aux1", [*STEM, *CONV1_2, *IN_3A[:2]]),
        ("all but bn_stem", ALL - {"bn_stem"}),
        ("all but stem", ALL - {*STEM}),
        ("none", []),
    ],
)
def test_a_layer_is_frozen_with_the_norm_behind_it(written: str, frozen: list[str]) -> None:
    spec = of(f"  freeze {written}")
    assert tuned(spec.recipe(), spec.typed).frozen == set(frozen)


def test_a_rate_is_of_what_is_named_and_of_all_others_that_are_trained() -> None:
    spec = of("  freeze stem..conv1_2", "  rate all but 3a.conv2 fc4 x0.1 fc4 x10 3a.bn2 x3")
    found = tuned(spec.recipe(), spec.typed)
    assert found.factors == {
        **dict.fromkeys(["3a.conv1", "3a.bn1", "fc3", "prelu3", "aux1.fc1"], 0.1),
        "fc4": 10.0,
        "3a.bn2": 3.0,
    }
    assert found.factor("3a.conv2") == 1


def test_a_norm_is_trained_at_the_rate_of_the_layer_before_it_unless_it_has_its_own_or_is_frozen() -> None:
    spec = of("  rate stem x2 3a.conv1 x3 3a.bn1 x5 fc3 x4")
    factors = {"stem": 2, "bn_stem": 2, "3a.conv1": 3, "3a.bn1": 5, "fc3": 4, "prelu3": 4}
    assert tuned(spec.recipe(), spec.typed).factors == factors
    spec = of("  freeze bn_stem", "  rate stem x2")
    assert tuned(spec.recipe(), spec.typed).factors == {"stem": 2}


def test_recipes_without_these_entries_keep_their_digests() -> None:
    plain = vggdsl.parse("input 8x8x3 conv3-4 FC-10 softmax\ntrain { epochs 20 }").recipe()
    assert plain.digest == "d2a8ddb5"  # as it was before there were any
    digests = {
        of(*entries).recipe().digest for entries in ([], ["  freeze stem"], ["  rate stem x2"], ["  rate stem x3"])
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("entry", "help"),
    [
        ("freeze fc5 x10", "by the entry `rate`"),
        ("freeze conv1 all but fc5", "behind one `all but`"),
        ('freeze "stem"', "as in `freeze all but fc8`"),
        ("freeze(1..3)", "layers have names"),
        ("freeze: stem", "write `freeze stem`"),
        ("rate fc5", "as in `rate fc5 x10`"),
        ("rate x10", "that of all is said by `optimizer`"),
        ("rate fc5 10", "written `x10`"),
        ("rate 0.1", "sgd(lr=0.1)"),
        ("rate fc5 x0", "by the entry `freeze`"),
        ("rate fc5 x1e9", "a number from 1e-06 to 1e+06"),
        ("rate fc5 x2, fc4 x3", "separated by spaces"),
        ("layer.trainable = False", "by `freeze`, by their names"),
        ("requires_grad=False", "by `freeze`, by their names"),
        ("freeze_to(-2)", "by `freeze`, by their names"),
        ("learn.unfreeze()", "`init from(…)`"),
        ("lr_mult 10", "as in `rate fc8 x10`"),
    ],
)
def test_what_is_no_such_entry_is_told_with_what_is(entry: str, help: str) -> None:
    (found,) = findings(lambda: of(entry))
    assert help in str(found.help)


def test_a_network_is_not_trained_for_an_auxiliary_classifier_alone() -> None:
    (found,) = of("  freeze stem..fc4").check()
    assert "all layers are frozen" in found.message


def test_what_is_inherited_and_gone_is_told_with_what_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text(of("  freeze stem..3a").text, "utf-8")
    (tmp_path / "delta.arch").write_text('extends "base.arch"\nremove 3a\ntrain { epochs 3 }\n', "utf-8")
    found = next(d for d in vggdsl.load(tmp_path / "delta.arch").check() if isinstance(d.facts, OtherLayers))
    assert (found.code, "write `train { freeze none }`" in str(found.help)) == ("V412", True)


def test_a_place_that_no_file_has_is_not_shown() -> None:
    spec = of()
    recipe = spec.recipe().with_flags(freeze=Chosen(("conv9",)))
    (found,) = tuned(recipe, spec.typed).findings
    assert (found.message, found.labels) == ("unknown layer `conv9`", ())
