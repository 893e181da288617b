"""Layers as summaries list them: a kind, the shape that it gives, its parameters. What a summary leaves out, such as
the side of a kernel, is told by arithmetic where one value is possible."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isqrt, prod

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.network.shapes import Pair, Sides, Window
from vggdsl.text.source import Source

_MOST_STRIDE = 8
_MOST_SIDE = 15
STEM = 7
"""The side of a kernel from which on a first convolution usually strides."""


@dataclass(frozen=True)
class Row:
    """``shape`` is height, width and channels, or one number behind a flattening; ``kind`` a word of the spec
    language, or ``flatten``, ``activation`` (which one isn't said), ``depthwise``, ``lost`` (its name isn't there)."""

    kind: str
    at: Excerpt
    shape: tuple[int, ...]
    shape_at: Excerpt
    params: int
    params_at: Excerpt
    kernel: int = 0
    """The side of the window, where it is printed."""

    @property
    def size(self) -> str:
        return "x".join(map(str, self.shape))


@dataclass(frozen=True)
class Customs:
    """What the layers of a library do unless told."""

    name: str
    pads_behind: bool = False
    """Whether padding that keeps sizes puts more behind a map than before it, as TensorFlow's `same`."""
    counts_statistics: bool = False
    """Whether the parameters of a batch normalisation have its running statistics."""
    pool_default: bool = False
    """Whether a pool is 2x2 at stride 2 unless told."""
    hides_functions: str = ""
    """Whether `some` that code calls as functions may not be listed, or `all` pools may be such."""


