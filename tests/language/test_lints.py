"""What looks wrong in a network is told with its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chain, pool_windows

import vggdsl
from vggdsl.language.lints import lint
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import AvgPool, Conv, Input, MaxPool
from vggdsl.network.shapes import Pair, Shape, Window


def warned(text: str) -> list[tuple[str, int]]:
    found = vggdsl.parse(text).check()
    return [(d.code, d.labels[0].span.line) for d in found]


def test_what_looks_wrong_in_a_block_is_told_once_with_its_call() -> None:
    text = "input 16x16x3\nafter conv: ReLU\nblock odd(c) { conv3-$c maxpool3/3 }\nodd(4)\nodd(5)\nFC-10 softmax\n"
    (finding,) = vggdsl.parse(text).check()
    assert finding.code == "W202"
    assert [(label.span.line, label.text) for label in finding.labels] == [(3, "this window"), (4, "called here")]


def test_a_block_that_nothing_calls_is_warned_of() -> None:
    head = "input 8x8x3\nblock a() { conv3-4 }\nblock b() { a() }\nblock c() { b() }\n"
    assert warned(f"{head}b() FC-10 softmax\n") == [("W208", 4)]
    assert warned(f"{head}concat[ c() | identity ] FC-10 softmax\n") == []


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("conv3-4\nconv3-4\nReLU\nFC-3", [3]),
        ("concat[ conv3-4 | conv1-4 ]\nconv3-4\nReLU\nFC-3", [3]),
        ("concat[ conv3-4 | conv1-4 ReLU ]\nconv3-4\nReLU\nFC-3", []),
        ("conv3-4\nadd[ conv3-4 | identity ]\nconv3-4\nReLU\nFC-3", [3, 4]),
        ("conv3-4 ReLU\nadd[ conv3-4 | identity ]\nconv3-4\nReLU\nFC-3", []),
        # residuals before the activation: the sum goes on beside the layer that takes it as it is
        ("conv3-4\nadd[ BN ReLU conv3-4 | identity ]\nadd[ BN ReLU conv3-6 | conv1-6 ]\nReLU\nFC-3", []),
        ("conv3-4\naux 0.3 { ReLU FC-3 }\nReLU\nFC-3", []),
        ("conv3-4 ReLU\naux 0.3 { conv1-4 FC-3 }\nFC-3", [3]),
    ],
)
def test_layers_with_nothing_nonlinear_between(body: str, lines: list[int]) -> None:
    assert warned(f"input 8x8x3\n{body}\n") == [("W204", line) for line in lines]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("conv3-4\nReLU\nReLU\nFC-3", [4]),
        ("conv3-4\nReLU\nLeakyReLU\nFC-3", []),
        ("conv3-4 ReLU\ndropout-0.5\ndropout-0.2\nFC-3", [4]),
        ("conv3-4 ReLU\ndropout-0.5 BN\ndropout-0.2\nFC-3", []),
        ("after conv: BN\nconv3-4\nBN\nReLU\nFC-3", [4]),
        ("after FC: ReLU dropout-0.5\nconv3-4 ReLU\nFC-8 dropout-0.5\nFC-3", [4]),
        ("after FC: ReLU dropout-0.5\nconv3-4 ReLU\nFC-8 after=none ReLU dropout-0.5\nFC-3", []),
        ("after conv: ReLU BN BN\nconv3-4\nFC-3", [2]),
        # the first is needed beside the second
        ("conv3-4 ReLU\ndropout-0.2\nconcat[ dropout-0.5 conv1-4 | identity ]\nReLU\nFC-3", []),
        ("conv3-4 ReLU\ndropout-0.2\naux 0.3 { FC-3 }\ndropout-0.2\nFC-3", []),
    ],
)
def test_the_same_layer_twice_in_a_row(body: str, lines: list[int]) -> None:
    assert warned(f"input 8x8x3\n{body}\n") == [("W209", line) for line in lines]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("conv4-8 ReLU FC-3", True),
        ("conv4-8 pad=1 ReLU FC-3", False),
        ("default conv: pad=0\nconv4-8 ReLU FC-3", False),
        ("default conv: pad=1\nconv4-8 ReLU FC-3", False),
        ("default conv: bias=no\nconv4-8 ReLU FC-3", True),
        ("conv4-8/2 ReLU FC-3", False),
        ("conv3-8 ReLU FC-3", False),
    ],
)
def test_an_even_kernel_is_told_where_no_padding_is_said(text: str, told: bool) -> None:
    assert [code for code, _ in warned(f"input 8x8x3\n{text}\n")] == ["W207"] * told


# -- windows, softmax and channels

HEAD = "input 32x32x3\n"


def warnings(text: str) -> list[str]:
    return [d.code for d in vggdsl.parse(text).check()]


def window_of(typed: TypedGraph) -> tuple[Window, Shape, Shape]:
    node = typed.nodes[-1]
    op = node.node.op
    assert isinstance(op, MaxPool | AvgPool | Conv)
    return op.window, node.x, node.shape


def seen(window: Window, axis: int, size: int, positions: int) -> list[set[int]]:
    """The rows of the input that each position sees."""
    starts = (place * window.stride[axis] - window.pad_before[axis] for place in range(positions))
    rows = ({start + i * window.dilation[axis] for i in range(window.kernel[axis])} for start in starts)
    return [{row for row in each if 0 <= row < size} for each in rows]


@st.composite
def windowed(draw: st.DrawFn) -> TypedGraph:
    x = Shape(1, draw(st.integers(1, 12)), draw(st.integers(1, 12)))
    if draw(st.booleans()):
        pool = draw(pool_windows(x))
        return chain(Input(x), MaxPool(pool) if draw(st.booleans()) else AvgPool(pool))
    pad, dilation = draw(st.integers(0, 6)), draw(st.integers(1, 4))
    sides = [(min(x.h, x.w) + 2 * pad - 1) // dilation + 1]
    kernel = draw(st.integers(1, min(6, *sides)))
    window = Window(
        Pair(kernel, kernel), Pair(*[draw(st.integers(1, 5))] * 2), Pair(pad, pad), Pair(dilation, dilation)
    )
    return chain(Input(x), Conv(1, window))


@given(windowed())
@settings(max_examples=6 * settings().max_examples)
def test_w201_tells_exactly_the_windows_that_see_only_padding(typed: TypedGraph) -> None:
    window, x, y = window_of(typed)
    blind = not all(seen(window, 0, x.h, y.h)) or not all(seen(window, 1, x.w, y.w))
    assert ("W201" in [d.code for d in lint(typed)]) == blind


@given(windowed())
@settings(max_examples=6 * settings().max_examples)
def test_w202_tells_exactly_the_pools_that_never_see_the_last_rows(typed: TypedGraph) -> None:
    window, x, y = window_of(typed)
    last = [
        max(set.union(*seen(window, axis, size, n)), default=-1) for axis, size, n in ((0, x.h, y.h), (1, x.w, y.w))
    ]
    between = (max(0, s - e) for s, e in zip(window.stride, window.extent, strict=True))
    beyond = any(size - 1 - end > gap for size, end, gap in zip((x.h, x.w), last, between, strict=True))
    dropped = isinstance(typed.nodes[-1].node.op, MaxPool | AvgPool) and beyond
    assert ("W202" in [d.code for d in lint(typed)]) == dropped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv3-8 conv3-8 FC-10 softmax", []),
        ("conv3-8 BN conv3-8 ReLU FC-10", ["W204"]),
        ("after conv: none\nconv3-8 maxpool conv3-8 LRN FC-10", []),
        ("after conv: none\nconv3-8 dropout-0.5 BN avgpool conv3-8 ReLU FC-10", ["W204"]),
        ("conv3-8 ReLU FC-9 FC-10", ["W204"]),
        ("FC-10 dropout-0.5 softmax", ["W205"]),
        ("FC-10 BN softmax", ["W205"]),
        ("FC-10 PReLU softmax", ["W205"]),
        ("conv3-8 PReLU conv3-8 PReLU FC-10", []),
        ("FC-10 softmax", []),
        ("global-avgpool conv3-8", ["W203", "W205"]),
        ("global-avgpool conv1-8", ["W205"]),
        ("global-avgpool conv1-8 after=none", []),
        ("maxpool3/2", ["W202"]),
        ("maxpool1/2 widen-8 ReLU", []),
        ("maxpool3/2 ceil", []),
    ],
)
def test_lints(text: str, expected: list[str]) -> None:
    assert warnings(HEAD + text) == expected


@pytest.mark.parametrize(
    ("size", "warned"), [("3x224x224", True), ("1x28x28", True), ("224x224x3", False), ("3x3x3", False)]
)
def test_channels_first_is_warned_of(size: str, warned: bool) -> None:
    assert ("W206" in warnings(f"input {size} conv1-8")) == warned


@pytest.mark.parametrize(
    ("rest", "codes"),
    [
        ("conv3-8 maxpool FC-10", ["W206"]),
        ("conv3-8 maxpool FC-10\ntrain { data cifar10 }", ["V512"]),
        ("conv3-8 maxpool conv3-8 maxpool FC-10", ["W206", "V201"]),
    ],
)
def test_what_follows_from_channels_first_is_not_told_before_it(rest: str, codes: list[str]) -> None:
    """Each with the one mend; the last row that the pool misses is of a map that nobody means."""
    try:
        found = vggdsl.parse(f"input 3x32x32\n{rest}").check()
    except vggdsl.VggdslError as error:
        found = list(error.diagnostics)
    assert [d.code for d in found] == codes
    assert found[0].help == "sizes are height x width x channels: write `input 32x32x3`"
    assert [fix.text for fix in found[0].fixes] == ["input 32x32x3"]


@pytest.mark.parametrize("end", ["ReLU", "sigmoid", "tanh", "BN", "dropout-0.5", "hard-sigmoid", "PReLU"])
@pytest.mark.parametrize("softmax", ["", " softmax"])
@pytest.mark.parametrize("last", ["FC-3", "conv1-3 global-avgpool", "conv4-3 pad=0"])
def test_what_stands_behind_the_classifier_is_warned_of(last: str, end: str, softmax: str) -> None:
    spec = vggdsl.parse(f"input 4x4x3\nconv3-4 ReLU {last} {end}{softmax}")
    found = [d for d in spec.check() if d.code == "W205"]
    assert [d.labels[0].span.text for d in found] == [end]


@pytest.mark.parametrize(
    "body",
    [
        "conv3-4 ReLU FC-8 ReLU FC-3",
        "conv3-4 ReLU FC-8 BN ReLU dropout-0.5 FC-3 softmax",
        "conv3-4 ReLU conv1-3 ReLU global-avgpool softmax",  # as published, in a network of networks
        "conv3-4 ReLU maxpool",
        "conv3-4 ReLU",
        "conv3-4 maxpool FC-3 softmax",
    ],
)
def test_other_ends_are_not(body: str) -> None:
    assert "W205" not in [d.code for d in vggdsl.parse(f"input 4x4x3\n{body}").check()]


ZEROS = "zeros in place of 2 of 10 logits"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("add[ FC-10 ReLU | FC-10 ReLU ]", ["ReLU at the end of each branch, right before softmax"]),
        ("add[ FC-10 | FC-10 ReLU ]", []),
        ("add[ FC-10 sigmoid | FC-10 tanh ]", ["sigmoid and tanh at the end of each branch, right before softmax"]),
        ("add[ FC-10 | FC-10 ] ReLU", ["ReLU right before softmax"]),
        ("add[ FC-8 widen-10 | FC-10 ]", []),
        ("add[ FC-8 widen-10 | FC-8 ReLU widen-10 ]", [f"{ZEROS} at the end of each branch, right before softmax"]),
        ("concat[ FC-5 | FC-5 ]", []),
        ("concat[ FC-5 | FC-5 ReLU ]", ["ReLU right before softmax"]),
        ("concat[ FC-5 ReLU | FC-5 BN ]", ["ReLU right before softmax", "BN right before softmax"]),
        ("add[ concat[ FC-5 | FC-5 ReLU ] | FC-10 ]", []),
        ("mul[ FC-10 | FC-10 sigmoid ]", []),
        ("mul[ FC-10 tanh | FC-10 sigmoid ]", ["tanh and sigmoid at the end of each branch, right before softmax"]),
        ("mul[ FC-10 | FC-10 dropout-0.5 ]", ["dropout right before softmax"]),
        ("mul[ FC-10 | FC-8 widen-10 ]", [f"{ZEROS} right before softmax"]),
        ("FC-8 widen-10", [f"{ZEROS} right before softmax"]),
        ("FC-10 widen-10", []),
        ("FC-9 shuffle-3 widen-10", ["zeros in place of 1 of 10 logits right before softmax"]),
        ("FC-8 widen-16 shuffle-2 first-4", ["zeros in place of 2 of 4 logits right before softmax"]),
        ("FC-9 widen-12 shuffle-3 last-6", ["zeros in place of 2 of 6 logits right before softmax"]),
        ("FC-8 widen-16 shuffle-2 shuffle-8 first-8", []),
        ("FC-4 widen-5 concat[ identity | identity ]", [f"{ZEROS} right before softmax"]),
        ("concat[ FC-5 ReLU | FC-5 ] shuffle-2 first-2", ["ReLU right before softmax"]),
        ("conv1-8 ReLU widen-10 global-avgpool", [f"{ZEROS} right before softmax"]),
        ("conv1-10 ReLU global-avgpool", []),
        ("FC-10 ReLU identity", ["ReLU right before softmax"]),
        ("FC-10 ReLU LRN", ["ReLU right before softmax"]),
        ("FC-10 ReLU global-avgpool", ["ReLU right before softmax"]),
        ("FC-10 ReLU shuffle-5", ["ReLU right before softmax"]),
        ("FC-10 ReLU add[ identity | identity ]", ["ReLU right before softmax"]),
        ("FC-10 ReLU FC-10", []),
        ("FC-1", ["a softmax over one value, which is always 1"]),
    ],
)
def test_the_end_is_what_branches_and_others_hand_on(body: str, told: list[str]) -> None:
    found = [d for d in vggdsl.parse(f"input 4x4x3\nconv3-4 ReLU {body} softmax").check() if d.code == "W205"]
    assert [d.message for d in found] == told


def test_many_merges_behind_each_other_take_no_time() -> None:
    merges = "add[ identity | identity ] " * 200
    assert "W205" in warnings(f"input 4x4x3\nconv3-4 ReLU FC-10 ReLU {merges}softmax")


def test_one_value_is_right_without_a_softmax() -> None:
    assert warnings("input 4x4x3\nconv3-4 ReLU FC-1") == []


def test_the_end_of_an_auxiliary_classifier_is_one() -> None:
    spec = vggdsl.parse("input 4x4x3\nconv3-4 ReLU aux 0.3 { FC-3\nReLU softmax } FC-3 softmax")
    assert [(d.code, d.labels[0].span.line) for d in spec.check()] == [("W205", 3)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("conv3-32 maxpool\nconv3-64 maxpool FC-128 ReLU dropout-0.5 FC-10 softmax", [3]),
        ("conv3-32 maxpool FC-128 ReLU FC-10 softmax", [2]),
        ("conv3-32 maxpool conv3-64 maxpool FC-128 FC-10 softmax\nafter FC: ReLU", [3]),
        ("conv3-32 maxpool conv3-64 maxpool FC-128 FC-10 softmax", []),
        ("conv3-32 BN ReLU maxpool conv3-64 maxpool FC-128 ReLU FC-10 softmax", []),
        ("add[ conv3-3 | identity ] ReLU FC-10 softmax", []),
        ("conv3-32 maxpool ReLU FC-10 softmax", []),
        ("FC-128 ReLU FC-10 softmax", []),
    ],
)
def test_an_activation_that_takes_those_of_all_convolutions_is_warned_of(text: str, lines: list[int]) -> None:
    found = [d for d in vggdsl.parse(f"input 16x16x3\n{text}").check() if d.code == "W210"]
    assert [d.labels[0].span.line for d in found] == lines


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("conv3-16 BN conv3-16 BN ReLU", True),
        ("conv3-16 groups=16 BN conv1-32 BN ReLU", False),  # separable, as Xception has it
        ("conv1-32 BN conv3-32 groups=32 BN ReLU", False),
        ("conv1-8 BN conv1-48 BN ReLU", False),  # a linear bottleneck, as MobileNetV2 has it
        ("conv1-32 BN conv1-48 BN ReLU", True),
        ("conv3-16 groups=16 BN ReLU conv1-16 BN conv1-48 BN ReLU", False),  # one that doesn't expand, of MobileNetV3
        ("conv3-16 groups=16 ReLU mul[ identity | global-avgpool conv1-16 sigmoid ] conv1-16 BN conv1-48 ReLU", False),
        ("conv3-16 groups=16 BN ReLU conv1-16 BN conv1-16 BN ReLU", True),
        ("conv3-16 groups=4 BN ReLU conv1-16 BN conv1-48 BN ReLU", True),
        ("conv3-16 groups=16 BN ReLU conv3-16 BN conv1-48 BN ReLU", True),
        ("conv3-16 groups=16 BN ReLU conv1-32 BN conv1-48 BN ReLU", True),
        ("conv3-16 BN ReLU conv1-16 BN conv1-48 BN ReLU", True),
    ],
)
def test_linear_layers_that_are_meant_are_no_mistake(text: str, is_told: bool) -> None:
    spec = vggdsl.parse(f"input 8x8x3\nconv3-16 ReLU {text} FC-10 softmax")
    assert ("W204" in [d.code for d in spec.check()]) == is_told


# -- where others mean something else by the same word


@pytest.mark.parametrize(
    ("layers", "theirs"),
    [
        ("conv3-8 BN momentum=0.99 ReLU", "`BN momentum=0.01`"),
        ("conv3-8 BN momentum=0.9 eps=1e-3 ReLU", "`BN momentum=0.1`"),
        ("conv3-8 BN momentum=0.999 ReLU", "`BN momentum=0.001`"),
        ("after conv: BN momentum=0.997 ReLU\nconv3-8", "`BN momentum=0.003`"),
        ("default BN: momentum=0.9\nconv3-8 BN ReLU", "`BN momentum=0.1`"),
        ("conv3-8 ReLU LRN n=5 alpha=1e-4 beta=0.75", "`LRN n=5 k=1 alpha=2e-05 beta=0.75`"),
        ("conv3-8 ReLU LRN alpha=1e-4 k=1", "`LRN n=5 k=1 alpha=2e-05 beta=0.75`"),
        ("default LRN: n=3 alpha=5e-5\nconv3-8 ReLU LRN", "`LRN n=3 k=1 alpha=1.66667e-05 beta=0.75`"),
        ("conv3-8 dropout-0.8", "`dropout-0.2`"),
        ("conv3-8 dropout-90%", "`dropout-0.1`"),
    ],
)
def test_a_value_that_is_usual_elsewhere_is_warned_of(layers: str, theirs: str) -> None:
    found = [d for d in vggdsl.parse(f"{HEAD}{layers}\nFC-10 softmax\n").check() if d.code == "W220"]
    assert len(found) == 1
    assert theirs in (found[0].help or "")


@pytest.mark.parametrize(
    "layers",
    [
        "conv3-8 BN ReLU",
        "conv3-8 BN momentum=0.01 ReLU",
        "conv3-8 BN momentum=0.4 eps=1e-3 ReLU",
        "conv3-8 ReLU LRN",
        "conv3-8 ReLU LRN n=5 k=2 alpha=1e-4 beta=0.75",
        "conv3-8 ReLU LRN n=5 k=1 alpha=2e-5 beta=0.75",
        "conv3-8 dropout-0.7",
        "conv28-10 pad=0",
        "conv31-64",
        "conv11-8",
    ],
)
def test_a_value_that_is_meant_so_is_not(layers: str) -> None:
    assert not {"W220", "W221"} & {*warnings(f"{HEAD}{layers}\nFC-10 softmax\n")}


def test_numbers_of_a_convolution_that_seem_swapped_are_warned_of() -> None:
    (finding,) = (d for d in vggdsl.parse(f"{HEAD}conv64-3\nFC-10 softmax\n").check() if d.code == "W221")
    assert "`conv3-64`" in (finding.help or "")
    assert "W207" not in warnings(f"{HEAD}conv64-3\nFC-10 softmax\n")  # told by that one


@pytest.mark.parametrize(
    ("size", "told"), [("3x32x32", True), ("1x28x28", True), ("3x32x64", True), ("1x128x3", False)]
)
def test_channels_that_come_first_are_told(size: str, told: bool) -> None:
    assert ("W206" in warnings(f"input {size}\nconv1-8 FC-10 softmax\n")) is told
