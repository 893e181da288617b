"""What a value may be as it is written: types that turn a text into a value and back."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from vggdsl.network.shapes import Pair, Sides, Window
from vggdsl.text.figures import Figure

LARGEST = 10**9
"""No size, count, repeat or value is larger; larger ones are refused before any arithmetic."""


class UnfitError(ValueError):
    """A text that isn't of a type, or values that don't go together.

    Where more is to be said than what fits, the message says why; ``help`` how to mend it, ``at`` of which key, or
    the how manieth value by place; ``instead`` what the help offers in the place of what is wrong.
    """

    def __init__(self, message: str = "", help: str = "", at: str | int = "", instead: str = "") -> None:
        super().__init__(message)
        self.help, self.at, self.instead = help, at, instead


class Type(ABC):
    """What a text may be; ``read`` and ``write`` are inverse, but for how a text is spelled."""

    says: str
    """What fits, as a phrase."""
    example: str
    kinds: tuple[str, ...] = ("number",)
    """How it is written where no key stands before it: as a ``syntax.Atom`` of such a kind, or ``during``."""
    noun = "a number"

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value. Raises ``UnfitError``."""

    def write(self, value: Any) -> str:
        return str(value)


class Whole(Type):
    """A whole number.

    >>> [Whole().read(text) for text in ("1,024", "1K", "1e3")]
    [1024, 1000, 1000]
    """

    __match_args__ = ("least", "most")

    def __init__(self, least: int = 1, most: int = LARGEST) -> None:
        self.least, self.most = least, most
        self.says = f"a whole number from {least}" + (f" to {most:,}" if most < LARGEST else "")
        self.example = str(max(least, 1))

    def read(self, text: str) -> int:
        number = _decimal(text)
        if re.fullmatch(r"[1-9]\d{0,2}(\.0{3})", text):  # as some languages group digits
            help = f"write {int(number)} or {text.replace('.', '')} for `{text}`"
            raise UnfitError(f"`{text}` can be {int(number)} or {text.replace('.', '')}", help)
        if text.endswith("%") or number != number.to_integral_value() or not self.least <= number <= self.most:
            raise UnfitError
        return int(number)


class Number(Type):
    """A number, from ``least`` or ``above`` it.

    >>> [Number().read(text) for text in ("5e-4", ".5", "90%")]
    [0.0005, 0.5, 0.9]
    """

    __match_args__ = ("least", "most", "above")

    def __init__(self, least: float = 0, most: float = LARGEST, above: bool = False) -> None:
        self.least, self.most, self.above = least, most, above
        end = f"{', at most' if above else ' to'} {most:g}" if most < LARGEST else ""
        self.says = f"a number {'above' if above else 'from'} {least:g}{end}"
        self.example = shortest(min(max(least, 0.1), most))

    def read(self, text: str) -> float:
        if re.fullmatch(r"\d+,\d+", text):
            self._point(text)
        value = float(_decimal(text))
        if not self.least <= value <= self.most or (self.above and value == self.least):
            raise UnfitError
        return value

    def _point(self, text: str) -> None:
        """Refuses a comma that was meant for a point, or could be: it could also group digits."""
        meant = text.replace(",", ".")
        try:
            Figure.parse(text)
        except ValueError:
            raise UnfitError(f"`{text}` is not a number", f"write {meant}, with a point", instead=meant) from None
        help = f"write {meant}, with a point, or {text.replace(',', '')}, without a comma"
        raise UnfitError(f"`{text}` can be {meant} or {text.replace(',', '')}", help)

    def write(self, value: float) -> str:
        return shortest(value)


class Axes(Type):
    """One number for both axes, or height x width.

    >>> Axes(Whole(0)).read("3"), Axes(Whole(0)).read("0x3")
    (Pair(h=3, w=3), Pair(h=0, w=3))
    """

    __match_args__ = ("side",)
    says = "one number or height x width"

    def __init__(self, side: Whole) -> None:
        self.side, self.example = side, side.example

    def read(self, text: str) -> Pair:
        sides = [self.side.read(side) for side in re.split("[x×]", text, flags=re.IGNORECASE)]
        if len(sides) > 2:
            raise UnfitError
        return Pair(sides[0], sides[-1])

    def write(self, value: Pair) -> str:
        return value.short


