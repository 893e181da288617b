"""What stands in a recipe and in a measured block: entries with their values, and results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from vggdsl.language.syntax.elements import Measure, Option
from vggdsl.text.source import Placed, Span, as_written

ALL_BUT = "all but "
"""Before the names of the layers that aren't meant."""


@dataclass(frozen=True)
class Atom:
    """A value in a section: a word, a number, a range, a string or a size, as written.

    Of the kind ``layers`` are names of layers that are no words, ``conv2.a.conv1``, their ranges, and ``all but fc8``,
    of the kind ``times`` factors, ``x10``.
    What is ``foreign`` nothing takes: ``(0.9, 0.999)``, ``model.parameters()``, ``'relu'``.
    """

    text: str
    kind: Literal["word", "number", "range", "string", "size", "layers", "times", "foreign"]
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f'"{self.text}"' if self.kind == "string" else self.text


@dataclass(frozen=True)
class During:
    """``1..20: 1e-3``: a value for a range of epochs."""

    epochs: str
    value: str
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.epochs}: {self.value}"


Arguments = Sequence[Atom | Option | During]
"""What stands in the brackets of a call."""


@dataclass(frozen=True)
class Setting:
    """``crop(32, pad=4)``."""

    name: Placed
    arguments: tuple[Atom | Option | During, ...]
    span: Span = field(compare=False, repr=False)
    slip: Placed | None = field(default=None, compare=False, repr=False)
    """What code has in its brackets, and the language hasn't: `lr = 0.1`, or a comma behind the last value."""

    __repr__ = as_written

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Entry:
    key: Placed
    values: tuple[Atom | Option | Setting, ...]
    span: Span = field(compare=False, repr=False)
    is_keyed: bool = True
    """Whether its key stands before its values: `epochs=40` and `crop(32)` are entries of other tools."""

    __repr__ = as_written

    @property
    def written(self) -> str:
        """The values as text."""
        return " ".join(map(str, self.values))

    @property
    def is_none(self) -> bool:
        """Whether it says that nothing goes."""
        return len(self.values) == 1 and isinstance(self.values[0], Atom) and str(self.values[0]).lower() == "none"

    @property
    def is_steps(self) -> bool:
        """Whether it is a schedule that says itself how long the training is."""
        return self.key == "schedule" and any(isinstance(v, Setting) and v.name == "steps" for v in self.values)


@dataclass(frozen=True)
class Results:
    """Measures in a measured block, with their protocol."""

    measures: tuple[Measure, ...]
    protocol: tuple[Option, ...]
    span: Span = field(compare=False, repr=False)

    __repr__ = as_written
