"""What the page is answered: of any text something, and of each what the commands say."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_types import misfits
from profiles import THOROUGH, fewer
from spaces import space_texts

from vggdsl.drawing.draw import draw
from vggdsl.language import notations
from vggdsl.language.library import shipped
from vggdsl.page.engine import MOST, NAME, answer, answer_json
from vggdsl.page.examples import examples
from vggdsl.page.questions import PARTS, Answer, Question, question
from vggdsl.spec.checked import AT_ONCE, check_text
from vggdsl.spec.ranges import notes_of, ranges, table_of
from vggdsl.spec.space import space_of, tried_networks
from vggdsl.targets.plain.file import plain_module
from vggdsl.text.diagnostics import FindingData, to_json
from vggdsl.text.source import Source
from vggdsl.text.units import plural

PRINTED = Path(__file__).parents[1] / "fixtures" / "printed"
TEXTS = [
    *(shipped()[name].read_text("utf-8") for name in ("vgg_d", "googlenet", "quickstart", "cifar_resnet/resnet20")),
    *((PRINTED / f"{name}.txt").read_text("utf-8") for name in ("vgg_table_1", "keras_vgg16", "googlenet_table")),
    "",
]
MISTAKE = "input 32x32x3 conv3-64 maxpol conv3-128 FC-10 softmax\n"
WORDS = ["maxpool", "conv3-64 ", "x3", "x999", "$a", "block b(a) { conv3-$a }", "claim params 3M", "train { epochs 3 }"]
SIGNS = [*' \n|(]{}#"\t×😀\x00ﬁ', "\ud800", "\r\n", "-> 7x7x512", 'extends "vgg_d"']
pieces = st.sampled_from([*WORDS, *SIGNS, *TEXTS])
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), pieces), min_size=1, max_size=3)


def everything(text: str, **more: int) -> Answer:
    asked = question(json.dumps({"text": text, "show": list(PARTS), **more}))
    found = answer(asked)
    assert list(misfits(json.loads(json.dumps(found)), Answer)) == []
    return found


@given(space_texts())
@settings(max_examples=10)
def test_a_space_is_shown_from_its_smallest_network_to_its_largest(text: str) -> None:
    found, space = everything(text), space_of(Source(NAME, text))
    (network,) = found["networks"]
    assert (network["errors"], network["space"]) == (0, plural(space.networks, "network"))
    told = ranges(space, tried_networks(space, AT_ONCE))
    assert told is not None
    assert network["size"] is not None
    assert network["size"]["params"] == str(told.params)
    assert [row for group in found["layers"]["groups"] for row in group["rows"]] == [
        list(row) for group in table_of(told).groups for row in group.rows
    ]
    assert found["layers"]["notes"] == list(notes_of(space, told))
    assert notations.write(notations.read(Source(NAME, found["spec"]))) == found["spec"]
    assert f"the text is {network['space']}" in found["refused"]
    assert not {"picture", "explained", "claims", "pytorch"} & found.keys()


def test_what_is_said_of_a_space_names_no_command() -> None:
    assert "vggdsl" not in json.dumps(everything("input 8x8x3\nconv3-{4|8} ( maxpool x{1..4} | identity )\nFC-10\n"))
    one = everything("input 8x8x3\nconv3-4 x{1..2}\nFC-10\n")["networks"][0]["size"]
    assert one == {
        "params": "2,682..2,830",
        "macs": "9.5 K..18.7 K",
        "layers": "2..3",
        "input": "8x8x3",
        "output": "1x1x10",
    }


def test_what_looks_wrong_in_the_networks_of_a_space_is_told() -> None:
    found = everything("input 8x8x1\nconv3-{4|8} ReLU ReLU\nFC-10\n")
    assert [(each["code"], each["message"]) for each in found["findings"]] == [("W209", "ReLU twice in a row")]


def test_of_a_space_without_a_network_is_told_why() -> None:
    found = everything("input 8x8x3\nmaxpool x{5|6}\nFC-10\n")
    assert [each["code"] for each in found["findings"]] == ["V237"]
    assert (found["networks"][0]["space"], found["networks"][0]["size"]) == ("2 networks", None)
    assert "layers" not in found


@pytest.mark.parametrize("family", examples(), ids=lambda family: str(family["name"]))
def test_every_example_is_right_and_the_last_is_shown_whole(family: dict[str, list[dict[str, str]]]) -> None:
    for example in family["examples"]:
        network = answer({"text": example["text"]})["networks"][0]
        assert (network["errors"], network["refuted"]) == (0, 0), example["name"]
    assert set(PARTS) < set(everything(example["text"], line=5))


def test_what_is_shown_is_what_the_commands_show() -> None:
    text = shipped()["vgg_d"].read_text("utf-8")
    (checked,) = check_text(Source(NAME, text))
    found = everything(text, line=next(i for i, line in enumerate(text.splitlines(), 1) if "conv3-64" in line))
    assert checked.spec is not None
    assert found["networks"][0]["size"] == {
        "params": "138,357,544",
        "macs": "15.5 G",
        "layers": "16",
        "input": "224x224x3",
        "output": "1x1x1000",
    }
    assert found["picture"]["svg"] == draw(checked.spec)
    assert found["pytorch"] == plain_module(checked.spec)
    assert found["spec"] == text
    assert found["layers"]["groups"][1]["rows"][0][3] == "138,357,544"
    assert found["explained"]["layers"][0]["name"] == "conv1_1"
    assert {"about": "params", "text": "64·(3·3·3) + 64 = 1,792"} in found["explained"]["layers"][0]["told"]
    assert {each["status"] for each in found["claims"]["judged"]} == {"holds"}
    assert len(found["claims"]["judged"]) == found["networks"][0]["holds"]


def test_a_mistake_is_underlined_and_mended() -> None:
    found = answer({"text": f"# 😀\n{MISTAKE}"})
    (finding,) = found["findings"]
    (mark,), (edit,) = finding["marks"], finding["edits"]
    units = f"# 😀\n{MISTAKE}".encode("utf-16-le")
    assert units[2 * mark["start"] : 2 * mark["end"]].decode("utf-16-le") == "maxpol"
    assert (edit["start"], edit["end"], edit["text"]) == (mark["start"], mark["end"], "maxpool")
    assert finding["excerpt"].splitlines() == [f"2 | {MISTAKE.rstrip()}", "  |                        ^^^^^^ not known"]


def test_a_table_of_several_networks_says_what_it_is() -> None:
    text = (PRINTED / "vgg_table_1.txt").read_text("utf-8")
    found = everything(text, network=4, line=3)
    assert found["recognised"] == "a table of configurations, as VGG's"
    assert [each["name"] for each in found["networks"]] == ["A", "A-LRN", "B", "C", "D", "E"]
    assert (
        found["networks"][found["network"]]["size"]
        == everything(shipped()["vgg_d"].read_text("utf-8"))["networks"][0]["size"]
    )
    assert answer({"text": found["spec"]})["recognised"] == ""


def test_a_line_of_a_table_is_explained() -> None:
    text = (PRINTED / "keras_vgg16.txt").read_text("utf-8")
    line = next(i for i, each in enumerate(text.splitlines(), 1) if "block1_conv1" in each)
    found = everything(text, line=line)
    assert [each["spelled"] for each in found["explained"]["layers"]] == ["conv3-64"]
    assert all(each["is_said"] for each in found["findings"])


def test_a_table_that_isnt_read_says_why() -> None:
    near = everything("| layer | foo | output |\n| :-- | :-- | :-- |\n| conv3-64 | x | 32x32 |\n")["near"]
    assert near is not None
    assert near["message"] == "a column `foo` isn't known"
    assert near["marks"][0]["start"] == "| layer | foo".index("foo")
    assert everything(MISTAKE)["near"] is None
    told = everything('# "SepConv" means "conv"\nconvs\n')["near"]
    assert told is not None
    assert "`SepConv` doesn't stand" in told["message"]


def test_blocks_are_no_network() -> None:
    found = everything("block b(a) { conv3-$a }")
    assert (found["blocks"], found["networks"][0]["size"], found["findings"]) == (1, None, [])


def test_a_text_that_is_too_long_isnt_read() -> None:
    (finding,) = answer({"text": "x" * (MOST + 1)})["findings"]
    assert finding["code"] == "V502"


def test_many_findings_and_rows_are_cut() -> None:
    claims = answer({"text": "input 8x8x3 FC-10\n" + "claim params 3M\n" * 300})
    assert (len(claims["findings"]), claims["left_out"]) == (100, 200)
    layers = answer({"text": "input 8x8x3 conv3-4 x3000 FC-10", "show": ["layers"]})["layers"]
    assert len(layers["groups"][0]["rows"]) == 2000
    assert layers["left_out"] == 1002
    assert layers["groups"][1]["is_total"]


def test_of_many_layers_panels_make_some_and_say_so() -> None:
    found = everything("input 8x8x3 conv3-4 x9999 FC-10", line=1)
    assert found["refused"] == (
        "The page writes PyTorch of 2,000 layers, and these are 10,001: `vggdsl show --as pytorch` writes all."
    )
    assert (len(found["explained"]["layers"]), found["explained"]["is_cut"]) == (100, True)
    assert len(json.dumps(found)) < 2**19
    few = everything("input 8x8x3 conv3-4 x999 FC-10")
    assert few["pytorch"].count("nn.Conv2d(") == 999


@pytest.mark.parametrize(
    "asked",
    [
        *("", "[]", "{}", '{"text": 3}', '{"text": "", "line": true}', '{"text": "", "show": ["all"]}'),
        *('{"text": "", "x": 1}', '{"text": "", "style": "oil"}', '{"text": "", "show": [[]]}'),
    ],
)
def test_what_is_no_question_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match=r"question|show|styles|`\w+` is a|Expecting"):
        answer_json(asked)


def as_checked(text: str, line: int) -> None:
    """An answer with everything, whose findings are those of a fresh check."""
    asked: Question = {"text": text, "show": list(PARTS), "line": line, "network": line}
    found = json.loads(json.dumps(answer(asked)))
    assert list(misfits(found, Answer)) == []
    whole = "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= each <= "\udfff" else each for each in text)
    networks = list(check_text(Source(NAME, whole)))
    wanted = [to_json(each) for each in networks[found["network"]].findings]
    assert [{key: each[key] for key in FindingData.__annotations__} for each in found["findings"]] == wanted[:100]
    explained, layers = found.get("explained", {"layers": []}), found.get("layers", {"groups": []})
    assert len(explained["layers"]) <= 100
    assert sum(len(group["rows"]) for group in layers["groups"] if not group["is_total"]) <= 2000
    assert found.get("pytorch", "").count("\n        self.") <= 2000
    units = len(whole.encode("utf-16-le")) // 2
    for finding in found["findings"]:
        for place in (*finding["marks"], *finding["edits"]):
            assert 0 <= place["start"] <= place["end"] <= units


@fewer
@given(st.text(max_size=200), st.integers(-5, 400))
def test_any_text_is_answered(text: str, line: int) -> None:
    as_checked(text, line)


@settings(max_examples=10_000 if THOROUGH else 50)
@given(st.sampled_from(TEXTS), edits, st.integers(-5, 100))
def test_any_edit_is_answered(text: str, made: list[tuple[float, int, str]], line: int) -> None:
    for place, gone, piece in made:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + gone :]
        if len(text) <= MOST:
            as_checked(text, line)
