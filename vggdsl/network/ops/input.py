"""The image that a network takes."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Unsaid
from vggdsl.network.shapes import Shape


@dataclass(frozen=True)
class Input(Facts):
    """The input image.

    Spelled: ``input 224x224x3``, ``input (224 × 224 RGB image)``.
    Shape:   () -> (c, h, w).
    Params:  none.
    MACs:    none.
    Source:  Simonyan & Zisserman 2015, Table 1.
    Differs: its values are not among a network's activations; CS231n's table lists them.

    >>> Input(Shape(3, 224, 224)).size.elements
    150528
    """

    word: ClassVar[str] = "input"
    size: Shape

    def out_shape(self, x: Shape | None = None) -> Shape:
        return self.size

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        """Nothing: whether an image fits is told elsewhere."""
        return ()

    @property
    def text(self) -> str:
        return f"input {self.size}"