class Padding(Type):
    """What is added around a map: also by sides, in the order of Keras.

    >>> Padding(Whole(0)).read("0,1,0,1"), Padding(Whole(0)).read("1,1,0,0"), Padding(Whole(0)).read("valid")
    (Sides(top=0, bottom=1, left=0, right=1), Pair(h=1, w=0), Pair(h=0, w=0))
    """

    __match_args__ = ("side",)
    says = "one number, height x width, or four sides"

    def __init__(self, side: Whole) -> None:
        self.side, self.example = side, side.example

    def read(self, text: str) -> Pair | Sides:
        if text.lower() == "valid":
            return Pair(0, 0)
        if "," not in text:
            return Axes(self.side).read(text)
        sides = text.split(",")
        if len(sides) != 4 or not all(re.fullmatch("0|[1-9][0-9]*", side) for side in sides):  # 1,024 is no pair
            raise UnfitError
        return Window(Pair(1, 1), pad=Sides(*map(self.side.read, sides))).pad

    def write(self, value: Pair | Sides) -> str:
        return value.short


class Range(Type):
    """A size, or a range of them.

    >>> Range().read("256..512"), Range().read("256")
    ((256, 512), (256, 256))
    """

    says = noun = "a size or a range"
    example = "256..512"
    kinds = ("number", "range")

    def read(self, text: str) -> tuple[int, int]:
        first, _, last = text.partition("..")
        low = Whole().read(first)
        high = Whole().read(last) if last else low
        if low > high:
            turned = f"{last}..{first}"
            raise UnfitError(f"the range {text} runs backwards", f"write {turned}", instead=turned)
        return low, high

    def write(self, value: tuple[int, int]) -> str:
        low, high = value
        return f"{low}..{high}" if low != high else str(low)


class Interval(Type):
    """The least and the most of something that is drawn, or one value; fractions may stand as such.

    >>> Interval(0, 1).read("0.08..1"), Interval(0.01, 100).write((0.75, 4 / 3))
    ((0.08, 1.0), '3/4..4/3')
    """

    noun = "a range of numbers"
    kinds = ()

    def __init__(self, least: float, most: float) -> None:
        self.number = Number(least, most)
        self.says = f"a range within {least:g}..{most:g}, or one number"
        self.example = f"{shortest(least)}..{shortest(most)}"

    def read(self, text: str) -> tuple[float, float]:
        if len(ends := elements(text)) == 2:
            meant = "..".join(ends)
            raise UnfitError(f"`{text}` is no range", f"write {meant}", instead=meant)
        first, dots, last = text.partition("..")
        if not first or (dots and not last):
            raise UnfitError
        low = self._one(first)
        high = self._one(last) if dots else low
        if low > high:
            raise UnfitError(f"the range {text} runs backwards", f"write {last}..{first}")
        return low, high

    def _one(self, text: str) -> float:
        above, _, below = text.partition("/")
        if not below:
            return self.number.read(text)
        return self.number.read(repr(Number().read(above) / Number(above=True).read(below)))

    def write(self, value: tuple[float, float]) -> str:
        low, high = map(_as_fraction, value)
        return f"{low}..{high}" if low != high else low


class Phase(Type):
    """A number for a range of epochs.

    >>> Phase(Number()).read("1..20: 1e-3")
    (1, 20, 0.001)
    """

    kinds = ("during",)
    noun = "ranges of epochs"

    def __init__(self, number: Number) -> None:
        self.number = number
        self.says, self.example = f"a range of epochs, and {number.says}", f"1..20: {number.example}"

    def read(self, text: str) -> tuple[int, int, float]:
        epochs, _, number = text.partition(": ")
        return (*Range().read(epochs), self.number.read(number))

    def write(self, value: tuple[int, int, float]) -> str:
        return f"{value[0]}..{value[1]}: {self.number.write(value[2])}"


