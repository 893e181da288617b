"""The lists of CS231n's lectures: a line a layer, with the shape that it gives and what it takes.

`[55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0` says all of a layer. `CONV3-64: [224x224x64] memory:
224*224*64=3.2M params: (3*3*3)*64 = 1,728` counts its values and its parameters, too: these become claims.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from lark import Token, Tree, UnexpectedInput

from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grammar import parser, stranger
from vggdsl.language.notations.grid import FENCE
from vggdsl.language.notations.registry import Notation, Reading, cannot_say, register
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, LRN, AvgPool, Conv, Input, MaxPool, Softmax
from vggdsl.network.shapes import Pair, Window
from vggdsl.text.figures import Figure
from vggdsl.text.source import Source

TITLE = "a list of layers, as CS231n's lectures have it"

_SAID = re.compile(r"^[ \t]*\[\d+(?:x\d+x\d+)?\][ \t]+[A-Z]", re.IGNORECASE | re.MULTILINE)
_COUNTED = re.compile(
    r"^[ \t]*[A-Z][A-Z\d-]*:[ \t]*\[\d+(?:x\d+x\d+)?\][ \t]+(?:memory|params|weights)", re.IGNORECASE | re.MULTILINE
)
KNOWN = "known are `[55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0` and `CONV3-64: [224x224x64] memory: …`"


def recognises(source: Source) -> bool:
    """By two lines with a shape in brackets before a layer, or behind it and before what it takes; of half of them."""
    lines = sum(bool(line.strip()) for line in source.text.splitlines())
    return any(len(form.findall(source.text)) >= max(2, lines / 2) for form in (_SAID, _COUNTED))


def read(source: Source) -> Sequence[Reading]:
    """The one network of the list."""
    draft = Draft(source)
    lines = list(_lines(draft))
    if not lines and not draft.wrong:
        draft.refuse("no line of this is a layer", Excerpt.of(source).strip(), KNOWN)
    columns = _Columns.of(lines)
    for line in lines:
        if line.tree.data.startswith("total"):
            _total(draft, line, columns)
        else:
            _layer(draft, line, columns)
        draft.line()
    return [draft.reading()]


@dataclass(frozen=True)
class _Line:
    at: Excerpt
    tree: Tree[Token]

    @property
    def kind(self) -> str:
        return next((str(part.data) for part in self.tree.children if isinstance(part, Tree)), str(self.tree.data))

    def find(self, name: str) -> Tree[Token] | None:
        return next(self.tree.find_data(name), None)

    def tokens(self, kind: str, of: str | None = None) -> list[Token]:
        tree = self.tree if of is None else self.find(of)
        return [] if tree is None else list(tree.scan_values(lambda t: isinstance(t, Token) and t.type == kind))

    def first(self, kind: str, of: str | None = None) -> Token | None:
        return next(iter(self.tokens(kind, of)), None)

    def place(self, token: Token) -> Excerpt:
        assert token.start_pos is not None
        return self.at[token.start_pos : token.end_pos]

    @property
    def sides(self) -> list[int]:
        """Of the shape in brackets: height, width, channels, or one number."""
        return [int(number) for number in re.findall(r"\d+", self.first("SHAPE") or "")]

    @property
    def channels(self) -> int:
        return self.sides[-1]


def _lines(draft: Draft) -> Iterator[_Line]:
    """The lines of the list; above the input, without which it can't be, stand titles."""
    is_begun = False
    for match in re.finditer(r"[^\n]+", draft.source.text):
        line = Excerpt.of(draft.source, *match.span()).strip()
        if not line or FENCE.fullmatch(line.text):
            continue
        try:
            tree: Tree[Token] = parser("lecture").parse(line.text)
        except UnexpectedInput as error:
            if is_begun or _SAID.match(line.text) or _COUNTED.match(line.text):
                where = stranger(line, error)
                draft.refuse(f"`{where.text}` can't be read here", where, KNOWN)
            continue
        is_begun = True
        (form,) = tree.children
        assert isinstance(form, Tree)
        yield _Line(line, form)


