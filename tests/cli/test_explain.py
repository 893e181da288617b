"""``vggdsl explain``: the arithmetic of a layer, and what is implied."""

import math
import re
from pathlib import Path

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer, mostly_thorough, of_each_kind
from strategies import texts

import vggdsl
from vggdsl.network.ops import Op


def test_explain_tells_what_a_layer_stands_in(branching: str) -> None:
    parts = {part.split(":")[0]: part for part in run("explain", branching).stdout.split("\n\n")}
    assert "\n  in       branch 2 of 2 of 2.1.concat1\n  in       two(4, 8) of line 5\n" in parts["2.1.conv3"]
    assert "\n  from     2.1.relu1, 2.1.relu3\n" in parts["2.1.concat1"]
    assert "16x16x4, 16x16x8 -> 16x16x12: 4 + 8 = 12 channels" in parts["2.1.concat1"]
    assert "all that its branches see" in parts["2.1.concat1"]
    assert "branch 1 of 2 of 2.2.concat1" in parts["2.2.conv1"]
    assert "branch 1 of 2 of add2_1" in parts["identity1"]
    assert "aux1, an auxiliary classifier whose loss weighs 0.3" in parts["aux1.fc1"]
    assert "\n  from     pool1\n" in parts["aux1.conv1"]
    for classifier in ("fc3", "aux1.fc1"):
        assert "the classifier: " in parts[classifier]
    assert "then     ReLU: by the rule `after conv` of line 2" in parts["2.1.conv3"]


def test_explain_nested_branches() -> None:
    text = "input 8x8x3\nconcat[ conv1-1 | add[ conv1-2 | concat[ conv1-1 | identity conv3-1 ] ] ] x2\nFC-3"
    parts = {part.split(":")[0]: part for part in run("explain", "-", input=text).stdout.split("\n\n")}
    wanted = ["branch 2 of 2 of concat1_3", "branch 2 of 2 of add1_2", "branch 2 of 2 of concat1_4"]
    assert "conv3-1" in parts["conv1_8"]
    assert re.findall(r"in {7}(.*)", parts["conv1_8"]) == wanted
    assert re.findall(r"in {7}(.*)", parts["concat1_3"]) == wanted[1:]
    assert not re.findall(r"in {7}(.*)", parts["concat1_2"])


def test_a_line_that_calls_a_block_explains_its_layers(branching: str) -> None:
    names = re.findall(r"^(\S+): ", run("explain", f"{branching}:5").stdout, re.MULTILINE)
    assert names[:4] == ["2.1.conv1", "2.1.conv2", "2.1.conv3", "2.1.concat1"]
    assert names[-1] == "pool1"
    assert set(re.findall(r"^(\S+): (?=conv)", run("explain", f"{branching}:3").stdout, re.MULTILINE)) == {
        f"2.{i}.conv{j}" for i in (1, 2) for j in (1, 2, 3)
    }


def test_the_lines_of_a_delta_are_those_of_its_own_file(branching: str, tmp_path: Path) -> None:
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "branching.arch"\n\n\ninsert-after pool1: conv3-12\n')
    result = run("explain", f"{delta}:4")
    assert re.findall(r"^(\S+): ", result.stdout, re.MULTILINE) == ["conv2_1"]
    assert f"by the rule `after conv` of {branching}:2" in result.stdout
    result = run("explain", f"{delta}:5")
    assert result.exit_code == 2
    assert "its layers stand on lines 4" in result.output
    delta.write_text('extends "branching.arch"\n')
    assert "stand in the file that it extends" in run("explain", f"{delta}:1").output


def test_explain_says_where_the_zeros_are() -> None:
    output = run("explain", "-:2", input="input 8x8x16\nmaxpool1/2 widen-32").stdout
    assert "8x8x16 -> 4x4x16: (8 + 2·0 - 1) // 2 + 1 = 4\n" in output
    assert "4x4x16 -> 4x4x32: the channels and zeros behind them, 16 + 16 = 32\n" in output


def test_explain_a_line() -> None:
    result = run("explain", "vgg_d:8")
    assert result.exit_code == 0
    assert "224x224x3 -> 224x224x64: (224 + 2·1 - 3) // 1 + 1 = 224" in result.output
    assert "64·(3·3·3) + 64 = 1,792" in result.output
    assert "conv1_2" in result.output
    assert "pool1" not in result.output


