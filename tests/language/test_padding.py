"""`pad=same` and `pad=valid`: numbers where they are numbers, and refused with what Keras means where they aren't."""

from pathlib import Path

import pytest
import refusals
from commands import run

import vggdsl
from vggdsl.network.shapes import Window
from vggdsl.text.errors import NetworkError


def window(layers: str) -> Window:
    spec = vggdsl.parse(f"input 33x32x8\n{layers}\nFC-10 softmax\n")
    op = spec.typed.nodes[1].node.op
    return op.window  # type: ignore[union-attr]  # of a convolution or a pool


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("conv3-8 pad=same", "conv3-8"),
        ("conv3-8 pad=SAME", "conv3-8 pad=1"),
        ("conv1x7-8 pad=same", "conv1x7-8 pad=0x3"),
        ("conv5-8 dilation=2 pad=same", "conv5-8 dilation=2 pad=4"),
        ("conv1-8/2 pad=same", "conv1-8/2"),
        ("maxpool3/1 pad=same", "maxpool3/1 pad=1"),
        ("conv3-8 pad=valid", "conv3-8 pad=0"),
        ("conv7-8/2 pad=Valid", "conv7-8/2 pad=0"),
        ("avgpool3/2 pad=valid", "avgpool3/2"),
        ("default conv: pad=same\nconv5-8", "conv5-8"),
        ("default conv: pad=valid\nconv5-8 pad=same", "conv5-8"),
        ("default conv: dilation=2\nconv3-8 pad=same", "conv3-8 dilation=2 pad=2"),
        ("block b(k) { conv$k-8 pad=same }\nb(5)", "conv5-8"),
    ],
)
def test_it_is_the_number_that_it_means(said: str, plain: str) -> None:
    assert window(said) == window(plain)


@pytest.mark.parametrize("size", ["32x32", "33x33"])
@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_where_sides_differ_the_help_says_what_keras_adds(size: str, kernel: int, stride: int) -> None:
    side = int(size.partition("x")[0])
    layer = f"conv{kernel}-8/{stride}"
    both = max((-(-side // stride) - 1) * stride + kernel - side, 0)  # as TensorFlow computes it
    before, behind = both // 2, both - both // 2
    pad = f"{before}" if before == behind else f"{before},{behind},{before},{behind}"
    if stride == 1 and kernel % 2:
        assert window(f"{layer} pad=same") == window(f"{layer} pad={pad}")
        return
    with pytest.raises(NetworkError) as caught:
        vggdsl.parse(f"input {size}x3\n{layer} pad=same\nFC-10 softmax\n")
    (finding,) = caught.value.diagnostics
    which = "of odd" if side % 2 and stride == 2 else "of even height and width" if stride == 2 else "write"
    assert f"{which} `pad={pad}`" in (finding.help or "")
    shape = vggdsl.parse(f"input {size}x3\n{layer} pad={pad}\nFC-10 softmax\n").typed.nodes[1].shape
    assert shape.h == shape.w == -(-side // stride)


@pytest.mark.parametrize(
    ("layers", "edits"),
    [
        ("conv4-8 pad=same", ["pad=1,2,1,2"]),
        ("block b(c) { conv4-8 pad=same conv1-$c }\nb(8)", ["pad=1,2,1,2"]),
        ("block b(k) { conv$k-8 pad=same }\nb(3) b(4)", []),
        ("default conv: pad=same\nconv3-8 conv4-8", []),
        ("default maxpool: pad=same\nmaxpool2/1", []),
    ],
)
def test_what_other_windows_have_is_not_edited_for_one(layers: str, edits: list[str]) -> None:
    (found,) = refusals.findings(lambda: vggdsl.parse(f"input 33x33x8\n{layers}\nFC-10 softmax\n"))
    assert found.code == "V222"
    assert [each.text for each in found.fixes] == edits


@pytest.mark.parametrize(
    "layer",
    [
        *("SiLU", "BN", "GN-8", "dropout-0.5", "LRN", "first-4", "softmax", "global-avgpool", "FC-10"),
        "default FC:",
    ],
)
def test_what_has_no_window_has_no_padding(layer: str) -> None:
    found = refusals.findings(lambda: vggdsl.parse(f"input 33x33x8\n{layer} pad=same\nFC-10\n"))
    assert [each.code for each in found if each.code in ("V220", "V222")] == ["V220"]


def test_fmt_keeps_what_a_default_could_change() -> None:
    text = "input 32x32x3\nconv3-64 pad=SAME conv5-64 pad=Valid bias=NO\ndefault conv: pad=VALID\nFC-10 softmax\n"
    kept = "input 32x32x3\nconv3-64 pad=same conv5-64 pad=0 bias=no\ndefault conv: pad=0\nFC-10 softmax\n"
    assert run("fmt", "-", input=text).output == kept
    assert run("fmt", "-", input=kept).output == kept


def test_same_is_what_it_is_under_a_default_that_comes_later(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text("input 16x16x3\nconv3-8 pad=same\nFC-10 softmax\n", "utf-8")
    (tmp_path / "wide.arch").write_text('extends "base.arch"\ndefault conv: dilation=2\n', "utf-8")
    (tmp_path / "halved.arch").write_text('extends "base.arch"\ndefault conv: stride=2\n', "utf-8")
    assert vggdsl.load(str(tmp_path / "wide.arch")).typed.nodes[1].shape.h == 16
    with pytest.raises(vggdsl.VggdslError) as caught:
        vggdsl.load(str(tmp_path / "halved.arch"))
    assert [each.code for each in caught.value.diagnostics] == ["V222"]