@dataclass(frozen=True)
class _Columns:
    """What figures of one column mean: the same in all lines."""

    counts: str
    """The measure of what is printed as parameters: with biases or without."""
    is_assumed: bool
    rounds_zeros: bool
    """Whether zeros at the end of a figure of the memory stand for digits that were rounded."""
    pools: str
    """What the numbers of `POOL2` are: ``sides`` of their windows, or ``counts``; or nothing if they aren't clear."""

    @classmethod
    def of(cls, lines: Sequence[_Line]) -> "_Columns":
        counted = [line for line in lines if line.tree.data == "counted"]
        memory = [(Figure.parse(t), prod(line.sides)) for line in counted for t in line.tokens("FIGURE", "memory")]
        rounds = any(not f.holds(n) and _rounded(f).holds(n) for f, n in memory)
        biased, unbiased, before = 0, 0, 0
        for line in counted:
            figure = line.first("FIGURE", "parameters")
            weights = _weights(line, before)
            if figure is not None and weights:
                unbiased += Figure.parse(figure).holds(weights)
                biased += Figure.parse(figure).holds(weights + line.channels)
            before = line.channels
        note = any("bias" in note for line in counted for note in line.tokens("NOTE"))
        numbers = [re.sub(r"\D", "", t) for line in counted for t in line.tokens("POOL", "window")]
        pools = "sides" if set(numbers) <= {"2", ""} else ""
        if len(numbers) > 1 and numbers == [str(number) for number in range(1, len(numbers) + 1)]:
            pools = "counts"
        counts = "weights" if note or unbiased >= biased else "params"
        return cls(counts, not note, rounds, pools)


def _weights(line: _Line, before: int) -> int:
    """Of a convolution, from the channels before it; 0 for what can't be told by one line."""
    word = line.first("CONV_SIZED")
    if word is None:
        return 0
    sides = [int(side) for side in re.findall(r"\d+", word.partition("-")[0])]
    return prod(sides if len(sides) > 1 else sides * 2) * before * line.channels


def _rounded(figure: Figure) -> Figure:
    is_round = bool(figure.unit) and figure.text[: -len(figure.unit)].endswith("0") and not figure.approximate
    return Figure.parse(f"~{figure.text}") if is_round else figure


def _layer(draft: Draft, line: _Line, columns: _Columns) -> None:
    shape = line.first("SHAPE")
    assert shape is not None
    _element(draft, line, columns)
    if line.kind != "image":
        draft.put(f"-> {shape[1:-1]}", line.place(shape)[1:-1])
    elif line.find("memory") is not None:
        draft.put("->", line.place(shape)[1:-1])
    if line.find("memory") is not None:
        product, figure = line.first("PRODUCT", "memory"), line.first("FIGURE", "memory")
        _product(draft, line, product, figure, "activations")
        if figure is not None:
            rounded = _rounded(Figure.parse(figure)) if columns.rounds_zeros else Figure.parse(figure)
            draft.put(f"activations={rounded.text}", line.place(figure))
            if rounded.text != figure:
                draft.assumed("zeros at the end of a figure may be rounded", line.place(figure), once=True)
    if line.find("parameters") is not None:
        product, figure = line.first("PRODUCT", "parameters"), line.first("FIGURE", "parameters")
        _product(draft, line, product, figure, "weights")
        if figure is not None:
            draft.put(f"{columns.counts}={figure}", line.place(figure))
            if columns.is_assumed:
                with_or_without = "without biases" if columns.counts == "weights" else "with biases"
                draft.assumed(f"parameters are counted {with_or_without}", line.place(figure), once=True)


