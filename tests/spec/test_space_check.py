"""What is told of a space: what ``check`` says of its networks, each place once.

``UPDATE_FIXTURES=1 pytest tests/spec/test_space_check.py`` writes the renderings in ``tests/fixtures/spaces`` anew.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import THOROUGH
from spaces import space_texts

import vggdsl
from vggdsl.spec.checked import AT_ONCE, check_text
from vggdsl.spec.space import Most, Network, space_of, tried_networks
from vggdsl.spec.space_check import check_space
from vggdsl.text.diagnostics import render_all
from vggdsl.text.errors import Diagnostic
from vggdsl.text.source import Source

FIXTURES = Path(__file__).parents[1] / "fixtures" / "spaces"


def found(text: str, most: Most = AT_ONCE) -> list[Diagnostic]:
    space = space_of(Source("net.arch", text))
    return check_space(space, tried_networks(space, most))


def told(text: str) -> list[tuple[str, str]]:
    return [(finding.code, finding.message) for finding in found(text)]


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.arch")))
def test_a_space_reads_as_expected(name: str) -> None:
    (checked,) = check_text(Source(f"{name}.arch", (FIXTURES / f"{name}.arch").read_text("utf-8")))
    text, expected = render_all(checked.findings) + "\n", FIXTURES / f"{name}.txt"
    if os.environ.get("UPDATE_FIXTURES"):
        expected.write_text(text, encoding="utf-8", newline="\n")
    assert text == expected.read_text("utf-8")


FLAWS = ["", "BN momentum=0.99", "ReLU ReLU", "conv3-4 conv3-{4|5}", "( ReLU ReLU | BN )", "dropout-{0.3|0.9}"]
RECIPES = ["", "train {\n  data cifar10\n  optimizer adamw(lr=1e-3)\n}\n", "train {\n  data cifar100\n}\n"]


@given(space_texts(), st.sampled_from(FLAWS), st.sampled_from(RECIPES))
@settings(max_examples=600 if THOROUGH else 15, deadline=None)
def test_what_is_told_of_a_space_is_what_is_told_of_its_networks(text: str, flaw: str, recipe: str) -> None:
    text = text.replace("FC-10 softmax", f"{flaw} FC-10 softmax" if flaw else "FC-10 softmax") + recipe
    space = space_of(Source("net.arch", text))
    made = tried_networks(space, AT_ONCE)
    findings = check_space(space, made)
    places = [(each.code, each.labels[0].span) for each in findings]
    assert len(set(places)) == len(places)
    have = Counter[str]()
    for picks, network in made:
        assert isinstance(network, Network)
        of_one = {each.code for each in vggdsl.parse(space.fill(picks).text).check()}
        have.update(of_one - {"W208"})  # blocks that another network calls
    codes = Counter[str](each.code for each in findings if each.code != "W208")
    assert codes.keys() == have.keys()
    for each in findings:
        if codes[each.code] == 1:  # told at one place, it is of all networks that have it
            count = re.search(r"(\d+|all) (has|have) this: ", each.message)
            told_of = len(made) if count is None or count[1] == "all" else int(count[1])
            assert told_of == have[each.code]


@pytest.mark.parametrize(
    "line",
    [
        "conv3-8 ReLU ReLU maxpool\nconv3-16 global-avgpool FC-10 softmax",
        "conv3-8 BN momentum=0.99 FC-10 softmax",
        "conv3-8 maxpool3/2 FC-10 softmax",
        "conv3-8 ReLU FC-10 ReLU",
        "conv3-8 dropout-0.9 FC-10 softmax\ntrain {\n  data digits\n  optimizer adamw(lr=1e-3)\n}",
    ],
)
def test_what_all_networks_have_is_told_as_of_one(line: str) -> None:
    plain = vggdsl.parse(f"input 8x8x1\n{line}\n").check()
    assert plain
    text = f"input 8x8x1\n{line}\n".replace("conv3-8", "conv3-{8|16}")
    assert Counter(told(text)) == Counter((each.code, each.message) for each in plain)


def test_a_block_that_one_network_calls_is_used() -> None:
    blocks = "block a() { conv3-4 ReLU }\nblock b() { conv3-8 ReLU }\n"
    assert told(f"{blocks}input 8x8x1\n( a() | b() ) FC-10\n") == []
    (unused,) = found(f"{blocks}input 8x8x1\n( a() | conv3-4 ReLU ) FC-10\n")
    assert (unused.code, unused.labels[0].span.text) == ("W208", "b")


def test_what_some_have_is_told_with_one_that_has_it() -> None:
    (finding,) = found("input 8x8x1\nconv3-{4|6|8} ( ReLU | identity ) conv3-4 ReLU FC-10\n")
    assert (finding.code, finding.message.split(": ")[0]) == ("W204", "of 6 networks 3 have this")
    assert str(finding.help).startswith("so it is with 1:conv=4, 2:layers=identity; ")


def test_only_what_mends_all_networks_is_offered() -> None:
    (everywhere,) = found("input 3x224x224\nconv3-{4|8} global-avgpool FC-10\n")
    assert [fix.text for fix in everywhere.fixes] == ["input 224x224x3"]
    (differs,) = found("input 9x9x3\nconv3-{4|8} maxpool FC-10\n")
    assert (differs.code, differs.message, differs.fixes) == ("W202", "maxpool never sees the last row of 9x9x4", ())
    assert str(differs.help).startswith("so it is with 1:conv=4; ")


def test_of_a_sample_it_is_said_of_how_many() -> None:
    text = "input 8x8x1\nconv3-{1..99} ReLU ReLU FC-10\n"
    ((code, message),) = told(text)
    assert (code, message) == (
        "W209",
        "20 of 99 networks were tried, by chance, and all have this: ReLU twice in a row",
    )
    assert [each.message for each in found(text, Most(100, 5_000))] == ["ReLU twice in a row"]
    recipe = "train {\n  data digits\n  optimizer adamw(lr=1e-3)\n}\n"
    assert ("W406", "adamw without a weight decay is adam") in told(text + recipe)  # whatever the network is


def test_networks_none_of_which_can_be_trained_are_an_error_whatever_is_wrong_with_each() -> None:
    text = "input 8x8x1\nconv3-{2|4} ReLU\n( FC-9 softmax | FC-10 ReLU )\ntrain { data digits }\n"
    findings = found(text)
    assert [(each.code, each.is_error) for each in findings] == [("V401", True), ("V408", True)]
    assert [each.message.split(": ")[0] for each in findings] == ["of 4 networks 2 have this"] * 2
    findings = found(text.replace("FC-9", "FC-10"))
    assert [(each.code, each.is_error) for each in findings] == [("W222", False)]
    assert findings[0].message.startswith("of 4 networks 2 can't be trained: ")


def test_what_a_delta_inherits_is_told_from_the_delta(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text("input 8x8x1\nconv3-4 ReLU\nFC-10 softmax\ntrain { data digits }\n")
    path = tmp_path / "delta.arch"
    for end, text in (
        (12, 'extends "base.arch"\nreplace fc2: FC-12\n'),
        ("{12|13}", 'extends "base.arch"\nreplace fc2: FC-{12|13}\n'),
    ):
        path.write_text(text)
        (checked,) = check_text(Source(str(path), text))
        assert [(each.code, each.labels[0].span.line) for each in checked.findings] == [("W402", 1)], end
