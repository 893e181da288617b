"""MiniGoogLeNet's flow chart: boxes that say a module and its filters, in the order in which they are read.

The modules are those that the chart defines: convolution, batch normalisation and ReLU; 1x1 and 3x3 side by side; a
strided 3x3 beside a pool.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lark import Token, Tree, UnexpectedInput

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grammar import parser, stranger
from vggdsl.language.notations.grid import FENCE
from vggdsl.language.notations.registry import Notation, Reading, cannot_say, register
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, Activation, AvgPool, BatchNorm, Concat, Conv, Input, MaxPool, Softmax
from vggdsl.text.source import Source

TITLE = "a chart of modules, as MiniGoogLeNet's"

_FENCES = re.compile(rf"(?m)^{FENCE.pattern}$")
_HEAD = re.compile(r"\b(?:conv(?:olution)?|inception|down-?sampl(?:e|ing))\s+module\b", re.IGNORECASE)
_NEEDS = {
    "IMAGES": "SIZE",
    "CONV": "WINDOWS",
    "INCEPTION": "SUM",
    "DOWNSAMPLE": "FILTERS",
    "MEAN": "KERNEL",
    "FULLY": "WAYS",
}
_SHOWN = {
    "IMAGES": "Images 28x28x3 inputs",
    "CONV": "Conv Module 96, 3x3 filters 1x1 strides",
    "INCEPTION": "Inception Module 32 + 32 filters",
    "DOWNSAMPLE": "Downsample Module 80 filters",
    "MEAN": "Mean Pooling 7x7 kernel (global)",
    "FULLY": "Fully Connected 10-way outputs",
}
"""How each box is written."""


@dataclass(frozen=True)
class _Box:
    kind: str
    head: Excerpt
    numbers: Excerpt

    @property
    def values(self) -> list[int]:
        return [int(digits) for digits in re.findall(r"\d+", self.numbers.text)]


def recognises(source: Source) -> bool:
    """By modules that are named so, with filters."""
    return len(_HEAD.findall(source.text)) > 1 and re.search(r"\d\s+filters", source.text, re.IGNORECASE) is not None


def read(source: Source) -> Sequence[Reading]:
    draft = Draft(source)
    boxes = _in_order(draft, list(_boxes(draft, Excerpt.of(source).sub(_FENCES, " ").sub(r"\s", " "))))
    if not draft.wrong:
        _write(draft, boxes)
    return [draft.reading()]


# -- boxes


def _boxes(draft: Draft, text: Excerpt) -> Iterator[_Box]:
    """Boxes, each with its numbers; those of one kind that follow each other may have theirs behind all of them."""
    try:
        tree: Tree[Token] = parser("modules").parse(text.text)
    except UnexpectedInput as error:
        where = stranger(text, error)
        help = f"known are {', '.join(f'`{box}`' for box in _SHOWN.values())}"
        draft.refuse(f"`{where.text}` is no box that is known", where, help)
        return
    waiting = list[tuple[str, Excerpt]]()
    for part in tree.children:
        assert isinstance(part, Tree)
        token = part.children[0]
        assert isinstance(token, Token)
        at = text[part.meta.start_pos : part.meta.end_pos]
        if part.data == "head":
            if waiting and waiting[-1][0] != token.type:
                draft.refuse(f"`{waiting[-1][1].text}` has no numbers", waiting[-1][1], _help(waiting[-1][0]))
                return
            waiting.append((token.type, at))
        elif not waiting:
            draft.refuse(f"`{at.text}` stands behind no box that lacks it", at, "write what it is of before it")
            return
        elif _NEEDS[waiting[0][0]] != token.type:
            draft.refuse(f"`{at.text}` isn't what `{waiting[0][1].text}` needs", at, _help(waiting[0][0]))
            return
        else:
            if len(waiting) > 1:
                draft.repaired(f"`{at.text}` belongs to `{waiting[0][1].text}`, one of several of its kind", at)
                draft.line()
            yield _Box(*waiting.pop(0), at)
    if waiting:
        draft.refuse(f"`{waiting[0][1].text}` has no numbers", waiting[0][1], _help(waiting[0][0]))


def _help(kind: str) -> str:
    return f"write it as `{_SHOWN[kind]}`"


def _in_order(draft: Draft, boxes: Sequence[_Box]) -> Sequence[_Box]:
    """From the images to the outputs. Of two columns of a chart that a text has the wrong way round, the one that
    begins with the images comes first: then there is one order."""
    if draft.wrong:
        return boxes
    kinds = [box.kind for box in boxes]
    for kind in ("IMAGES", "FULLY", "MEAN"):
        if kinds.count(kind) != 1:
            where = next((box.head for box in reversed(boxes) if box.kind == kind), boxes[0].head if boxes else None)
            at = where if where is not None else Excerpt.of(draft.source, 0, 0)
            draft.refuse(f"there are {kinds.count(kind)} boxes of `{_SHOWN[kind]}`", at, "a chart has one")
            return boxes
    start = kinds.index("IMAGES")
    if start:
        if kinds[start - 1] != "FULLY":
            draft.refuse(
                "the order of the boxes can't be told: these stand before the images", boxes[0].head, "move them"
            )
            return boxes
        draft.repaired("two parts out of order: the one that begins with the images is the first", boxes[start].head)
        draft.line()
        boxes = [*boxes[start:], *boxes[:start]]
    if [box.kind for box in boxes[-2:]] != ["MEAN", "FULLY"]:
        where = boxes[[box.kind for box in boxes].index("FULLY")].head
        draft.refuse("the order of the boxes can't be told: these outputs don't follow the pooling", where, "move them")
    return boxes


# -- the network


def _write(draft: Draft, boxes: Sequence[_Box]) -> None:
    modules = {kind: next((box for box in boxes if box.kind == kind), None) for kind in _NEEDS}
    pad = _padding(draft, boxes)
    if pad is None:
        return
    conv = next((box for box in boxes if box.kind in ("CONV", "INCEPTION", "DOWNSAMPLE")), None)
    if conv is not None:
        draft.put("after conv: BN ReLU", conv.head)
        draft.assumed("batch normalisation and ReLU behind each convolution, as in the chart's Conv Module", conv.head)
        draft.line()
    if (inception := modules["INCEPTION"]) is not None:
        draft.put("block inception(a, b) { concat[ conv1-$a | conv3-$b ] }", inception.head)
        draft.assumed("filters of 1x1 and of 3x3, side by side", inception.head)
        draft.line()
    if (downsample := modules["DOWNSAMPLE"]) is not None:
        inner = "conv3-$a/2 | maxpool3/2 pad=1" if pad else "conv3-$a/2 pad=0 | maxpool3/2"
        draft.put(f"block downsample(a) {{ concat[ {inner} ] }}", downsample.head)
        how = "padded" if pad else "without padding"
        draft.assumed(f"a 3x3 of stride 2 beside a pool, {how}: so the last map is the kernel's", downsample.head)
        draft.line()
    for box in boxes:
        _box(draft, box)
        draft.line()


def _padding(draft: Draft, boxes: Sequence[_Box]) -> bool | None:
    """Whether modules pad where they stride: the kernel of the mean over the whole map tells."""
    kernel = next(box for box in boxes if box.kind == "MEAN")
    fitting = [pad for pad in (True, False) if _last(boxes, pad=pad) == kernel.values[:2]]
    if not fitting:
        h, w = _last(boxes, pad=True)
        message = f"the last map is {h}x{w}, and the kernel isn't"
        draft.refuse(message, kernel.numbers, "the mean is over the whole map")
        return None
    return fitting[0]


def _last(boxes: Sequence[_Box], *, pad: bool) -> list[int]:
    """Height and width of the last map."""
    size = list[int]()
    for box in boxes:
        if box.kind == "IMAGES":
            size = box.values[:2]
        elif box.kind == "CONV":
            size = [(side - 1) // max(1, stride) + 1 for side, stride in zip(size, box.values[3:], strict=True)]
        elif box.kind == "DOWNSAMPLE":
            size = [(side + 2 * pad - 3) // 2 + 1 for side in size]
    return size


def _box(draft: Draft, box: _Box) -> None:
    values = box.values
    match box.kind:
        case "IMAGES":
            draft.put(f"input {'x'.join(map(str, values))}", box.numbers)
        case "CONV":
            width, *window, stride, across = values
            if stride != across or window[0] != window[1] or not stride or not window[0] % 2:
                draft.refuse(
                    f"`{box.numbers.text}` has no odd, square window and one stride", box.numbers, _help("CONV")
                )
                return
            draft.put(f"conv{window[0]}-{width}/{stride}", box.numbers)
            if re.match(r"\d+\s*\.", box.numbers.text):
                draft.repaired(f"the point in `{box.numbers.text}` is a comma: filters are whole", box.numbers)
        case "INCEPTION":
            draft.put(f"inception({values[0]}, {values[1]})", box.numbers)
        case "DOWNSAMPLE":
            draft.put(f"downsample({values[0]})", box.numbers)
        case "MEAN":
            draft.put(f"avgpool{values[0] if values[0] == values[1] else f'{values[0]}x{values[1]}'}/1", box.numbers)
        case _:
            draft.put(f"FC-{values[0]}", box.numbers)
            draft.put("softmax", box.numbers)
            draft.assumed("a softmax: the outputs are of classes", box.numbers)


# -- written


def write(network: TypedGraph) -> str:
    """A box a line. Raises ``NetworkError`` V225 at a layer that is of no module."""
    if network.heads:
        raise cannot_say(TITLE, network.heads[0].nodes[0].node, "it has no auxiliary classifiers")
    return "\n".join(_lines(network)) + "\n"


def _lines(network: TypedGraph) -> Iterator[str]:
    """BN and ReLU are of the modules: those that are read back follow each convolution."""
    layers = [node for node in network.nodes if not isinstance(node.node.op, (BatchNorm, Activation))]
    at = 0
    while at < len(layers):
        node = layers[at]
        module = _module(layers[at : at + 3])
        if module is not None:
            yield module
            at += 3
            continue
        match node.node.op:
            case Input():
                yield f"Images {node.shape.h}x{node.shape.w}x{node.shape.c} inputs"
            case Conv(channels=width, window=window):
                sides, strides = f"{window.kernel.h}x{window.kernel.w}", f"{window.stride.h}x{window.stride.w}"
                yield f"Conv Module {width}, {sides} filters {strides} strides"
            case AvgPool(window=window):
                yield f"Mean Pooling {window.kernel.h}x{window.kernel.w} kernel (global)"
            case FC(features=ways):
                yield f"Fully Connected {ways}-way outputs"
            case Softmax():
                pass
            case _:
                raise cannot_say(TITLE, node.node)
        at += 1


def _module(nodes: Sequence[TypedNode]) -> str | None:
    """Two branches and their end, if the chart has a box for them."""
    match [node.node.op for node in nodes]:
        case [Conv(channels=one), Conv(channels=other), Concat()]:
            return f"Inception Module {one} + {other} filters"
        case [Conv(channels=width), MaxPool(), Concat()]:
            return f"Downsample Module {width} filters"
        case _:
            return None


register(Notation("modules", recognises, read, write, title=TITLE))