def _element(draft: Draft, line: _Line, columns: _Columns) -> None:
    at, kind, shape = line.at, line.kind, line.first("SHAPE")
    assert shape is not None
    label = _label(line)
    if kind == "image":
        draft.put(f"input {shape[1:-1]}", line.place(shape)[1:-1])
        return
    if label:
        draft.put(f"{label}:", at[: len(at.text.partition(":")[0])])
    stride, pad, sides = line.first("COUNT", "stride"), line.first("COUNT", "pad"), line.first("SIDES")
    padding = f" pad={pad}" if pad is not None else ""
    match kind:
        case "conv":
            count = line.first("COUNT", "conv")
            assert sides is not None
            assert count is not None
            at = line.place(count) + line.place(sides)
            draft.put(f"conv{_window(sides)}-{count}/{stride or 1}{padding}", at)
            if stride is None:
                draft.assumed("stride 1: none is printed", at, once=True)
            if pad is None:
                draft.assumed("padding that keeps the size at stride 1: none is printed", at, once=True)
        case "pool":
            assert sides is not None
            word = "maxpool" if line.first("MAXIMUM") is not None else "avgpool"
            draft.put(f"{word}{_window(sides)}/{stride}{padding}", line.place(sides))
        case "norm":
            draft.put("LRN", at)
            draft.assumed("a normalization layer is local response normalization", at, once=True)
        case "fc" | "full":
            count = line.first("COUNT", "fc")
            draft.put(f"FC-{count or line.channels}", line.place(count if count is not None else shape))
        case "softmax":
            draft.put("softmax", at)
        case "sized":
            sized = line.first("CONV_SIZED")
            assert sized is not None
            draft.put(sized.lower(), line.place(sized))
        case "window":
            pool = line.first("POOL", "window")
            assert pool is not None
            if not columns.pools:
                help = "write `MAX POOL1: 3x3 filters at stride 2`"
                draft.refuse(f"`{pool}` doesn't say its window and its stride", line.place(pool), help)
            draft.put("maxpool2/2", line.place(pool))
            draft.assumed("pools take the maximum of 2x2 at stride 2", line.place(pool), once=True)


def _label(line: _Line) -> str:
    """`MAX POOL1` is ``pool1``: names with a number only, where it is no window."""
    token = next((t for name in ("CONV", "MAXIMUM", "MEAN", "NORM", "FULL") for t in line.tokens(name)), None)
    match = re.search(r"([a-z]+)[ ]?(\d+)$", (token or "").lower())
    return f"{'pool' if match[1].startswith('pool') else match[1]}{match[2]}" if match else ""


def _window(sides: str) -> str:
    height, width = sides.lower().split("x")
    return height if height == width else sides.lower()


def _product(draft: Draft, line: _Line, product: Token | None, figure: Token | None, measure: str) -> None:
    """What `7*7*512` says: a claim of its own where the figure behind it says less, or something else."""
    if product is None or figure is None:
        return
    factors = re.findall(r"\d+", product)
    value, printed = prod(map(int, factors)), Figure.parse(figure)
    if printed.is_whole and printed.value == value:
        return
    mended = [each for each in _mended(factors) if printed.is_whole and prod(map(int, each)) == printed.value]
    if len(mended) == 1:
        (found,) = mended
        draft.repaired(f"{product} read as {'*'.join(found)}", line.place(product))
        return
    draft.put(f"{measure}={value:,}", line.place(product))


def _mended(factors: Sequence[str]) -> Iterator[list[str]]:
    """With a sign between two digits, that a PDF has lost."""
    for index, factor in enumerate(factors):
        for at in range(1, len(factor)):
            if factor[at] != "0":
                yield [*factors[:index], factor[:at], factor[at:], *factors[index + 1 :]]


def _total(draft: Draft, line: _Line, columns: _Columns) -> None:
    figure = line.first("FIGURE")
    assert figure is not None
    measure = "activations" if line.tree.data == "total_memory" else columns.counts
    draft.put(f"claim {measure} {figure}", line.place(figure))
    for rest in line.tokens("ANYTHING"):
        draft.comment(rest)


