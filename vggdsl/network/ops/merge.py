"""Where branches meet."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic, ShapeError


@dataclass(frozen=True)
class Concat(Facts):
    """The channels of its branches, one behind the other.

    Spelled: ``concat[ conv1-64 | conv3-64 ]``, ``concat[ identity | conv3-32 ]``.
    Shape:   (c1, h, w), (c2, h, w), … -> (c1 + c2 + …, h, w).
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V206 if two branches differ in height or width.
    Source:  Szegedy et al. 2014, sec. 4.

    >>> print(Concat().out_shape(Shape(64, 28, 28), Shape(128, 28, 28)))
    28x28x192
    """

    word: ClassVar[str] = "concat"

    def out_shape(self, x: Shape, *others: Shape) -> Shape:
        for other in others:
            if (x.h, x.w) != (other.h, other.w):
                raise _disagree(self.word, x, other, "branches of concat need one height and width: pad what shrinks")
        return Shape(sum(each.c for each in (x, *others)), x.h, x.w)

    def tell_shape(self, *xs: Shape) -> str:
        return f"{' + '.join(str(x.c) for x in xs)} = {self.out_shape(*xs).c} channels"


@dataclass(frozen=True)
class Add(Facts):
    """The sum of its branches, value by value.

    Spelled: ``add[ conv3-64 BN | identity ]``.
    Shape:   unchanged; all branches have the same.
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V206 if two branches differ in shape.
    Source:  He et al. 2015, sec. 3.2.

    >>> print(Add().out_shape(Shape(64, 56, 56), Shape(64, 56, 56)))
    56x56x64
    """

    word: ClassVar[str] = "add"

    def out_shape(self, x: Shape, *others: Shape) -> Shape:
        for other in others:
            if x != other:
                raise _disagree(self.word, x, other, "branches of add need one shape: project one with a convolution")
        return x

    def tell_shape(self, *xs: Shape) -> str:
        return "their sum, value by value"


def _disagree(word: str, one: Shape, other: Shape, help: str) -> ShapeError:
    return ShapeError(Diagnostic("V206", f"the branches of {word} disagree: {one} and {other}", help=help))
