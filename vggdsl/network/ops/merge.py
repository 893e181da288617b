"""Where branches meet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import eq
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Topic
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic, ShapeError
from vggdsl.text.facts import Disagreement


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
    topic: ClassVar[Topic] = "branches"

    def out_shape(self, x: Shape, *others: Shape) -> Shape:
        shapes = (x, *others)
        _agree(self.word, shapes, shapes, _one_size, "branches of concat need one height and width: pad what shrinks")
        return Shape(sum(each.c for each in shapes), x.h, x.w)

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
    topic: ClassVar[Topic] = "branches"
    any_order: ClassVar[bool] = True

    def out_shape(self, x: Shape, *others: Shape) -> Shape:
        shapes = (x, *others)
        _agree(self.word, shapes, shapes, eq, "branches of add need one shape: project one with a convolution")
        return x

    def tell_shape(self, *xs: Shape) -> str:
        return "their sum, value by value"


@dataclass(frozen=True)
class Mul(Facts):
    """The product of its branches, value by value; one that is 1x1 scales the channels of the others.

    Spelled: ``mul[ identity | global-avgpool conv1-4 ReLU conv1-64 sigmoid ]``, ``mul[ conv3-64 | conv3-64 sigmoid ]``.
    Shape:   that of the largest branch, (c, h, w); the others have it, too, or are (c, 1, 1).
    Params:  none.
    MACs:    none: nothing is added up.
    Raises:  ShapeError V206 if a branch has neither shape.
    Source:  Hu et al. 2018, arXiv:1709.01507, sec. 3.2; gates: Srivastava et al. 2015, arXiv:1505.00387.
    Differs: nothing else is spread: one channel doesn't scale several, nor a row a map, as it does in NumPy.

    >>> print(Mul().out_shape(Shape(64, 56, 56), Shape(64, 1, 1)))
    56x56x64
    """

    word: ClassVar[str] = "mul"
    topic: ClassVar[Topic] = "branches"
    nonlinear: ClassVar[bool] = True
    any_order: ClassVar[bool] = True

    def out_shape(self, x: Shape, *others: Shape) -> Shape:
        shapes = (x, *others)
        maps = [shape for shape in shapes if shape.h * shape.w > 1] or shapes
        help = "branches of mul need one shape, or 1x1 with its channels, here 1x1x{}"
        return _agree(self.word, shapes, maps, _or_scales, help)

    def tell_shape(self, *xs: Shape) -> str:
        scaled = ", channel by channel where a branch is 1x1" if len(set(xs)) > 1 else ""
        return f"their product, value by value{scaled}"


def _one_size(whole: Shape, shape: Shape) -> bool:
    return (shape.h, shape.w) == (whole.h, whole.w)


def _or_scales(whole: Shape, shape: Shape) -> bool:
    return shape in (whole, Shape(whole.c, 1, 1))


def _agree(
    word: str, shapes: Sequence[Shape], by: Iterable[Shape], fits: Callable[[Shape, Shape], bool], help: str
) -> Shape:
    """The shape that all branches go with, one of those to measure them ``by``.

    Raises ``ShapeError`` V206 with the first branch that doesn't go with what most go with.
    """
    whole = max(dict.fromkeys(by), key=lambda each: sum(fits(each, shape) for shape in shapes))
    for place, shape in enumerate(shapes):
        if not fits(whole, shape):
            one = shapes.index(whole)
            first, second = (shapes[i] for i in sorted((one, place)))
            message = f"the branches of {word} disagree: {first} and {second}"
            facts = Disagreement(one, place)
            raise ShapeError(Diagnostic("V206", message, help=help.format(whole.c), facts=facts))
    return whole
