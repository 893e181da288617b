"""ResNet's table in the forms that people paste: each column is the network that ships."""

import re
from collections.abc import Callable

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import NetworkError, VggdslError
from vggdsl.text.source import Source

NOTATION = "resnet-table"
DEPTHS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
FLOPS = ("1.8", "3.8")
SIZES = ("56×56", "28×28", "14×14", "7×7")
Unit = tuple[list[str], int]


def unit(depth: int, stage: int) -> Unit:
    """The lines of a stage's brackets, and how often they stand there."""
    width, times = 64 * 2**stage, DEPTHS[depth][stage]
    if depth < 50:
        return [f"3×3, {width}"] * 2, times
    return [f"1×1, {width}", f"3×3, {width}", f"1×1, {4 * width}"], times


STAGES = [[unit(depth, stage) for depth in DEPTHS] for stage in range(4)]
NAMES = [f"{depth}-layer" for depth in DEPTHS]


def markdown(cell: Callable[[Unit], str] = lambda unit: f"[{'; '.join(unit[0])}] × {unit[1]}") -> str:
    rows = [["layer name", "output size", *NAMES], ["---"] * 4, ["conv1", "112×112", "7×7, 64, stride 2", ""]]
    rows.append(["conv2_x", "56×56", "3×3 max pool, stride 2", ""])
    for at, units in enumerate(STAGES):
        rows.append([f"conv{at + 2}_x" if at else "", SIZES[at] if at else "", *map(cell, units)])
    rows.append(["", "1×1", "average pool, 1000-d fc, softmax", ""])
    rows.append(["FLOPs", "", *(f"{figure}×10^9" for figure in FLOPS)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def in_math(unit: Unit) -> str:
    lines = r"\\".join(line.replace("×", r"\times ") for line in unit[0])
    return rf"$\left[\begin{{array}}{{c}}{lines}\end{{array}}\right]\times {unit[1]}$"


def latex() -> str:
    """As the paper's source has it."""

    def cell(unit: Unit) -> str:
        lines = r"\\[-.1em] ".join(rf"\text{{{line}}}".replace("×", r"$\times$") for line in unit[0])
        return rf"\multirow{{3}}{{*}}{{\(\left[\begin{{array}}{{c}}{lines}\end{{array}}\right]\)$\times${unit[1]}}}"

    rows = [f"layer name & output size & {' & '.join(NAMES)}"]
    rows.append(r"\hline conv1 & 112$\times$112 & \multicolumn{2}{c}{7$\times$7, 64, stride 2}")
    for at, units in enumerate(STAGES):
        size = SIZES[at].replace("×", r"$\times$")
        start = rf"\hline \multirow{{4}}{{*}}{{conv{at + 2}\_x}} & \multirow{{4}}{{*}}{{{size}}}"
        if not at:
            rows.append(rf"{start} & \multicolumn{{3}}{{c}}{{3$\times$3 max pool, stride 2}}")
            start = r"\cline{3-4} &"
        rows += [f"{start} & {' & '.join(map(cell, units))}", " & & &"]
    rows.append(r"\hline & 1$\times$1 & \multicolumn{2}{c}{average pool, 1000-d fc, softmax}")
    rows.append(r"\hline \multicolumn{2}{c|}{FLOPs} & " + " & ".join(rf"{figure}$\times10^9$" for figure in FLOPS))
    return "\\begin{tabular}{c|c|c|c}\n" + " \\\\\n".join(rows) + "\\\\\n\\end{tabular}"


def html() -> str:
    rows = ["<td rowspan=2>conv2_x</td><td rowspan=2>56×56</td><td colspan=2>3×3 max pool, stride 2</td>"]
    for at, units in enumerate(STAGES):
        start = f"<td>conv{at + 2}_x</td><td>{SIZES[at]}</td>" if at else ""
        rows.append(start + "".join(f"<td>[{'<br>'.join(lines)}]×{times}</td>" for lines, times in units))
    head = f"<th>layer name</th><th>output size</th>{''.join(f'<th>{name}</th>' for name in NAMES)}"
    rows = [head, "<td>conv1</td><td>112×112</td><td colspan=2>7×7, 64, stride 2</td>", *rows]
    rows.append("<td></td><td>1×1</td><td colspan=2>average pool, 1000-d fc, softmax</td>")
    rows.append(f"<td colspan=2>FLOPs</td>{''.join(f'<td>{figure}×10<sup>9</sup></td>' for figure in FLOPS)}")
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def pdf(opening: str, closing: str) -> str:
    """A PDF's text, line by line: exponents have come down, and brackets are other characters or gone."""
    lines = [f"layer name output size {' '.join(NAMES)}", "conv1 112×112 7×7, 64, stride 2"]
    for at, units in enumerate(STAGES):
        lines += [f"conv{at + 2} x {SIZES[at]}", *(() if at else ("3×3 max pool, stride 2",))]
        for inner, times in units:
            lines += [*filter(None, [opening]), *inner, *filter(None, [closing]), f"×{times}"]
    figures = " ".join(f"{figure}×109" for figure in FLOPS)
    return "\n".join([*lines, "1×1 average pool, 1000-d fc, softmax", f"FLOPs {figures}"])


def tabs() -> str:
    """Brackets that are torn over rows."""
    lines = [["layer name", "output size", *NAMES], ["conv1", "112×112", "7×7, 64, stride 2"]]
    for at, units in enumerate(STAGES):
        start = [f"conv{at + 2}_x", SIZES[at]]
        if not at:
            lines.append([*start, "3×3 max pool, stride 2", ""])
            start = ["", ""]
        for row in range(3):
            cells = []
            for inner, times in units:
                opening, closing = "[" * (row == 0), f"]×{times}" * (row == len(inner) - 1)
                cells.append(f"{opening}{inner[row]}{closing}" if row < len(inner) else "")
            lines.append([*(start if not row else ["", ""]), *cells])
    lines.append(["", "1×1", "average pool, 1000-d fc, softmax", ""])
    lines.append(["FLOPs", "", *(f"{figure}×10^9" for figure in FLOPS)])
    return "\n".join("\t".join(line) for line in lines)


FORMS = {
    "markdown": markdown(),
    "markdown with formulas": markdown(in_math),
    "latex": latex(),
    "html": html(),
    "tabs": tabs(),
    "pdf": pdf("[", "]"),
    "pdf, brackets in pieces": pdf("⎡\n⎣", "⎤\n⎦"),
    "pdf, brackets lost": pdf("", ""),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_column_is_the_network_that_ships(form: str) -> None:
    assert notations.recognise(Source("-", FORMS[form])).name == NOTATION
    found = parse_all(FORMS[form], "-")
    assert [name for name, _ in found] == NAMES
    for (_, spec), depth in zip(found, DEPTHS, strict=True):
        assert isinstance(spec, Spec), str(spec)
        assert spec.network.graph.digest == vggdsl.load(f"resnet/resnet{depth}").network.graph.digest
        assert (spec.count("holds"), spec.count("refuted")) == (8, 0)
        assert ("W111" in [finding.code for finding in spec.said]) == form.startswith("pdf")


def of_resnext() -> str:
    rows = ["| stage | output | ResNet-50 | ResNeXt-50 (32×4d) |", "| conv1 | 112×112 | 7×7, 64, stride 2 | |"]
    rows.append("| conv2 | 56×56 | 3×3 max pool, stride 2 | |")
    for at, times in enumerate(DEPTHS[50]):
        width = 64 * 2**at
        one = f"[1×1, {width}; 3×3, {width}; 1×1, {4 * width}] × {times}"
        other = f"[1×1, {2 * width}; 3×3, {2 * width}, C=32; 1×1, {4 * width}] × {times}"
        rows.append(f"| {f'conv{at + 2}' if at else ''} | {SIZES[at] if at else ''} | {one} | {other} |")
    rows.append("| | 1×1 | global average pool, 1000-d fc, softmax | |")
    rows += ["| # params. | | 25.5×10^6 | 25.0×10^6 |", "| FLOPs | | 4.1×10^9 | 4.2×10^9 |"]
    return "\n".join(rows)


def test_where_stages_stride_is_told_by_the_multiply_adds() -> None:
    """ResNeXt's table, whose ResNet-50 strides in the 3x3 layers."""
    resnet, resnext = (spec for _, spec in parse_all(of_resnext(), "-"))
    assert isinstance(resnet, Spec)
    assert isinstance(resnext, Spec)
    assert resnet.network.graph.digest == vggdsl.load("torchvision/resnet50").network.graph.digest
    assert resnext.typed.params == 25_028_904  # as torchvision's
    assert [spec.count("refuted") for spec in (resnet, resnext)] == [0, 0]


def test_where_stages_stride_is_said_as_it_is_written() -> None:
    """Without figures of multiply-adds: in the first layer as He et al. have it, in ResNeXt in that of the groups."""
    (_, resnet), (_, resnext) = parse_all(of_resnext().rpartition("\n")[0], "-")
    for spec, first, stride in ((resnet, "first layer", "conv1-$a/$s"), (resnext, "widest window", "conv3-$b/$s")):
        assert isinstance(spec, Spec)
        assert stride in spec.text
        (said,) = (each.message for each in spec.said if "a stage's stride" in each.message)
        assert said.startswith(f"assumed: a stage's stride is in the {first} of its first unit")


OF_GROUPS = """| Output | ResNeXt-4 |
| 8×8 | 3×3, 8, stride 1 |
| 8×8 | [1×1, 4; 3×3, 4, G = 2; 1×1, 8] × 1 |
| 1×1 | global average pool, 10-d fc, softmax |
| #P (K) | 0.5 |
| MFLOPs | 0.023 |
"""


def test_rows_may_name_the_unit_of_their_figures_and_units_their_groups_as_g() -> None:
    """As the table of selective kernels: `#P`, `GFLOPs`, and `G = 32`."""
    ((_, spec),) = parse_all(OF_GROUPS, "-", NOTATION)
    assert isinstance(spec, Spec)
    assert spec.typed.params == 8 * 27 + 4 * 8 + 4 * 2 * 9 + 8 * 4 + 2 * (8 + 4 + 4 + 8) + 90
    assert re.findall("claim (.*)", spec.text) == ["params 0.5K", "macs 0.023M"]
    assert spec.count("refuted") == 0
    assert "isn't in M, as its row's name says" in str(first_error(OF_GROUPS.replace("0.023", "23K")))


def first_error(text: str) -> VggdslError:
    try:
        return next(error for _, error in parse_all(text, "-", NOTATION) if not isinstance(error, Spec))
    except VggdslError as error:
        return error


@pytest.mark.parametrize(
    ("was", "now", "place", "message"),
    [
        ("3×3, 64; 3×3, 64] × 2", "3×3, 64; 3×3, 64", "[3x3, 64; 3x3, 64", "is no unit"),
        ("3×3, 64; 3×3, 64] × 2", "3×3, 64; max pool] × 2", "[3x3, 64; max pool] x 2", "no unit of convolutions"),
        ("3×3, 64; 3×3, 64] × 2", f"{'3×3, 64; ' * 8}3×3, 64] × 2", "[3x3, 64; 3x3", "no unit that is known"),
        ("| 28×28 |", "| 29×29 |", "29x29", "no stride leads from 56x56"),
        ("| 112×112 |", "| 111×111 |", "111x111", "the input isn't printed"),
        ("| 28×28 |", "| |", "conv3_x", "no output size"),
        ("7×7, 64, stride 2", "7×7, 64, strode 2", "strode", "can't be read"),
        ("1.8×10^9", "1.8 billion", "1.8 billion", "no figure"),
        ("| output size |", "| sizes |", "layer name", "no row names the networks"),
    ],
)
def test_what_cant_be_read_is_told_at_its_cell(was: str, now: str, place: str, message: str) -> None:
    text = markdown()
    assert was in text
    with pytest.raises(VggdslError) as caught:
        raise next(
            error for _, error in parse_all(text.replace(was, now, 1), "-", NOTATION) if not isinstance(error, Spec)
        )
    finding = caught.value.diagnostics[0]
    assert message in finding.message
    assert re.sub(r" ?×", "x", finding.labels[0].span.text).startswith(place[:6])


def test_a_column_that_cant_be_read_leaves_the_others() -> None:
    found = parse_all(markdown().replace("1×1, 256] × 3", "1×1, 256; shake, [16, 256]] × 3"), "-")
    assert [isinstance(spec, Spec) for _, spec in found] == [True, False]


def test_a_figure_that_isnt_the_networks_fails() -> None:
    for was, now in (("1.8×10^9", "1.9×10^9"), ("18-layer", "19-layer"), ("3×3, 512] × 2", "3×3, 512] × 3")):
        spec = parse_all(markdown().replace(was, now, 1), "-")[0][1]
        assert isinstance(spec, Spec)
        assert spec.count("refuted") > 0, now


def test_it_writes_networks_that_ship() -> None:
    for name in ("resnet/resnet18", "torchvision/resnet50", "resnet20_projection"):
        assert notations.written_as(vggdsl.load(name).typed, NOTATION)  # reads it back
    for name in ("resnet34_a", "plain34", "vgg_a", "googlenet"):
        with pytest.raises(NetworkError, match="can't say"):
            notations.written_as(vggdsl.load(name).typed, NOTATION)


DENSENET = """Layers	Output Size	DenseNet-121	DenseNet-169
Convolution	112 × 112	7 × 7 conv, stride 2
Pooling	56 × 56	3 × 3 max pool, stride 2
Dense Block (1)	56 × 56	[1 × 1 conv; 3 × 3 conv] × 6	[1 × 1 conv; 3 × 3 conv] × 6
Transition Layer (1)	56 × 56	1 × 1 conv
	28 × 28	2 × 2 average pool, stride 2
Dense Block (2)	28 × 28	[1 × 1 conv; 3 × 3 conv] × 12	[1 × 1 conv; 3 × 3 conv] × 12
Transition Layer (2)	28 × 28	1 × 1 conv
	14 × 14	2 × 2 average pool, stride 2
Dense Block (3)	14 × 14	[1 × 1 conv; 3 × 3 conv] × 24	[1 × 1 conv; 3 × 3 conv] × 32
Transition Layer (3)	14 × 14	1 × 1 conv
	7 × 7	2 × 2 average pool, stride 2
Dense Block (4)	7 × 7	[1 × 1 conv; 3 × 3 conv] × 16	[1 × 1 conv; 3 × 3 conv] × 32
Classification Layer	1 × 1	7 × 7 global average pool
		1000D fully-connected, softmax
Table 1: networks for ImageNet. The growth rate for all the networks is k = 32.
"""


def test_densenets_table_gives_the_networks_that_others_have() -> None:
    """One of them is among the examples, which are held against torchvision's modules."""
    assert notations.recognise(Source("-", DENSENET)).name == NOTATION
    first, second = (spec for _, spec in parse_all(DENSENET, "-"))
    assert isinstance(first, Spec)
    assert isinstance(second, Spec)
    assert first.network.graph.digest == vggdsl.load("examples/densenet121.arch").network.graph.digest
    assert second.typed.params == 14_149_480  # as torchvision's
    assert [spec.count("refuted") for spec in (first, second)] == [0, 0]


@pytest.mark.parametrize(
    ("name", "other", "what"),
    [("Pooling", "FC", "FC"), ("Pooling", "Convolution", "a convolution"), ("Convolution", "Max Pool", "a pool")],
)
def test_a_row_that_is_named_after_another_layer_is_refused_at_its_name(name: str, other: str, what: str) -> None:
    for _, found in parse_all(DENSENET.replace(f"{name}\t", f"{other}\t"), "-"):
        assert isinstance(found, VggdslError)
        assert found.diagnostics[0].labels[0].span.text == other
        assert f"names {what}, and its row holds none" in found.diagnostics[0].message


def test_the_growth_rate_is_that_of_the_column_or_of_the_caption_or_assumed() -> None:
    """DenseNet-161's is 48."""
    of_column = DENSENET.replace("DenseNet-169", "DenseNet-161 (k = 48)").replace("conv] × 32\n", "conv] × 36\n", 1)
    for text, params, assumes in (
        (of_column.replace("conv] × 32\n", "conv] × 24\n"), 28_681_000, False),
        (DENSENET.replace("k = 32", "k = 12"), None, False),
        (DENSENET.replace("k = 32", "as told"), 14_149_480, True),
    ):
        spec = parse_all(text, "-")[1][1]
        assert isinstance(spec, Spec), str(spec)
        assert params in (None, spec.typed.params)
        assert any("none is printed; a line above" in finding.message for finding in spec.said) == assumes


def test_units_may_scale_their_channels() -> None:
    """SE-ResNet's table; the network is among the examples."""

    def excited(unit: Unit) -> str:
        width = int(unit[0][0].split(", ")[1])
        lines = [f"conv, {line}" for line in unit[0]]
        return f"[{'; '.join([*lines, f'fc, [{width // 4}, {4 * width}]'])}] × {unit[1]}"

    rows = ["| Output size | SE-ResNet-50 |", "| 112 × 112 | conv, 7 × 7, 64, stride 2 |"]
    rows.append("| 56 × 56 | max pool, 3 × 3, stride 2 |")
    for at, units in enumerate(STAGES):
        rows.append(f"| {SIZES[at] if at else ''} | {excited(units[1])} |")
    rows.append("| 1 × 1 | global average pool, 1000-d fc, softmax |")
    ((_, spec),) = parse_all("\n".join(rows), "-")
    assert isinstance(spec, Spec), str(spec)
    published = vggdsl.load("examples/published/se_resnet50.arch")
    assert spec.network.graph.digest == published.network.graph.digest
    assert "channels, and there are" in str(first_error("\n".join(rows).replace("[16, 256]", "[16, 255]")))


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ("1 × 1 conv\n	28", "3 × 3 conv\n	28", "`3x3 conv` is nothing that is known here"),
        ("[1 × 1 conv; 3 × 3 conv] × 12	", "[3 × 3 conv] × 12	", "`[3x3 conv] x 12` is nothing"),
        (
            "[1 × 1 conv; 3 × 3 conv] × 12	",
            "[1 × 1, 64; 3 × 3, 64] × 12	",
            "`[1x1, 64; 3x3, 64] x 12` is nothing",
        ),
        ("2 × 2 average pool", "2 × 2 pooling", "`pooling` can't be read as a layer"),
        ("3 × 3 max pool, stride 2", "3 × 3 max pool, stride 0", "0 is out of range"),
        ("\t\t1000D", "\t8 × 8\t1000D", "`8x8` is printed, and this row gives 1x1"),
    ],
)
def test_what_is_no_dense_layer_is_told_at_its_cell(was: str, now: str, message: str) -> None:
    assert was in DENSENET
    assert message in str(first_error(DENSENET.replace(was, now, 1)))


WIDE = """group name	output size	block type = B(3,3)
conv1	32×32	[3×3, 16]
conv2	32×32	[3×3, 16×k; 3×3, 16×k] × N
conv3	16×16	[3×3, 32×k; 3×3, 32×k] × N
conv4	8×8	[3×3, 64×k; 3×3, 64×k] × N
avg-pool	1×1	[8×8]
"""


@pytest.mark.parametrize("said", ["k = 10, N = 4", "WRN-28-10"])
def test_wide_resnets_width_and_depth_stand_beside_the_table(said: str) -> None:
    """WRN-28-10 has 36,479,194 parameters, with a classifier of 10 classes on 640 channels, which no row prints."""
    ((_, spec),) = parse_all(f"{said}\n{WIDE}", "-")
    assert isinstance(spec, Spec), str(spec)
    assert spec.typed.params + 640 * 10 + 10 == 36_479_194
    assert spec.count("refuted") == 0


@pytest.mark.parametrize(
    ("said", "was", "now", "message"),
    [
        ("", "16", "16", "k isn't printed"),
        ("k = 10\n", "16", "16", "N isn't printed"),
        ("WRN-27-10\n", "16", "16", "no 6N + 4 layers"),
        ("WRN-28-10, k = 9\n", "16", "16", "says another k"),
        ("WRN-28-10\n", "B(3,3)", "B(3,1)", "units aren't of the windows"),
        ("WRN-28-10\n", "[3×3, 16]", "[3×3, 16; 3×3, 16]", "is no unit"),
    ],
)
def test_what_a_wide_table_leaves_open_is_refused(said: str, was: str, now: str, message: str) -> None:
    assert message in str(first_error(said + WIDE.replace(was, now, 1)))


SIDEWAYS = """output map size	32×32	16×16	8×8
# layers	1+2n	2n	2n
# filters	16	32	64
"""


def sideways_latex() -> str:
    """As the paper's source has it."""
    cells = [line.split("\t") for line in SIDEWAYS.splitlines()]
    rows = [[row[0], *(cell.replace("×", r"$\times$").replace("n", "$n$") for cell in row[1:])] for row in cells]
    lines = [" & ".join(row).replace("#", r"\#") for row in rows]
    return "\\begin{tabular}{c|c|c|c}\n" + "\\\\\n".join(lines) + "\n\\end{tabular}"


@pytest.mark.parametrize("text", [SIDEWAYS, sideways_latex()], ids=["tabs", "latex"])
@pytest.mark.parametrize(("said", "layers"), [("n = 3", 20), ("ResNet-32", 32)])
def test_the_table_for_cifar_is_the_network_that_ships(text: str, said: str, layers: int) -> None:
    ((_, spec),) = parse_all(f"{said}\n{text}", "-")
    assert isinstance(spec, Spec), str(spec)
    assert spec.network.graph.digest == vggdsl.load(f"resnet{layers}").network.graph.digest


@pytest.mark.parametrize(
    ("said", "was", "now", "message"),
    [
        ("", "16", "16", "n isn't printed"),
        ("n = 3\n", "2n\t2n", "2n\t3n", "`3n` is no number of layers"),
        ("n = 3\n", "16\t32\t64", "16\t32", "as many cells"),
        ("n = 3\n", "# filters", "# maps", "`# maps` is no row"),
        ("ResNet-21\n", "16", "16", "no 6n + 2 layers"),
        ("n = 3, ResNet-32\n", "16", "16", "several values of n"),
    ],
)
def test_what_the_table_for_cifar_leaves_open_is_refused(said: str, was: str, now: str, message: str) -> None:
    assert was in SIDEWAYS
    assert message in str(first_error(said + SIDEWAYS.replace(was, now, 1)))
