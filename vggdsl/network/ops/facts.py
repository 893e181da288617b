"""What every op tells of itself, and the defaults that most ops share."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.text.errors import Diagnostic, ShapeError


class Params(NamedTuple):
    """Parameters of a layer: learnable weights and biases, and running statistics."""

    weights: int = 0
    biases: int = 0
    running: int = 0

    @property
    def learnable(self) -> int:
        return self.weights + self.biases

    @property
    def total(self) -> int:
        """With running statistics, as Keras counts."""
        return self.learnable + self.running


@dataclass(frozen=True)
class Facts:
    """Pure arithmetic about one op; an op overrides what is different for it.

    ``word`` is how it is spelled and named. ``in_place``: its output needs no memory of its own, so that
    it has no activations. ``nonlinear``: two weight layers around it don't collapse into one.
    """

    word: ClassVar[str]
    in_place: ClassVar[bool] = False
    nonlinear: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        return self.word

    def out_shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Params:
        return Params()

    def macs(self, x: Shape) -> int:
        """Multiply-adds for one image; biases are not counted."""
        return 0

    def sees(self, x: Shape) -> Window | None:
        """The window of input positions that one output position sees; None for one position."""
        return None


def slide(kind: str, code: str, window: Window, x: Shape) -> Pair:
    """Positions of a window on a shape, or a ``ShapeError`` if it doesn't fit."""
    size = Pair(x.h, x.w)
    padded = Pair(*(n + 2 * p for n, p in zip(size, window.pad, strict=True)))
    if window.extent.h > padded.h or window.extent.w > padded.w:
        given = f"got {x}" + (f", {padded} when padded" if padded != size else "")
        message = f"{kind} needs at least {window.extent}, {given}"
        what = "pool" if "pool" in kind else "layer"
        raise ShapeError(Diagnostic(code, message, help=f"remove a {what}, or enlarge the input"))
    return window.positions(size)
