"""In which form a network is written as ONNX."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypedDict

from vggdsl.data.decoding import COLOURS
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, AvgPool, MaxPool
from vggdsl.network.passes.fc_to_conv import fc_to_conv, of_size
from vggdsl.network.shapes import Pair, Window
from vggdsl.targets.opsets import check_opset
from vggdsl.text.errors import Diagnostic, InputError, Label, ShapeError

Size = Literal["fixed", "dynamic", "dense"]
_LARGER = range(1, 7)
"""Powers of 2 by which an input is enlarged, to see what of a network depends on its size."""


class FormOptions(TypedDict, total=False):
    """The fields of a ``Form``, as keywords of those who write files."""

    fold: bool
    logits: bool
    opset: int | None
    uint8: bool
    top: int | None
    size: Size
    external: bool


@dataclass(frozen=True)
class Form:
    """How a network is written.

    ``fold`` folds each batch normalisation into the layer before it, ``logits`` leaves the softmax out. Without
    ``opset`` it is the lowest that the network needs, from 13 on. With ``uint8`` the file takes bytes, (N, H, W, C),
    and normalises them itself. ``top`` gives so many labels and their probabilities instead of those of all classes.
    ``size`` is that of the input: the spec's; ``dynamic``, any that the layers can take; or ``dense``, any, with FC
    layers as convolutions, which answer at every place of a larger image. ``external`` puts the weights in a file
    beside it, as happens beyond 2 GB anyway.
    """

    fold: bool = True
    logits: bool = False
    opset: int | None = None
    uint8: bool = False
    top: int | None = None
    size: Size = "fixed"
    external: bool = False

    def check(self, typed: TypedGraph) -> None:
        """Raises ``InputError`` V525 if a network can't be written so."""
        if self.opset is not None:
            check_opset(self.opset)
        if self.uint8 and typed.input.c not in COLOURS:
            raise _refused(f"an input of {typed.input.c} channels takes no bytes of images", "leave `--uint8` out")
        if self.top is not None:
            self._check_top(typed)
        if self.size != "fixed":
            _check_sizes(typed.inference, self.size)

    def _check_top(self, typed: TypedGraph) -> None:
        last, help = typed.inference.nodes[-1], "leave `--top` out"
        if self.logits or not typed.graph.has_softmax:
            raise _refused("the likeliest classes are told by a softmax, which isn't there", help)
        if self.size == "dense" or has_places(typed.inference, last.name, self.size):
            raise _refused("the likeliest classes are told of a vector, and the output is a map", help)
        classes = last.shape.c
        if not 1 <= (self.top or 0) <= classes:
            raise _refused(f"there are no {self.top} likeliest of {classes} classes", f"1 to {classes} can be")

    def graph_of(self, typed: TypedGraph) -> TypedGraph:
        """The inference network that is written."""
        if self.size != "dense":
            return typed.inference
        return of_size(fc_to_conv(typed.inference), typed.input.h, typed.input.w)


def another_size(typed: TypedGraph) -> Pair:
    """Height and width of larger images that a network of any size can take, odd ones where it can."""
    h, w = typed.input.h, typed.input.w
    for size in (Pair(h + h // 2 + 1, w + w // 4 + 1), *(Pair(h << power, w << power) for power in _LARGER)):
        with suppress(ShapeError):
            of_size(typed.graph, *size)
            return size
    raise AssertionError("`Form.check` has refused it")


def has_places(typed: TypedGraph, name: str, size: Size) -> bool:
    """Whether what a node gives is a map, of images of the input's size or of larger ones that the file takes."""
    sizes = [typed] if size == "fixed" else [typed, *_enlarged(typed)]
    return any(each[name].shape.h * each[name].shape.w > 1 for each in sizes)


def _enlarged(typed: TypedGraph) -> list[TypedGraph]:
    """The network for larger images, of those sizes that it can take."""
    found = list[TypedGraph]()
    for power in _LARGER:
        with suppress(ShapeError):
            found.append(of_size(typed.graph, typed.input.h << power, typed.input.w << power))
    return found


def _check_sizes(typed: TypedGraph, size: Size) -> None:
    """Raises ``InputError`` V525 for a layer that takes maps of one size alone, or whose border no file can say."""
    larger = _enlarged(typed)
    if not larger:
        raise _refused("its branches fit for images of few sizes alone", "leave the size fixed")
    for node in typed.nodes:
        match node.node.op:
            case MaxPool(window=window) | AvgPool(window=window) if window.may_hang and not _ends_inside(window):
                raise _refused("rounds up at a border that depends on the size", "leave the size fixed", node)
            case FC() if size == "dynamic" and any(each[node.name].x != node.x for each in larger):
                h, w, c = node.x.h, node.x.w, node.x.c
                raise _refused(f"takes {h}x{w}x{c} alone", "write `--dense`, which makes a convolution of it", node)


def _ends_inside(window: Window) -> bool:
    """Whether no window can begin behind the map: runtimes differ about those that would begin in its padding."""
    steps = zip(window.stride, window.extent, strict=True)
    return not any(window.pad) and all(stride <= extent for stride, extent in steps)


def _refused(why: str, help: str, node: TypedNode | None = None) -> InputError:
    labels = () if node is None else (Label(node.node.span, "this layer"),)
    message = why if node is None else f"{node.name} {why}"
    return InputError(Diagnostic("V525", message, labels, help))