def test_explain_everything() -> None:
    output = run("explain", "mini_vgg").output
    assert all(re.search(rf"^{t.name}: ", output, re.MULTILINE) for t in vggdsl.load("mini_vgg").typed.nodes)


def implied(text: str) -> dict[str, list[str]]:
    """What explain says to be implied, by the names of the layers."""
    parts = run("explain", "-", input=text).stdout.split("\n\n")
    return {part.split(":")[0]: re.findall(r"^  implied  (.*)", part, re.MULTILINE) for part in parts}


def test_what_is_written_is_not_explained_as_implied() -> None:
    text = """\
input 8x8x3
after conv: BN Eps=1e-3
conv3-4 PAD=1 BIAS=no ReLU LRN K=1 maxpool2/2 CEIL
conv3-4/1 ReLU avgpool2/2 pad=0
FC-10 bias=no
"""
    said = implied(text)
    assert said["conv1_1"] == ["stride 1x1"]
    assert said["bn1_1"] == ["by the rule `after conv` of line 2", "momentum 0.1"]
    source = "(Krizhevsky et al. 2012)"
    assert said["lrn1_1"] == [f"{value} {source}" for value in ("n 5", "alpha 0.0001", "beta 0.75")]
    assert said["pool1"] == ["padding 0x0"]
    assert said["conv2_1"] == ["padding 1x1", "a bias"]
    assert said["pool2"] == ["sizes are rounded down"]
    assert said["fc3"] == ["the classifier: rules for hidden FCs don't apply to it"]


def test_what_a_default_says_is_told_with_its_line() -> None:
    text = """\
input 8x8x3
default BN: eps=1e-3
default LRN: n=3
default conv: stride=2 pad=0
default maxpool: ceil
conv3-4 BN LRN ReLU maxpool
conv3-4 stride=1 pad=1 BN eps=1e-4 ReLU
FC-10
"""
    said = implied(text)
    assert said["conv1_1"][:2] == [
        "padding 0x0, by `default conv` of line 4",
        "stride 2x2, by `default conv` of line 4",
    ]
    assert said["bn1_1"] == ["eps 0.001, by `default BN` of line 2", "momentum 0.1"]
    assert said["lrn1_1"][0] == "n 3, by `default LRN` of line 3"
    assert said["pool1"][-1] == "sizes are rounded up, by `default maxpool` of line 5"
    assert (said["conv2_1"], said["bn2_1"]) == (["a bias"], ["momentum 0.1"])


def test_the_value_of_a_parameter_is_written() -> None:
    said = implied("input 8x8x3\nblock a(p, s) { conv3-4/$s pad=$p ReLU }\na(2, 1) FC-10\n")
    assert said["conv1_1"] == ["a bias"]


@pytest.mark.parametrize("place", ["vgg_d:1", "vgg_d:9999", "vgg_d:0"])
def test_explaining_a_line_without_layers_is_wrong_usage(place: str) -> None:
    result = run("explain", place)
    assert result.exit_code == 2
    assert "its layers stand on lines 4, " in result.output


def layers_of(name: str) -> set[type[Op]]:
    return {type(typed.node.op) for typed in vggdsl.load(name).typed.nodes}


EXPLAINED = of_each_kind(vggdsl.shipped(), lambda name: {*layers_of(name), Path(name).parent})


@pytest.mark.parametrize("name", mostly_thorough(vggdsl.shipped(), kept=EXPLAINED))
def test_every_shipped_spec_can_be_shown_and_explained(name: str) -> None:
    assert run("explain", name).exit_code == 0
    assert run("show", name).exit_code == 0


@fewer
@given(texts(), st.sampled_from(["table", "json", "csv", "markdown", "latex"]))
def test_any_network_can_be_shown_and_explained(text: str, form: str) -> None:
    for arguments in (["show", "-", "--format", form], ["explain", "-"]):
        result = run(*arguments, input=text)
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) > 1