def write(network: TypedGraph) -> str:
    """The list that counts, where kernels and pools are as VGG's; else the one that says all of each layer."""
    nodes = [each for each in in_a_row(network, TITLE) if not each.node.implied]
    counts = all(_is_plain(each) for each in nodes)
    numbers = dict[str, int]()
    return "".join(f"{_counted(each) if counts else _said(each, numbers)}\n" for each in nodes)


def _is_plain(each: TypedNode) -> bool:
    match each.node.op:
        case Conv(_, Window(kernel, (1, 1), pad, (1, 1)) as window, 1, True):
            return pad == window.same_pad and kernel.h % 2 == 1
        case MaxPool(Window((2, 2), (2, 2), (0, 0), (1, 1), False)):
            return True
        case op:
            return isinstance(op, Input | FC | Softmax)


def _counted(each: TypedNode) -> str:
    shape, op, x = each.shape, each.node.op, each.x
    match op:
        case Input():
            words, params = "INPUT", "0 (not counting biases)"
        case Conv(channels, window):
            kernel = window.kernel
            words = f"CONV{kernel.short}-{channels}"
            params = f"({kernel.h}*{kernel.w}*{x.c})*{channels} = {each.params.weights:,}"
        case FC(features):
            words, of = "FC", f"{x.h}*{x.w}*{x.c}" if x.h * x.w > 1 else f"{x.c}"
            params = f"{of}*{features} = {each.params.weights:,}"
        case Softmax():  # it has no memory of its own
            return f"SOFTMAX: [{shape}]"
        case _:
            words, params = "POOL2", "0"
    product = f"{shape.h}*{shape.w}*{shape.c}={_short(shape.elements)}" if shape.h * shape.w > 1 else f"{shape.c}"
    return f"{words}: [{shape}] memory: {product} params: {params}"


def _short(value: int) -> str:
    """
    >>> _short(3_211_264), _short(25_088), _short(5_408)
    ('3.2M', '25K', '5,408')
    """
    if value >= 1_000_000:
        return f"{value // 1_000_000}.{value // 100_000 % 10}M"
    return f"{value // 1000}K" if value >= 10_000 else f"{value:,}"


def _said(each: TypedNode, numbers: dict[str, int]) -> str:
    shape, op = each.shape, each.node.op
    size = f"[{shape}]" if shape.h * shape.w > 1 else f"[{shape.c}]"

    def named(word: str) -> str:
        last = word.split()[-1]
        numbers[last] = numbers.get(last, 0) + 1
        return f"{word}{numbers[last]}"

    match op:
        case Input():
            return f"[{shape}] INPUT"
        case Conv(channels, Window(kernel, stride, pad, (1, 1)), 1, True) if _is_even(stride, pad):
            detail = f"{channels} {kernel} filters at stride {stride.h}, pad {pad[0]}"
            return f"{size} {named('CONV')}: {detail}"
        case MaxPool(window) | AvgPool(window) if _is_even(window.stride, window.pad) and not window.ceil:
            word = "MAX POOL" if isinstance(op, MaxPool) else "AVG POOL"
            padding = f", pad {window.pad[0]}" if window.pad[0] else ""
            return f"{size} {named(word)}: {window.kernel} filters at stride {window.stride.h}{padding}"
        case LRN() if op == LRN():
            return f"{size} {named('NORM')}: Normalization layer"
        case FC(features, True):
            return f"{size} {named('FC')}: {features} neurons"
        case Softmax():
            return f"{size} SOFTMAX"
        case _:
            raise cannot_say(TITLE, each.node)


def _is_even(stride: Pair, pad: object) -> bool:
    return stride.h == stride.w and isinstance(pad, Pair) and pad.h == pad.w


register(Notation("lecture", recognises, read, write, title=TITLE))
