"""Tables whose cells stand behind single blanks, as viewers of PDFs and pages have them copied."""

import re
import time
from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.uncut import cuts, pieces
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

FIXTURES = Path(__file__).parents[2] / "fixtures"
TABLES = {"layer-table", "vgg-table", "study-row", "torchinfo", "googlenet-table", "resnet-table", "keras-summary"}
"""Notations whose texts have cells."""
TEXTS = {path: path.read_text("utf-8") for path in sorted(FIXTURES.glob("matrix/*/*.txt"))}
TEXTS |= {path: path.read_text("utf-8") for path in sorted(FIXTURES.glob("printed/*.txt"))}
AGAIN = ("vgg_notes", "vgg_slides_2", "deeper_googlenet_whole")
"""Second forms of a table, which have nothing new without cells."""


def uncut(text: str) -> str:
    """A text with single blanks for what parts its cells."""
    return "\n".join(re.sub(r"[ \t|]+", " ", line).strip() for line in text.splitlines()) + "\n"


def outcomes(text: str, notation: str) -> dict[str, Spec | VggdslError]:
    try:
        return dict(parse_all(text, "-", notation))
    except VggdslError as error:
        return {"": error}


def notation_of(path: Path) -> str:
    return path.stem if path.parent.parent.name == "matrix" else notations.recognise(Source("-", TEXTS[path])).name