@fewer
@given(texts())
def test_the_arithmetic_that_explain_prints_is_right(text: str) -> None:
    sums = r"[ :](\(\d[^:=]*|ceil\([^:=]*|\d+ \+ [^:=]*|\d+·[^:=]*) = ([\d,]+)"
    for line in run("explain", "-", input=text).stdout.splitlines():
        if line.startswith(("  shape", "  params", "  field")):
            for left, right in re.findall(sums, line):
                term = re.sub(r"that would start beyond it|gamma|beta", "", left).replace("·", "*").replace(",", "")
                assert eval(term, {"ceil": math.ceil}) == int(right.replace(",", "")), line


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (
            "BN momentum=0.01",
            "others   Keras, TensorFlow and Caffe count the other way round: 0.99 there is the momentum 0.01",
        ),
        ("LRN", "others   Caffe and PyTorch divide alpha by n: 0.0005 there is the alpha 0.0001 here"),
        ("dropout-0.3", "others   TensorFlow 1 says what is kept: 0.7 there is the rate 0.3 here"),
        ("conv3-8/2", "others   Keras' and TensorFlow's `same` is `pad=0,1,0,1` on this map"),
        ("conv3-8", ""),
        ("conv3-8/2 pad=0", ""),
    ],
)
def test_what_others_mean_by_the_same_words_is_told(layer: str, said: str) -> None:
    result = run("explain", "-:2", input=f"input 32x32x3\n{layer}\nconv1-8 ReLU FC-10 softmax\n")
    assert result.exit_code == 0, result.output
    assert said in result.output if said else "others" not in result.output


def told(about: str, name: str, input: str = "") -> list[str]:
    return re.findall(rf"^  {about:<7}  (.*)$", run("explain", name, input=input).stdout, re.MULTILINE)


def test_a_stack_tells_what_the_paper_argues() -> None:
    assert told("stack", "vgg_d")[-1] == (
        "three 3x3 convolutions see 7x7 with 27·C² = 7,077,888 weights, C = 512; one has 49·C² = 12,845,056, 81% more"
    )
    (line,) = told("stack", "vgg_a")
    assert line.startswith("two 3x3 convolutions see 5x5 with 18·C² = 4,718,592 weights, C = 512; ")
    assert line.endswith("one has 25·C² = 6,553,600, 39% more")


@pytest.mark.parametrize(
    ("layers", "kernels"),
    [
        ("conv3-4 conv3-4 conv3-4", ["two 3x3"]),  # the first takes other channels
        ("conv3-3 BN conv5-3 dropout-0.5", ["two convolutions, 3x3 and 5x5,"]),
        ("conv1x7-3 conv7x1-3", ["two convolutions, 1x7 and 7x1,"]),
        ("conv3-3 conv3-3 maxpool conv3-3 conv3-3 conv3-3", ["two 3x3", "three 3x3"]),
        ("conv3-3 maxpool conv3-3", []),
        ("conv3-3/2 conv3-3", []),
        ("conv3-3 conv3-3 groups=3", []),
        ("conv3-3 conv1-3 conv3-3", []),
        ("add[ conv3-3 | identity ] conv3-3", []),
        ("conv3-3 concat[ conv3-3 | identity ]", []),  # another takes what the first gives
    ],
)
def test_what_is_no_stack_tells_of_none(layers: str, kernels: list[str]) -> None:
    lines = told("stack", "-", f"input 16x16x3\n{layers}\n")
    assert [line.partition(" convolutions see")[0].partition(" see")[0] for line in lines] == kernels


def test_a_1x1_tells_what_it_saves() -> None:
    assert told("saves", "one_by_one/reduced") == [
        "conv1-16 before it leaves 16 of 192 channels: 15,920 parameters for 153,632, 9,781,248 macs for 88,473,600"
    ]
    reduced, direct = (vggdsl.load(f"one_by_one/{name}").typed for name in ("reduced", "direct"))
    assert (reduced.params, direct.params) == (15_920, 153_632)
    assert (reduced.macs, direct.macs) == (9_781_248, 88_473_600)
    assert told("saves", "-", "input 8x8x8 conv1-7 conv3-1") == []  # the two have more
    assert told("saves", "-", "input 8x8x64 conv1-64 conv3-64") == []
