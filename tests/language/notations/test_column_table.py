"""Tables with a column a network, in the words of papers."""

from collections.abc import Callable

import pytest

from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source


def tabs(*rows: str) -> str:
    return "".join(row.replace(" | ", "\t") + "\n" for row in rows)


def markdown(*rows: str) -> str:
    cells = [row.split(" | ") for row in rows]
    width = max(map(len, cells))
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]]) + "\n"


def latex(*rows: str) -> str:
    cells = [row.replace("×", r"$\times$").replace("→", r"$\to$").split(" | ") for row in rows]
    width = max(map(len, cells))
    merged = [
        row if len(row) == width else [*row[:-1], rf"\multicolumn{{{width - len(row) + 1}}}{{c}}{{{row[-1]}}}"]
        for row in cells
    ]
    lines = "".join(" & ".join(row) + " \\\\\n" for row in merged)
    return f"\\begin{{tabular}}{{{'c' * width}}}\n{lines}\\end{{tabular}}\n"


def latex_rows(*rows: str) -> str:
    """As who copies only the rows has them, with rules."""
    _, *lines, _ = latex(*rows).splitlines()
    return "\\toprule[1pt]\n" + "".join(f"{line} \\hline\n" for line in lines)


def html(*rows: str) -> str:
    cells = [row.split(" | ") for row in rows]
    width = max(map(len, cells))
    merged = [
        "".join(f"<td>{cell}</td>" for cell in row[:-1]) + f'<td colspan="{width - len(row) + 1}">{row[-1]}</td>'
        for row in cells
    ]
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in merged) + "</table>"


def read(text: str, image: str | None = None) -> dict[str, Spec | VggdslError]:
    assert notations.recognise(Source("-", text)).name == "column-table"
    return dict(parse_all(text, "-", image=image))


def said(found: Spec | VggdslError) -> str:
    """The layers, without comments."""
    assert isinstance(found, Spec), str(found)
    return " ".join(word for line in found.text.splitlines() for word in line.partition("#")[0].split())


def refused(found: Spec | VggdslError) -> tuple[str, str]:
    """The first error, and what it is at."""
    assert isinstance(found, VggdslError), str(found)
    first = found.diagnostics[0]
    return first.message, first.labels[0].span.text


KINDS = (
    "Layer Type | Small | Large",
    "Input | 12×12 gray image | 12×12×3",
    "Convolution + ReLU | 3×3×4 | 3×3×6",
    "Relu Convolutional | 8 filters (3x3) | 9 filters (3x3)",
    "Max Pooling | 2×2 | 2×2",
    "Fully Connected + ReLU | 20 | 25 units",
    "Softmax | 10 | 10",
)
WORDS = (
    "CNN on A | CNN on B",
    "12×12 Gray Image | 12×12 RGB Image",
    "3×3 conv, 8 LReLU",
    "2×2 max-pool, stride 2",
    "dropout, p = 0.25",
    "3×3 conv. 6, BN, ReLU",
    "avg-pool",
    "dense 6→10 | dense 6→7",
)


@pytest.mark.parametrize("form", [tabs, markdown, latex, latex_rows, html])
def test_a_first_column_says_what_the_layers_of_each_row_are(form: Callable[..., str]) -> None:
    found = read(form(*KINDS))
    assert said(found["Small"]) == ("input 12x12x1 conv3-4 ReLU conv3-8 ReLU maxpool2/2 FC-20 ReLU FC-10 softmax")
    assert said(found["Large"]) == ("input 12x12x3 conv3-6 ReLU conv3-9 ReLU maxpool2/2 FC-25 ReLU FC-10 softmax")


@pytest.mark.parametrize("form", [tabs, markdown, latex, latex_rows, html])
def test_layers_of_all_columns_stand_in_one_cell(form: Callable[..., str]) -> None:
    found = read(form(*WORDS))
    behind = "conv3-8 LeakyReLU maxpool2/2 dropout-0.25 conv3-6 BN ReLU global-avgpool"
    assert said(found["CNN on A"]) == f"input 12x12x1 {behind} FC-10"
    assert said(found["CNN on B"]) == f"input 12x12x3 {behind} FC-7"


