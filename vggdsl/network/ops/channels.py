"""Which channels go on, and in which order."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from vggdsl.network.ops.facts import Facts, divisors
from vggdsl.network.ops.regular import Identity
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic, ShapeError

End = Literal["first", "last"]
ENDS: tuple[End, ...] = get_args(End)


@dataclass(frozen=True)
class Shuffle(Facts):
    """The channels of groups, interleaved: the first of each group, then the second of each, and so on.

    Spelled: ``shuffle-2``.
    Shape:   unchanged.
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V203 if groups don't divide the channels.
    Source:  Zhang et al. 2018, arXiv:1707.01083, sec. 3.1.

    >>> print(Shuffle(2).out_shape(Shape(116, 28, 28)))
    28x28x116
    """

    word: ClassVar[str] = "shuffle"
    groups: int

    def out_shape(self, x: Shape) -> Shape:
        if x.c % self.groups:
            message = f"channels ({x.c}) must be divisible by groups ({self.groups})"
            raise ShapeError(Diagnostic("V203", message, help=f"choose groups that divide them: {divisors(x.c)}"))
        return x

    def plain(self, x: Shape) -> Facts:
        return Identity() if self.groups in (1, x.c) else self

    @property
    def text(self) -> str:
        return f"shuffle-{self.groups}"

    def tell_shape(self, *xs: Shape) -> str:
        (x,) = xs
        return f"channel i of each of {self.groups} groups of {x.c // self.groups}, for each i"


@dataclass(frozen=True)
class Take(Facts):
    """The first, or the last, of the channels.

    Spelled: ``first-58``, ``last-58``.
    Shape:   (c, h, w) -> (channels, h, w).
    Params:  none.
    MACs:    none.
    Raises:  ShapeError V209 if there are fewer channels.
    Source:  Ma et al. 2018, arXiv:1807.11164, sec. 4: "channel split".
    Differs: counted as in place, a view of what comes in.

    >>> print(Take("first", 58).out_shape(Shape(116, 28, 28)))
    28x28x58
    """

    word: ClassVar[str] = "take"
    in_place: ClassVar[bool] = True
    end: End
    channels: int

    @property
    def kind(self) -> str:
        return self.end

    def out_shape(self, x: Shape) -> Shape:
        if self.channels > x.c:
            message = f"`{self.text}` of {x.c} channels: got {x}"
            raise ShapeError(Diagnostic("V209", message, help=f"at most {x.c} channels can be taken here"))
        return Shape(self.channels, x.h, x.w)

    def plain(self, x: Shape) -> Facts:
        return Identity() if self.channels == x.c else self

    @property
    def text(self) -> str:
        return f"{self.end}-{self.channels}"

    def tell_shape(self, *xs: Shape) -> str:
        (x,) = xs
        start = 1 if self.end == "first" else x.c - self.channels + 1
        return f"channels {start} to {start + self.channels - 1} of {x.c}"
