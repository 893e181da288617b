"""What a picture says of a network in words: sizes, kinds, what a mark stands for, and the whole in sentences."""

from collections.abc import Iterable, Sequence

from vggdsl.drawing.outline import Aside, Fork, Layer, Part, Stage
from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import FC, AvgPool, Conv, GlobalAvgPool, GlobalMaxPool, Input, MaxPool, Merge
from vggdsl.network.shapes import Shape
from vggdsl.spec.spec import Spec
from vggdsl.text.printing import shown
from vggdsl.text.units import count_text, names_text, plural


def size_text(shape: Shape) -> str:
    """
    >>> size_text(Shape(64, 224, 224))
    '224×224×64'
    """
    return f"{shape.h}×{shape.w}×{shape.c}"


def gives_text(shapes: Sequence[Shape]) -> str:
    """The size of what a part gives, of copies that differ the first and the last one's.

    >>> gives_text([Shape(96, 56, 56), Shape(128, 56, 56), Shape(160, 56, 56)])
    '56×56, 96 … 160 channels'
    >>> gives_text([Shape(8, 56, 56), Shape(8, 28, 28)])
    '56×56×8 … 28×28×8'
    """
    first, last = shapes[0], shapes[-1]
    if first == last:
        return size_text(last)
    if (first.h, first.w) == (last.h, last.w):
        return f"{last.h}×{last.w}, {first.c} … {last.c} channels"
    return f"{size_text(first)} … {size_text(last)}"


def layers_text(parts: Sequence[Part]) -> str:
    """How many layers, merges among them, are written in parts: as many as a flow has boxes without folding."""
    return plural(sum(map(_layers, parts)), "layer")


def _layers(part: Part) -> int:
    match part:
        case Layer(times=times):
            return times
        case Fork(branches):
            return 1 + sum(_layers(inner) for branch in branches for inner in branch.parts)
        case Stage(parts=parts, times=times):
            return times * sum(map(_layers, parts))
        case Aside():
            return 0


def times_text(times: int) -> str:
    """What stands behind a part that is there several times."""
    return f" ×{times}" if times > 1 else ""


def kind_of(layer: Layer) -> str:
    """Which of the few kinds that a picture tells apart a layer is."""
    op = layer.nodes[0].node.op
    match op:
        case Input():
            return "image"
        case Conv():
            return "conv"
        case FC():
            return "fc"
        case MaxPool() | AvgPool() | GlobalMaxPool() | GlobalAvgPool():
            return "pool"
        case _ if isinstance(op, Merge):
            return "merge"
        case _:
            return "other"


def names_of(nodes: Iterable[TypedNode]) -> tuple[str, ...]:
    return tuple(t.name for t in nodes)


def hint(nodes: Sequence[TypedNode], text: str, size: str) -> str:
    """What is told of a mark where a pointer rests on it."""
    return shown(f"{names_text(names_of(nodes), 4)}: {text}, {size}")


def title(spec: Spec) -> str:
    typed = spec.typed
    name = "network" if spec.name.startswith("<") else spec.name  # from no file
    return shown(f"{name}: {size_text(typed.input)} to {size_text(typed.output)}")


def description(spec: Spec, parts: Sequence[Part]) -> str:
    typed = spec.typed
    counts = f"{count_text(typed.params)} parameters, {count_text(typed.macs)} multiply-adds"
    return f"{plural(typed.weight_layers, 'layer')} with weights, {counts}. {_row(parts)}."


def _row(parts: Sequence[Part]) -> str:
    return ", ".join(map(_part, parts))


def _part(part: Part) -> str:
    match part:
        case Layer():
            return part.text + times_text(part.times) + (f" with {part.beside}" if part.beside else "")
        case Fork(branches, merge):
            inner = " | ".join(_row(branch.parts) or "identity" for branch in branches)
            return f"{_part(merge)} of [ {inner} ]"
        case Stage(parts=parts):
            return f"{part.caption}{times_text(part.times)} ( {_row(parts)} )".strip()
        case Aside(parts=parts):
            return f"{part.caption} ( {_row(parts)} )"