class OneOf(Type):
    """One of several words, in capitals or not."""

    kinds = ("word",)
    noun = "a word"

    def __init__(self, *words: str) -> None:
        self.words = words
        self.says, self.example = " or ".join(f"`{word}`" for word in words), words[0]

    def read(self, text: str) -> Any:
        if text.lower() not in self.words:
            raise UnfitError
        return text.lower()


class Flag(OneOf):
    """``yes`` or ``no``; as other tools say these it is told which of them was meant."""

    meant: Mapping[str, str] = {
        **dict.fromkeys(("true", "on", "1"), "yes"),
        **dict.fromkeys(("false", "off", "0"), "no"),
    }

    def __init__(self) -> None:
        super().__init__("yes", "no")

    def read(self, text: str) -> bool:
        if text.lower() in self.meant:
            raise UnfitError(instead=self.meant[text.lower()])
        return bool(super().read(text) == "yes")

    def write(self, value: bool) -> str:
        return "yes" if value else "no"


class Text(Type):
    """Any text as it is written, or one of those ``known``; where it may be ``spaced``, it is written in quotes."""

    kinds = ("word",)

    def __init__(self, says: str, example: str, known: tuple[str, ...] | None = None, spaced: bool = False) -> None:
        self.says = self.noun = says
        self.example, self.known, self.spaced = example, known, spaced

    def read(self, text: str) -> str:
        if self.known is not None and text not in self.known:
            raise UnfitError
        return str(text)


class Name(Text):
    """A name that somebody else gave, in quotes where it isn't a plain word."""

    def __init__(self, example: str) -> None:
        super().__init__("a name", example, spaced=True)

    def write(self, value: str) -> str:
        return value if re.fullmatch(r"[\w.-]+", value, re.ASCII) else f'"{value}"'


class Quoted(Type):
    says = noun = "a path"
    example = '"DIR"'
    kinds = ("string",)

    def read(self, text: str) -> str:
        return text[1:-1]

    def write(self, value: str) -> str:
        return f'"{value}"'


class CommaList(Type):
    """One or several, with commas between.

    >>> CommaList(Whole()).read("256,384")
    (256, 384)
    """

    def __init__(self, one: Type) -> None:
        self.one, self.example = one, one.example
        self.says = f"{one.says}, or several with `,` between"

    def read(self, text: str) -> tuple[Any, ...]:
        return tuple(self.one.read(part) for part in text.split(","))

    def write(self, value: tuple[Any, ...]) -> str:
        return ",".join(map(self.one.write, value))


def _decimal(text: str) -> Decimal:
    try:
        figure = Figure.parse(text)
    except ValueError as error:
        message = f"`{text}` is below 0" if text.startswith("-") else str(error)
        raise UnfitError(message, "write a number such as 0.05 or 1e-3") from None
    if figure.approximate:
        raise UnfitError
    return figure.value / 100 if figure.unit == "%" else figure.value


def elements(text: str) -> list[str]:
    """What stands in brackets as of Python; empty where there are none.

    >>> elements("[(0.5, 1.0), 3]")
    ['(0.5, 1.0)', '3']
    """
    if text[:1] not in ("(", "[") or text[-1:] not in (")", "]"):
        return []
    parts, depth = [""], 0
    for character in text[1:-1]:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def shortest(number: float) -> str:
    """The number in as few digits as give it back, as the language writes it: without a plus.

    >>> shortest(5e-4), shortest(1.0), shortest(0.123456789), shortest(1e6)
    ('0.0005', '1', '0.123456789', '1e6')
    """
    text = f"{number:g}" if float(f"{number:g}") == number else repr(number)
    return text.replace("e+0", "e").replace("e+", "e")


def _as_fraction(number: float) -> str:
    """The number, as a fraction of small numbers where it is one and would take many digits."""
    fraction = Fraction(number).limit_denominator(100)
    is_long = len(shortest(number)) > len(f"{fraction}")
    return str(fraction) if is_long and float(fraction) == number else shortest(number)