@pytest.mark.parametrize(
    "path",
    [path for path in TEXTS if path.stem not in AGAIN and notation_of(path) in TABLES],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_a_table_without_cells_is_the_same_or_is_refused_at_a_line(path: Path) -> None:
    notation, text = notation_of(path), uncut(TEXTS[path])
    assert notations.recognise(Source("-", text)).name == notation
    whole = outcomes(TEXTS[path], notation)
    for name, found in outcomes(text, notation).items():
        if isinstance(found, Spec):
            expected = whole[name]
            assert isinstance(expected, Spec)
            assert found.network.graph.digest == expected.network.graph.digest
            assert found.count("refuted") == expected.count("refuted")
        else:
            assert found.diagnostics[0].labels[0].span.end


@pytest.mark.parametrize("name", ["layer-table", "study-row", "torchinfo", "googlenet-table"])
def test_it_is_said_once_that_cells_were_cut(name: str) -> None:
    text = uncut(TEXTS[FIXTURES / "matrix" / "plain" / f"{name}.txt"])
    ((_, found),) = outcomes(text, name).items()
    assert isinstance(found, Spec), str(found)
    assert [d.code for d in found.said].count("W111") == 1
    assert found.count("refuted") == 0


def only(text: str) -> Spec:
    ((_, found),) = parse_all(text, "-")
    assert isinstance(found, Spec), str(found)
    return found


def refused(text: str) -> tuple[int, str]:
    ((_, found),) = outcomes(text, notations.recognise(Source("-", text)).name).items()
    assert isinstance(found, VggdslError)
    return found.diagnostics[0].labels[0].span.line, found.diagnostics[0].message


DARKNET = """Type Filters Size/Stride Output
Convolutional 8 3 × 3 16 × 16
Maxpool 2 × 2/2 8 × 8
Convolutional 10 1 × 1 8 × 8
Avgpool Global 10
Softmax
"""


def test_what_fits_in_several_ways_is_cut_as_the_sizes_need() -> None:
    """`Convolutional 8` could be the name of a layer, without a number of filters."""
    found = only(DARKNET)
    assert found.said[0].code == "W111"
    assert [node.op.text for node in found.network.graph.nodes if not node.implied] == [
        "input 16x16x3", "conv3-8", "maxpool2/2", "conv1-10", "global-avgpool", "softmax",
    ]  # fmt: skip


def test_one_that_could_be_two_networks_is_refused_with_both() -> None:
    """The pool has no input size, or its size is that of what it takes, and the convolution has stride 2."""
    text = "Layer Filter Output size Input size\nInput 16x16x3\nConv 3x3, K = 8\nMax pool 2x2 8x8\n"
    line, message = refused(text)
    assert line == 4
    assert "`Max pool | 2x2 | 8x8 |` or" in message or "or `Max pool | 2x2 | 8x8 |`" in message


def test_rows_and_headings_may_be_broken() -> None:
    text = "Layer\nType Output\nSize Filter Size /\nStride\nINPUT\nIMAGE 8 × 8 × 3\nCONV 8 × 8 × 4\n3 × 3, K = 4\n"
    text += "MAX\nPOOL 4 × 4 × 4 2 × 2\nFC 10\nSoft-\nmax 10\n"
    whole = "Layer Type\tOutput Size\tFilter Size / Stride\nINPUT\t8x8x3\nCONV\t8x8x4\t3x3, K = 4\n"
    whole += "MAX POOL\t4x4x4\t2x2\nFC\t10\nSoftmax\t10\n"
    assert only(text).network.graph.digest == only(whole).network.graph.digest


VGG = """ConvNet Configuration
A A-LRN B C
5 weight 5 weight 6 weight 8 weight
layers layers layers layers
input (16 × 16 RGB image)
conv3-4 conv3-4 conv3-4 conv3-4
LRN conv3-4 conv3-4
maxpool
conv3-8 conv3-8 conv3-8 conv3-8
conv3-8
maxpool
conv3-8 conv3-8 conv3-8 conv3-8
conv1-8
maxpool
FC-16
FC-10
soft-max
"""


def test_configurations_are_cut_as_the_printed_counts_need() -> None:
    found = dict(parse_all(VGG, "-"))
    assert list(found) == ["A", "A-LRN", "B", "C"]
    layers = dict[str, list[str]]()
    for name, spec in found.items():
        assert isinstance(spec, Spec), str(spec)
        assert spec.count("refuted") == 0
        ops = [node.op.text.partition(" ")[0] for node in spec.network.graph.nodes[1:] if not node.implied]
        layers[name] = [op for op in ops if "pool" not in op and not op.startswith(("FC", "softmax"))]
        assert [d.code for d in spec.said] == ["W111", "W110"][: 2 if name.startswith("A") else 1]
    assert layers == {
        "A": ["conv3-4", "conv3-8", "conv3-8"],
        "A-LRN": ["conv3-4", "LRN", "conv3-8", "conv3-8"],
        "B": ["conv3-4", "conv3-4", "conv3-8", "conv3-8"],
        "C": ["conv3-4", "conv3-4", "conv3-8", "conv3-8", "conv3-8", "conv1-8"],
    }


def test_columns_are_refused_of_which_counts_tell_no_layers() -> None:
    """Without the name, LRN may be of either; with other counts, B and C may have each other's layers, or none fit."""
    open = dict(parse_all(VGG.replace("A-LRN", "A2"), "-"))
    assert {name for name, spec in open.items() if isinstance(spec, Spec)} == {"B", "C"}
    open = dict(parse_all(VGG.replace("6 weight 8 weight", "7 weight 7 weight"), "-"))
    assert {name for name, spec in open.items() if isinstance(spec, Spec)} == {"A", "A-LRN"}
    lost = dict(parse_all(VGG.replace("5 weight 5 weight 6 weight 8 weight", "5 weight"), "-"))
    assert not any(isinstance(spec, Spec) for spec in lost.values())
    wrong = dict(parse_all(VGG.replace("8 weight", "9 weight"), "-"))
    assert all(isinstance(spec, VggdslError) for spec in wrong.values())


def test_a_line_that_fits_no_columns_is_refused() -> None:
    assert refused(DARKNET.replace("Maxpool", "Deconvolution"))[0] == 3


@pytest.mark.parametrize(
    "text", [" " * 2**18, "3 " * 2**17, "conv pool layer output\n" + "layer output size " * 14_000]
)
def test_long_texts_are_looked_at_in_time(text: str) -> None:
    """Linear in the text: 256 KiB take a tenth of these seconds of the processor, and the quadratic takes minutes."""
    begun = time.process_time()
    for name in TABLES:
        notations.notation(name).recognises(Source("-", text))
    assert time.process_time() - begun < 5


def test_cells_are_cut_in_every_way_that_fits() -> None:
    line = Excerpt.of(Source("-", "a 1 - 2"))
    columns = [lambda cell: cell.text.isalpha(), *[lambda cell: cell.text in ("1", "2", "-")] * 4]
    found = [[cell.text for cell in cut] for cut in cuts(line, columns)]
    assert len(found) == len({tuple(cut) for cut in found}) == 4
    assert all(" ".join(filter(None, cut)) == "a 1 - 2" for cut in found)
    assert [len(cut) for cut in pieces(line, lambda cell: True)] == [3, 4]
    assert vggdsl.parse(only(DARKNET).text, "again.arch").network.graph.digest == only(DARKNET).network.graph.digest


def test_lines_of_one_form_that_no_cut_fits_alike_are_refused() -> None:
    text = """Layer Filters Kernel Stride Padding Output
FC 3 x 3 256 0 8
FC 2 x 27 5 5 256"""
    with pytest.raises(VggdslError, match="this line"):
        parse_all(text, "-", "layer-table")