CELLS = {
    "Conv(8, 5, 5) + Relu": "conv5-8 ReLU",
    "[3×3, 8]×2": "conv3-8 conv3-8",
    "[5×5, 8]×1, Padding 2, S2": None,
    "[3×3, 8]×1, S2": "conv3-8/2",
    "(3×3 @ 8, BN, ReLU) × 2": "conv3-8 BN ReLU conv3-8 BN ReLU",
    "[3×3 conv 8, BN, ReLU, 2×2 max pool] ×2": "conv3-8 BN ReLU maxpool2/2 conv3-8 BN ReLU maxpool2/2",
    "8x5x5 st. 2, pad 2 LRN": "conv5-8/2 pad=2 LRN",
    "3×3 conv. 8 ReLU with stride r = 2": "conv3-8/2 ReLU",
    "3×3, 8 BN, ReLU": "conv3-8 BN ReLU",
    "3×3 conv, 8, ReLU, 2×2 max pool, stride 2": "conv3-8 ReLU maxpool2/2",
    "BN, ReLU, 3×3 conv, 8": "BN ReLU conv3-8",
    "3×3 conv, 8, ReLU, maxpool 2×2, stride 2, ReLU conv 3×3, 8": "conv3-8 ReLU maxpool2/2 conv3-8 ReLU",
    "3×3 conv. weight norm 8 lReLU": "conv3-8 LeakyReLU",
    "MaxPool(2,2)": "maxpool2/2",
    "Pooling 2×2": "`Pooling` doesn't say which pool it is",
    "global pooling": "doesn't say which pool it is",
    "x2 pool": "`x2` can't be read here",
    "avg-pool": "says no window",
    "conv, 8": "this convolution says no window",
    "3×3 conv": "this convolution says no number of filters",
    "Conv(8, 3×3, 2)": "`2` could be a stride or a padding",
    "4×4 conv, 8": "a window of even sides can't keep the size, and its padding isn't printed",
    "[3×3, 8; 3×3, 8]×2": "whether a shortcut leads around convolutions in brackets isn't printed",
    "(3, 5) conv 8": "could be a window",
    "3×3 conv, 8 9": "`9` is one number too many",
    "frobnicate 3": "can't be read here",
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_says_layers_or_is_refused_at_what_it_leaves_open(cell: str) -> None:
    rows = (
        "A | B",
        "16×16×3 images | 16×16×3 images",
        f"{cell} | 3×3 conv, 8 ReLU",
        "FC 5 | FC 5",
        "softmax | softmax",
    )
    found = read(tabs(*rows))
    expected = CELLS[cell]
    assert said(found["B"]) == "input 16x16x3 conv3-8 ReLU FC-5 softmax"
    if isinstance(found["A"], Spec):
        words = said(found["A"]).removeprefix("input 16x16x3 ").removesuffix(" FC-5 softmax")
        assert expected is None or words.removeprefix("after conv: none ") == expected
    else:
        message, at = refused(found["A"])
        assert expected is None or expected in message
        assert at in cell.replace("×", "x")


def test_rows_are_networks_whose_columns_are_layers() -> None:
    text = tabs(
        "Arch. | conv1 | conv2 | full3 | full4",
        "CNN-X | 8x5x5 st. 2, pad 2 LRN | 6x3x3 st. 1, pad 1 - | 20 dropout | 10 softmax",
        "CNN-Y | 4x3x3 st. 1, pad 1 - | 6x3x3 st. 1, pad 1, x2 pool | 20 dropout | 10 softmax",
    )
    found = read(text, "12x12x3")
    assert said(found["CNN-X"]) == ("input 12x12x3 conv5-8/2 pad=2 LRN conv3-6 pad=1 FC-20 dropout-0.5 FC-10 softmax")
    assert refused(found["CNN-Y"]) == ("`x2` can't be read here", "x2")


def test_lists_of_widths_are_layers_of_the_kind_that_their_row_is_called() -> None:
    text = tabs("Network | Lenet | Conv-2", "Convolutions |  | 64, 64, pool", "FC Layers | 30, 20, 10 | 25, 25, 10")
    found = read(text, "8x8x1")
    assert said(found["Lenet"]) == "input 8x8x1 FC-30 FC-20 FC-10"
    assert refused(found["Conv-2"]) == ("this convolution says no window", "64")


def test_what_stands_alone_is_of_all_where_the_table_marks_what_networks_lack_and_else_refused() -> None:
    rows = [
        "Layer | A | B",
        "Input | 16×16×3 | 16×16×3",
        "Conv0.x | N/A | [3×3, 4]×1",
        "Conv1.x | [3×3, 4]×1 | [3×3, 8]×1",
        "Pool1 | 2×2 Max, Stride 2",
        "Fully Connected | 5 | 5",
    ]
    found = read(tabs(*rows))
    assert said(found["A"]) == "input 16x16x3 conv3-4 maxpool2/2 FC-5"
    assert said(found["B"]) == "input 16x16x3 conv3-4 conv3-8 maxpool2/2 FC-5"
    found = read(tabs(*rows[:2], *rows[3:]))
    assert "stands alone in its row" in refused(found["B"])[0]


def test_images_that_are_not_printed_are_asked_for_at_the_name_and_told_of_one_network() -> None:
    text = tabs("Layer Type | MNIST Model | CIFAR Model", *KINDS[2:])
    message, at = refused(read(text)["CIFAR Model"])
    assert (message, at) == ("the size of the images isn't printed", "CIFAR Model")
    assert "are told of networks for mnist, cifar" in refused(read(text, "12x12x1")["MNIST Model"])[0]
    found = dict(parse_all(text, "-", image="12x12x1", column="MNIST Model"))["MNIST Model"]
    assert said(found).startswith("input 12x12x1 conv3-4 ReLU")


def test_layers_without_the_activation_that_others_have_are_said() -> None:
    rows = ("A | B", "8×8×3 images | 8×8×3 images", "3×3 conv, 4 | 3×3 conv, 4 ReLU", "FC 9, ReLU | FC 9, ReLU")
    found = [spec for spec in read(tabs(*rows, "FC 5 | FC 5")).values() if isinstance(spec, Spec)]
    bare = "assumed: no activation where none is printed: other layers have one"
    assert [bare in [each.message for each in spec.said] for spec in found] == [True, False]


def test_a_label_may_say_the_window_of_all_networks() -> None:
    rows = ["Layer | A | B", "Input image | 8×8×3 | 8×8×1", "Conv 3×3 | 4, BN, ReLU | 5, BN, ReLU", "MaxPool 2×2 |  | "]
    rows += ["Global average pooling |  | ", "Output: FC | 5 | 6"]
    found = read(tabs(*rows))
    assert said(found["A"]) == "input 8x8x3 conv3-4 BN ReLU maxpool2/2 global-avgpool FC-5"
    assert said(found["B"]) == "input 8x8x1 conv3-5 BN ReLU maxpool2/2 global-avgpool FC-6"


@pytest.mark.parametrize(
    "image", ["8×8×3 RGB image", "Input 8 × 8 RGB image", "RGB image x ∈ R^{8×8×3}", "Input: 8×8×3"]
)
def test_images_in_the_words_of_papers(image: str) -> None:
    found = read(tabs("A | B", f"{image} | 8×8 colour image", "3×3 conv, 4 LReLU | max 2×2, stride 2", "FC 5 | FC 5"))
    assert said(found["A"]) == "input 8x8x3 conv3-4 LeakyReLU FC-5"


def test_a_printed_count_of_parameters_is_a_claim() -> None:
    rows = (
        "Layer | A | B",
        "Input | 8×8×1 | 8×8×3",
        "Conv | 3×3, 4 | 3×3, 4",
        "FC | 5 | 5",
        "# params | 1,325 | 1,400",
    )
    found = read(tabs(*rows))
    statuses = {
        name: [verdict.status for verdict in spec.verdicts] for name, spec in found.items() if isinstance(spec, Spec)
    }
    assert statuses == {"A": ["holds"], "B": ["refuted"]}


def test_vggs_words_beside_labels_are_layers_counts_and_parameters() -> None:
    rows = (
        " | A | B",
        "layers | 2 weight layers | 4 weight layers",
        "input | input (8×8 RGB image) | input (8×8 RGB image)",
        "block 1 | conv3-4 | conv3-4 conv3-4",
        " | maxpool | maxpool",
        "top | FC-5 | FC-5",
        "Number of parameters (in thousands) | 0.4 | 0.6",
    )
    found = read(tabs(*rows))
    assert said(found["A"]) == "input 8x8x3 conv3-4 maxpool2/2 FC-5 claim weight-layers 2 claim params 0.4K"
    wrong = found["B"]
    assert isinstance(wrong, Spec)
    assert (wrong.count("holds"), wrong.count("refuted")) == (1, 1)


def test_a_line_above_says_that_units_in_brackets_are_residual() -> None:
    rows = (
        "Layer | A | B",
        "Conv1.x | [3×3, 4]×1, S2 | [3×3, 4]×1, S2 [3×3, 4; 3×3, 4]×2",
        "Conv2.x | [3×3, 6]×1, S2 | [3×3, 6]×1, S2",
        "FC1 | 5 | 5",
    )
    found = read("Residual units are shown in double-column brackets\n" + tabs(*rows), "8x8x3")
    assert said(found["B"]) == "input 8x8x3 conv3-4/2 ( add[ conv3-4 conv3-4 | identity ] ) x2 conv3-6/2 FC-5"
    for line in ("", "There are no residual units in brackets\n", "Brackets aren't residual blocks in brackets\n"):
        assert refused(read(line + tabs(*rows), "8x8x3")["B"])[1] == "[3x3, 4; 3x3, 4]x2"


def test_a_convolution_alone_in_the_first_column_is_not_taken_for_all() -> None:
    rows = (
        "A | B",
        "8×8×3 images | 8×8×3 images",
        "3×3 conv, 4 LReLU | 3×3 conv, 4 LReLU",
        "3×3 conv, 5 LReLU",
        "FC 5",
    )
    for form in (tabs, markdown):
        assert "stands alone in its row" in refused(read(form(*rows))["B"])[0]
    padded = tabs(*rows[:3], " | 1×1 conv, 4", "3×3 conv, 4 LReLU | ", *rows[3:])
    assert said(read(padded)["B"]) == "input 8x8x3 conv3-4 LeakyReLU conv1-4 conv3-5 LeakyReLU FC-5"


def test_a_table_of_results_and_one_of_layers_are_none() -> None:
    results = tabs(
        "Method | MNIST | CIFAR", "Conv-4 | 99.1 | 85.2", "Conv-6 | 99.3 | 86.0", "ResNet conv | 99.5 | 93.0"
    )
    assert notations.elsewhere(Source("-", results)) is None


def test_a_table_with_too_many_strange_cells_is_refused_at_the_first_of_them() -> None:
    rows = ("A | B", "3×3 conv, 8 | 3×3 conv, 8", "frobnicate | frobnicate", "FC 5 | blorp")
    found = notations.strangers(Source("-", tabs(*rows)))
    assert [(each.code, each.labels[0].span.text) for each in found] == [("V112", "frobnicate")]


def test_a_label_that_says_another_layer_is_refused() -> None:
    rows = (
        "Layer | A | B",
        "Input | 8×8×3 | 8×8×3",
        "Max Pooling | 3×3 conv, 4 | 2×2",
        "conv2 | 3×3, 4 | 3×3, 4",
        "FC | 5 | 5",
    )
    found = read(tabs(*rows))
    assert refused(found["A"])[0] == "`3x3 conv, 4` says another layer than `Max Pooling`"
    assert said(found["B"]) == "input 8x8x3 maxpool2/2 conv3-4 FC-5"


def test_what_a_table_leaves_open_reads_once_it_is_written() -> None:
    rows = ["Arch. | conv1 | conv2 | full3", "X | 8x5x5 st. 2, pad 2 {0} | 6x3x3 | 10 softmax"]
    rows += ["Y | 4x4x4 {1} | 6x3x3 | 10 softmax"]
    found = read(tabs(*rows).format("x2 pool", "st. 2"), "16x16x3")
    assert [refused(each)[1].strip() for each in found.values()] == ["x2", "4x4x4"]
    found = read(tabs(*rows).format("2x2 max pool, stride 2", "st. 2, pad 1"), "16x16x3")
    assert said(found["X"]) == "input 16x16x3 conv5-8/2 pad=2 maxpool2/2 conv3-6 FC-10 softmax"
    assert said(found["Y"]) == "input 16x16x3 conv4-4/2 pad=1 conv3-6 FC-10 softmax"


def test_a_cell_of_very_many_letters_says_no_layer() -> None:
    long = "[(" * 150 + "conv 3x3"
    rows = ("A | B", "8×8×3 images | 8×8×3 images", "3×3 conv, 4 | 3×3 conv, 4", f"{long} | 3×3 conv, 4", "FC 5 | FC 5")
    assert refused(read(tabs(*rows))["A"])[0] == "a cell of so many letters says no layer"


def test_networks_may_have_two_columns_each_of_kinds_and_of_sizes() -> None:
    text = """<table><tr><th colspan="2">A</th><th colspan="2">B</th></tr>
<tr><td>Input</td><td>8x8x1</td><td>Input</td><td>6x6x3</td></tr>
<tr><td>Conv.ReLU</td><td>3x3x2</td><td>Conv.ReLU</td><td>3x3x4</td></tr>
<tr><td>Max Pooling</td><td>2x2</td><td>Conv.ReLU</td><td>1x1x10</td></tr>
<tr><td>Dense.ReLU</td><td>5</td><td>Global Average Pooling</td><td></td></tr>
<tr><td>Softmax</td><td>10</td><td>Softmax</td><td>10</td></tr></table>"""
    first, second = (spec for _, spec in parse_all(text, "-"))
    assert isinstance(first, Spec), str(first)
    assert isinstance(second, Spec), str(second)
    assert [first.typed.params, second.typed.params] == [20 + 33 * 5 + 60, 4 * 28 + 50]
    for was, now, message in (
        ("3x3x2<", "3x3<", "this convolution says no number of filters"),
        ("3x3x2<", "27x27x2<", "rather the size of a map"),
    ):
        with pytest.raises(VggdslError, match=message):
            raise next(e for _, e in parse_all(text.replace(was, now), "-") if not isinstance(e, Spec))


@pytest.mark.parametrize("form", [tabs, markdown, html])
@pytest.mark.parametrize("heading", ["Network", "Model"])
def test_figures_below_the_layers_are_claims_and_what_says_nothing_of_layers_is_said(
    form: Callable[..., str], heading: str
) -> None:
    rows = (
        f"{heading} | A | B",
        "Input | 8×8×3 | 8×8×3",
        "conv1 | 3×3, 40 | 3×3, 60",
        "pool1 | 2×2 max | 2×2 max",
        "avg pool | global | global",
        "fc | 5 | 5",
        "# of parameters | 1,325 | 1,985",
        "FLOPs | 139K | 208K",
        "Top-1 test error (%) | 10.1 | 9.2",
        "Accuracy (CIFAR-10) | 91.2 ± 0.1 | 92",
        "Training time | 3h | 4h",
    )
    found = read(form(*rows))
    layers = "conv3-40 maxpool2/2 global-avgpool FC-5"
    assert said(found["A"]) == f"input 8x8x3 {layers} claim params 1,325 claim top-1-error 10.1% split=test"
    other = found["B"]
    assert isinstance(other, Spec)
    assert "refuted" not in {each.status for each in other.verdicts}
    for unread in ("`FLOPs` counts a multiply-add twice", "`Accuracy (CIFAR-10)` isn't read", "`Training time` isn't"):
        assert any(unread in each.message for each in other.said)


@pytest.mark.parametrize("figure", ["6,9K", "٣K", "1e9", "9" * 30])
def test_what_is_no_figure_is_refused_at_its_cell(figure: str) -> None:
    rows = (
        "Layer | A | B",
        "Input | 8×8×3 | 8×8×3",
        "conv1 | 3×3, 4 | 3×3, 4",
        "avg pool | global | global",
        "fc | 5 | 5",
    )
    assert refused(read(tabs(*rows, f"FLOPs | {figure} | 6.9K"))["A"])[1] in figure


@pytest.mark.parametrize(
    ("row", "claim"), [("FLOPs | 6.9K", "macs 6.9K"), ("MACs (K) | 7", "macs 7K"), ("Depth | 2", "")]
)
def test_operations_and_depth_are_claims(row: str, claim: str) -> None:
    rows = (
        "Layer | A | B",
        "Input | 8×8×3 | 8×8×3",
        "conv1 | 3×3, 4 | 3×3, 4",
        "avg pool | global | global",
        "fc | 5 | 5",
    )
    found = read(tabs(*rows, f"{row} | "))["A"]
    assert isinstance(found, Spec)
    assert f"claim {claim or 'weight-layers 2'}" in found.text
    assert [each.status for each in found.verdicts] == ["holds"]


@pytest.mark.parametrize("label", ["hidden", "# hidden", "neurons", "size", "data", "steps"])
def test_a_row_that_says_a_layer_is_never_left_out(label: str) -> None:
    rows = ("Layer | A | B", "Input | 8×8×3 | 8×8×3", "conv1 | 3×3, 4 | 3×3, 4", f"{label} | FC 6 | FC 7", "fc | 5 | 5")
    assert said(read(tabs(*rows))["B"]) == "input 8x8x3 conv3-4 FC-7 FC-5"
    if label in ("hidden", "# hidden", "neurons"):
        found = [*read(tabs(*(row.replace("FC ", "") for row in rows))).values()]
        assert not any(isinstance(each, Spec) for each in found)


def test_rows_of_latex_are_told_from_prose_with_an_ampersand() -> None:
    rows = latex_rows("Layer | A | B", r"\multirow{2}{*}{conv} | 3×3, 4 | 3×3, 6", " | 3×3, 4 | 3×3, 6", "fc | 5 | 5")
    found = read("Two networks\n" + rows, "8x8x3")
    assert said(found["B"]) == "input 8x8x3 conv3-6 conv3-6 FC-5"
    prose = "R & D have conv & pool\\\\\nand a fc & a softmax, 3x3 & 5x5\nand conv & conv\n"
    assert not notations.is_marked_up(Source("-", prose))
    assert notations.elsewhere(Source("-", prose)) is None


def test_an_empty_first_column_may_hold_but_the_labels_of_figures() -> None:
    rows = (" | A | B", " | 3×3 conv, 4 | 3×3 conv, 4", " |  | 3×3 conv, 6", " | FC 5 | FC 5", "# hidden: | 8.3K | 47K")
    for form in (tabs, markdown):
        for more in ((), ("# params: | 1,397 | 2,259",)):
            found = read(
                form(*[row.replace("#", r"\#") if form is latex_rows else row for row in (*rows, *more)]), "8x8x3"
            )
            assert said(found["B"]).startswith("input 8x8x3 conv3-4 conv3-6 FC-5")
            other = found["A"]
            assert isinstance(other, Spec)
            assert [each.status for each in other.verdicts] == ["holds"] * len(more)


def test_a_layer_may_stand_so_often_and_take_all_of_a_map() -> None:
    rows = ("A | B", "8×8×3 images | 8×8×3 images", "3×3 conv, 4, ReLU (×3) | 3×3 conv, 4, stride 2, ReLU (×3)")
    found = read(tabs(*rows, "Dense 8×8×4 → 5 | Dense 4×4×4 → 5"))
    assert said(found["A"]) == "input 8x8x3 conv3-4 ReLU conv3-4 ReLU conv3-4 ReLU FC-5"
    assert refused(found["B"]) == ("`x3` can't be read here", "x3")
    assert isinstance(read(tabs(*rows, "Dense 8×8 → 5 | Dense 4×4×4 → 5"))["A"], VggdslError)


def test_calls_of_convolutions_are_read_as_their_library_has_them() -> None:
    rows = (
        "Layer | A | B",
        "Input | 12×12×3 | 12×12×3",
        "1 | Conv2d(3, 4, 5), ReLU, MaxPool2d(2, 2) | Conv2D(4, 4) + ReLU",
        "2 | Conv2d(4, 6, 3), padding 1 | MaxPooling2D(3, 3)",
        "3 | FC(96, 5) | FC 5",
        "Top-1 | 72.1 | 75.0",
        "Robust accuracy (%) | 12 | 15",
    )
    found = read(tabs(*rows))
    assert said(found["A"]) == "input 12x12x3 conv5-4 pad=0 ReLU maxpool2/2 conv3-6 pad=1 FC-5"
    other = found["B"]
    assert said(other) == "input 12x12x3 conv4-4 pad=0 ReLU maxpool3/3 FC-5"
    assert isinstance(other, Spec)
    assert any("no padding where a call" in each.message for each in other.said)
    assert sum("could be several things" in each.message for each in other.said) == 2
    wrong = read(tabs(*rows).replace("FC(96", "FC(384"))["A"]
    assert isinstance(wrong, VggdslError)


def test_a_row_may_be_a_network_all_of_whose_layers_stand_in_one_cell() -> None:
    rows = (
        "Model name | Structure | Parameters | Neurons",
        "A | Conv(3, 8, 4, 2, 1) - Conv(8, 16, 3, 1, 0) - Linear(64, 5) | 1,885 | 88",
        "B | Conv(3, 8, 4, 2, 1) - Linear(128, 8) - Linear(8, 5) | 1,468 | 76",
        "C | Conv(3, 8, 4, 2, 1) - Linear(120, 5) | 1000 | 64",
    )
    found = read("# input 8x8x3\n" + markdown(*rows))
    assert said(found["A"]) == "input 8x8x3 conv4-8/2 pad=1 conv3-16 pad=0 FC-5 claim params 1,885"
    first, second = found["A"], found["B"]
    assert isinstance(first, Spec)
    assert isinstance(second, Spec)
    assert [each.status for spec in (first, second) for each in spec.verdicts] == ["holds", "refuted"]  # B has 1,469
    assert any("as PyTorch's" in each.message for each in first.said)
    assert any("`Neurons` isn't read" in each.message for each in first.said)
    assert refused(found["C"]) == ("the filter takes 120, and gets 128", "Linear")
    strange = notations.strangers(Source("-", markdown(*rows).replace("Neurons", "Epsilon")))
    assert strange[0].message == "a column `Epsilon` isn't known of networks, a row each"
    around = "<p>ReLU activations are applied between layers.</p>"
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row.split(" | ")) + "</tr>" for row in rows[:3])
    told = read(f"# input 8x8x3\n<table>{cells}</table>\n{around}")["A"]
    assert isinstance(told, Spec)
    assert any("stands around the table" in each.message for each in told.said)


def test_rows_are_networks_below_a_heading_of_stages_and_layers() -> None:
    head = "<tr><th></th><th colspan=2>Stage 1</th><th colspan=2>Stage 2</th></tr>"
    rows = ("Layer|Conv|Pool|Conv|FC", "Small|3x3, 4|2x2 max|3x3, 6|5", "Wide net|(3, 8)/1,1|2x2 max||5")
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row.split("|")) + "</tr>" for row in rows)
    found = read(f"# input 8x8x3\n<table>{head}{cells}</table>")
    assert said(found["Small"]) == "input 8x8x3 conv3-4 maxpool2/2 conv3-6 FC-5"
    assert refused(found["Wide net"])[1] == "(3, 8)"