@dataclass
class Teller:
    """Rewords rows, one after another."""

    draft: Draft
    customs: Customs
    x: tuple[int, ...] = ()
    """The shape that comes in, not flattened."""
    pools: set[str] = field(default_factory=set)
    ways: list[tuple[int, str]] = field(default_factory=list)
    """Strides and paddings of convolutions so far, except 1x1."""
    convolutions: int = 0
    """Those so far."""

    def input(self, size: Sequence[int], at: Excerpt) -> None:
        shown = "x".join(map(str, size))
        if not all(size):
            self.draft.refuse(f"{shown} is no size", at, "correct it")
        self.x = tuple(max(side, 1) for side in size)
        self.draft.put(f"input {shown}", at)

    def first(self, rows: Sequence[Row], example: str) -> bool:
        """Puts the input, which isn't printed, by the first layer; False where that doesn't tell it."""
        first = rows[0]
        if (told := self.draft.told) is not None:
            self.x = told.size.h, told.size.w, told.size.c
            return self.draft.put_told()
        pairs = [(a, b) for a, b in pairwise(rows) if b.kind == "conv" and len(a.shape) == len(b.shape) == 3]
        others = {kernel for a, b in pairs for kernel in kernels(b.params, a.shape[2], b.shape[2])}
        found = [
            (channels, side)
            for channels in (1, 3)
            for side, has_bias in kernels(first.params, channels, first.shape[-1])
            if first.kind == "conv" and len(first.shape) == 3
            if (side % 2 or (side, has_bias) in others) and has_bias in ({bias for _, bias in others} or {has_bias})
        ]
        keeps = {_keeps(a, b) for a, b in pairs} - {None}
        if len(found) != 1 or len(keeps) != 1:
            message = "the size of the images isn't printed, nor told by the first layer"
            self.draft.refuse(message, first.at, f"write a first row {example}, or it {ELSEWHERE}")
            return False
        ((channels, side),) = found
        if side >= STEM:
            message = f"the size of the images isn't printed, and a first kernel of {side}x{side} may have any stride"
            self.draft.refuse(message, first.at, f"write a first row {example}, or it {ELSEWHERE}")
            return False
        more = 0 if True in keeps else side - 1
        size = (first.shape[0] + more, first.shape[1] + more, channels)
        self.input(size, first.shape_at)
        shown = "x".join(map(str, size))
        text = f"{shown} images, of which the first layer at stride 1 gives {first.size}: none are printed"
        self.draft.assumed(text, first.shape_at)
        return True

    def tell(self, row: Row) -> None:
        """Puts the row's words, and its shape and parameters as claims of them."""
        if not all(row.shape):
            self.draft.refuse(f"{row.size} is no size", row.shape_at, "correct it")
            return
        kind = self._found(row) if row.kind == "lost" else row.kind
        if not kind:
            return
        if len(row.shape) == 1 and len(self.x) == 3 and kind not in ("FC", "flatten") and not kind.startswith("global"):
            self._behind_flattening(row, kind)
            return
        match kind:
            case "flatten":
                self._flatten(row)
            case "conv" | "depthwise":
                self._conv(row, kind)
            case "FC":
                self._fc(row)
            case "maxpool" | "avgpool":
                self._pool(row, kind)
            case _:
                self._put(row, kind)

    def _put(self, row: Row, words: str, measure: str = "params") -> None:
        measure = "total-params" if words == "BN" and self.customs.counts_statistics else measure
        self.emit(row, words, measure)
        if words == "BN" and self.customs.counts_statistics:
            text = f"batch normalisation as PyTorch's, with eps 1e-5: {self.customs.name} has 1e-3 unless told"
            self.draft.assumed(text, row.at, once=True)
        self.x = row.shape

    def emit(self, row: Row, words: str, measure: str = "") -> None:
        """Puts the words of a row, with what is printed of it where a measure is named for its parameters.

        Who rewords a graph of rows keeps them until all are told.
        """
        self.draft.put(words, row.at)
        if measure:
            self.draft.put(f"-> {row.size}", row.shape_at)
            self.draft.put(f"{measure}={row.params:,}", row.params_at)

    def _flatten(self, row: Row) -> None:
        if prod(row.shape) != prod(self.x):
            shown = "x".join(map(str, self.x))
            self.draft.refuse(f"{shown} flattened is {prod(self.x):,}", row.shape_at, "correct the one or the other")
        self.no_params(row)

    def _behind_flattening(self, row: Row, kind: str) -> None:
        """What acts value by value needs no flat ones."""
        single = ("dropout", "ReLU", "tanh", "sigmoid", *(["softmax"] if self.x[:2] == (1, 1) else []))
        if row.shape[0] != prod(self.x) or not kind.startswith(single):
            help = "what can stand behind a flattening is dropout, an activation and FC"
            self.draft.refuse("this layer can't take what the one before gives", row.at, help)
        self.no_params(row)
        self.emit(row, kind)

    def no_params(self, row: Row) -> None:
        if row.params:
            self.draft.refuse("this layer has no parameters", row.params_at, "write 0")

    # -- layers with weights

    def _conv(self, row: Row, kind: str) -> None:
        if len(row.shape) != 3 or len(self.x) != 3:
            self.draft.refuse("a convolution gives height, width and channels", row.shape_at, "write the three")
            return
        cin, cout = self.x[2], row.shape[2]
        groups = cin if kind == "depthwise" else 1
        found = list(kernels(row.params, cin // groups, cout))
        if len(found) != 1:
            of = f"{cin} to {cout} channels" + (f" in {groups} groups" if groups > 1 else "")
            message = f"no square kernel from {of} has {row.params:,} parameters"
            self.draft.refuse(message, row.params_at, "correct the shape or the parameters")
            return
        ((side, has_bias),) = found
        if row.kernel not in (0, side):
            message = f"{row.params:,} parameters are of a kernel of {side}x{side}"
            self.draft.refuse(message, row.params_at, "correct the one or the other")
        steps = self._steps(side, row.shape, is_pool=False)
        if len(steps) > 1 and len(self.ways) > 1 and len(set(self.ways)) == 1 and self.ways[0] in steps:
            stride, pad = self.ways[0]
            self.draft.assumed(f"stride {stride}{pad}, as the rows above: the shapes leave it open", row.shape_at)
            steps = [self.ways[0]]
        if len(steps) > 1:
            choice = " or ".join(f"stride {stride}{pad}" for stride, pad in steps)
            self.draft.refuse(f"the shapes leave open {choice}", row.shape_at, "write the network in a spec")
            return
        if not steps and self.customs.hides_functions and prod(row.shape[:2]) < prod(self.x[:2]):
            if not self.draft.wrong:
                before, after = ("x".join(map(str, size[:2])) for size in (self.x, row.shape))
                message = f"no convolution leads from {before} to {after}: a pool that the code calls isn't printed"
                self.draft.refuse(
                    message, row.shape_at, "make it a module, `nn.MaxPool2d`, or write the network in a spec"
                )
            self.x = row.shape
            return
        if steps and steps[0][0] > 1 and self.customs.hides_functions == "all" and self.convolutions:
            shown = "x".join(map(str, self.x[:2]))
            message = f"a stride of {steps[0][0]}, or a pool that the code calls, leads from {shown} to this"
            if not self.draft.wrong:
                self.draft.refuse(message, row.shape_at, "print pools as modules, or write the network in a spec")
            self.x = row.shape
            return
        self.convolutions += 1
        (stride, pad) = steps[0] if steps else (1, "")
        if side > 1:
            self.ways.append((stride, pad))
        words = f"conv{side}-{cout}" + (f"/{stride}" if stride > 1 else "") + pad
        words += f" groups={groups}" if groups > 1 else ""
        came = self.x
        self._put(row, words + ("" if has_bias else " bias=no"))
        if stride > 1 or "pad" in pad:
            text = f"stride {stride}{pad}, as the shapes say: none is printed"
            fitting = paddings(side, stride, came, row.shape, self.customs, is_pool=False) if steps else []
            others = "".join(f", and pad={other.short} would fit, too" for other in fitting[1:])
            self.draft.assumed(text + others, row.shape_at, once=True)

    def _fc(self, row: Row) -> None:
        (units, *more), count = row.shape, prod(self.x)
        if more:
            self.draft.refuse("a dense layer on a map is none of the whole map", row.shape_at, "flatten it before")
            return
        has_bias = row.params != count * units
        self._put(row, f"FC-{units}" + ("" if has_bias else " bias=no"))

    def _pool(self, row: Row, kind: str) -> None:
        if len(row.shape) != 3 or len(self.x) != 3:
            self.draft.refuse("a pool gives height, width and channels", row.shape_at, "write the three")
            return
        self.pools.add(kind)
        fitting: list[tuple[int, int, str]] = [
            (side, stride, pad)
            for side in ([row.kernel] if row.kernel else range(2, _MOST_SIDE))
            for stride, pad in self._steps(side, row.shape, is_pool=True)
            if stride <= side
        ]
        usual = [(side, stride, pad) for side, stride, pad in fitting if side == stride and not pad]
        if usual and usual[0][0] > 2:  # not Keras' own: one that leaves nothing over, or the only one
            whole = [each for each in usual if self._is_split(row, each[0])]
            usual = whole or (usual if len(usual) == 1 else [])
        unpadded = [each for each in fitting if not each[2]]
        side, stride, pad = (fitting or [(0, 0, "")])[0]
        if self.customs.pool_default and usual:
            side, stride, pad = usual[0]
        elif unpadded == fitting[:1] or (unpadded and unpadded[0][0] == 2 and self._is_split(row, 2)):
            side, stride, pad = unpadded[0]  # not where smaller ones pad: 15 becomes 8 by 2x2 rather than by 8x8
        else:
            choice = ", ".join(f"{side}x{side} at stride {stride}{pad}" for side, stride, pad in fitting[:4])
            message = f"the window isn't printed: {choice} fit" if fitting else "no window gives this shape"
            self.draft.refuse(message, row.shape_at, "write the network in a spec")
            return
        self._put(row, f"{kind}{side}/{stride}{pad}")
        self.draft.assumed(f"{side}x{side} pools at stride {stride}: none are printed", row.at, once=True)

    def _is_split(self, row: Row, side: int) -> bool:
        """Whether what comes is so many times as large as what a row gives."""
        return all(side * after == before for before, after in zip(self.x[:2], row.shape[:2], strict=True))

    def _steps(self, side: int, after: Sequence[int], *, is_pool: bool) -> list[tuple[int, str]]:
        """Strides and paddings that lead to a shape; the padding as an option, where it must be written."""
        return list(dict.fromkeys(steps(side, self.x, after, self.customs, is_pool=is_pool)))

    # -- rows whose names are lost

    def _found(self, row: Row) -> str:
        """The one kind that has this shape and these parameters."""
        kind = ""
        same = row.shape == self.x
        if not row.params and len(row.shape) == 1 and len(self.x) == 3 and row.shape[0] == prod(self.x):
            kind = "flatten"
        elif row.params and len(row.shape) == 1:
            kind = "FC"
        elif row.params and len(row.shape) == 3 and len(self.x) == 3:
            is_conv = bool(list(kernels(row.params, self.x[2], row.shape[2])))
            is_norm = same and row.params == row.shape[2] * (4 if self.customs.counts_statistics else 2)
            kind = "conv" if is_conv and not is_norm else "BN" if is_norm and not is_conv else ""
        elif not row.params and len(row.shape) == 3 and len(self.x) == 3 and not same and len(self.pools) == 1:
            (kind,) = self.pools
        if not kind:
            help = "write its name before its shape: `name (Class)`"
            self.draft.refuse("the name of this layer is lost, and could be several", row.shape_at, help)
            return ""
        because = ", as the pools above" if kind in self.pools else ""
        self.draft.repaired(f"a lost name read as {kind}{because}", row.shape_at)
        return kind


def _keeps(before: Row, row: Row) -> bool | None:
    """Whether a convolution pads so that it keeps the size; None where that can't be told."""
    sides = [side for side, _ in kernels(row.params, before.shape[2], row.shape[2]) if side > 1]
    lost = {b - a for b, a in zip(before.shape[:2], row.shape[:2], strict=True)}
    if len(sides) != 1 or len(lost) != 1:
        return None
    return {0: True, sides[0] - 1: False}.get(lost.pop())


def kernels(params: int, cin: int, cout: int) -> Iterator[tuple[int, bool]]:
    """Sides of square kernels, and whether there is a bias, by the number of parameters.

    >>> list(kernels(896, 3, 32)), list(kernels(9408, 3, 64)), list(kernels(897, 3, 32))
    ([(3, True)], [(7, False)], [])
    """
    for biases in (cout, 0):
        positions, rest = divmod(params - biases, cin * cout) if cin and cout else (0, 1)
        if not rest and positions > 0 and isqrt(positions) ** 2 == positions:
            yield isqrt(positions), biases > 0


def steps(
    side: int, before: Sequence[int], after: Sequence[int], customs: Customs, *, is_pool: bool
) -> Iterator[tuple[int, str]]:
    """See ``Teller._steps``."""
    for stride in range(1, _MOST_STRIDE + 1):
        usual = Pair(0, 0) if is_pool else Window(Pair(side, side)).same_pad
        for pad in paddings(side, stride, before, after, customs, is_pool=is_pool)[:1]:
            yield stride, "" if pad == usual else f" pad={pad.short}"


def paddings(
    side: int, stride: int, before: Sequence[int], after: Sequence[int], customs: Customs, *, is_pool: bool
) -> list[Pair | Sides]:
    """Those with which a square window of that stride leads to a shape, the likeliest first: none where windows that
    don't overlap leave nothing over, else as much as keeps the size at stride 1.

    >>> paddings(4, 4, (32, 32), (8, 8), Customs("PyTorch"), is_pool=False)
    [Pair(h=0, w=0), Pair(h=1, w=1)]
    """
    size, out = Pair(before[0], before[1]), Pair(after[0], after[1])
    plain = Window(Pair(side, side), Pair(stride, stride))
    if customs.pads_behind:
        pads: list[Pair | Sides] = [Pair(0, 0), plain.keras_pad(size)]
    else:
        pads = [Pair(pad, pad) for pad in range(side // 2 + 1)]
    is_whole = side == stride > 1 and size == (side * out.h, side * out.w)
    usual = Pair(0, 0) if is_pool or is_whole else plain.same_pad
    pads = sorted(dict.fromkeys(pads), key=lambda pad: pad != usual)
    return [
        pad
        for pad in pads
        if min(size) > 0 < min(out) and Window(plain.kernel, plain.stride, pad).positions(size) == out
    ]


_SIGN = re.compile(r"[ \t]*(?:#{1,2}>?|//|%)(?=[ \t]|$)[ \t]?")
"""Before each line of what a tool printed into a comment: R's `##`, Python's `#`."""


def lines(source: Source) -> list[Excerpt]:
    """Those that aren't empty, without Markdown's bold marks and the sign of a comment that all begin with."""
    spans = (match.span() for match in re.finditer(r"[^\n]*\S[^\n]*", source.text))
    found = [Excerpt.of(source, *span).sub(r"\*\*", "") for span in spans]
    signs = [_SIGN.match(line.text) for line in found]
    if not all(signs):
        return found
    return [line[sign.end() :] for line, sign in zip(found, signs, strict=True) if sign is not None]


def is_printed(text: str) -> bool:
    """Whether a text is what a tool prints below `Layer (type)`, not a table by hand with such a heading: the class
    stands behind the layer's name, `conv2d_1 (Conv2D)`, or is one of PyTorch's before a number, `Conv2d-1`."""
    head = re.search(r"\bLayer \(type[^\n]*", text, re.IGNORECASE)
    if head is None:
        return False
    return (
        "|" not in head[0]
        or re.search(r"^[|\s]*[\w./-]+ ?\([A-Z]\w*\) *\|", text[head.end() :], re.MULTILINE) is not None
    )


def is_size(params: int, figure: str, unit: str) -> bool:
    """Whether so many parameters of 4 bytes are ``figure`` in a unit of Keras: `B`, or `Byte`, `KB`, `MB`, `GB`.

    >>> is_size(96394, "376.54", "KB"), is_size(64, "256.00", "Byte"), is_size(64, "257.00", "Byte")
    (True, True, False)
    """
    scale: int = 1024 ** ("B", "K", "M", "G").index(unit.upper()[:1])
    return abs(4 * params / scale - float(figure[:15])) <= _HALF


_HALF = 0.006
"""Two digits are printed behind the point; what is more than half of the last is for binary rounding."""
