"""What may be written for a key, and the one reader of it.

A ``Type`` turns a text into a value and back; a ``Key`` is a name with a type, what it means and what goes where it
isn't written. Layers' options, recipes, protocols and measured blocks are tables of keys; from them also examples and
pages are made.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vggdsl.language.syntax import Option
from vggdsl.network.shapes import Pair
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, Label, unknown
from vggdsl.text.figures import Figure

LARGEST = 10**9
"""No number that can be written for a key is larger."""


class UnfitError(ValueError):
    """A text that isn't of a type. The message says why, where more is to be said than what fits."""


# -- types


class Type(ABC):
    """What a text may be; ``read`` and ``write`` are inverse, but for how a text is spelled."""

    @property
    @abstractmethod
    def says(self) -> str:
        """What fits, as a phrase."""

    @property
    @abstractmethod
    def example(self) -> str:
        """Something that fits."""

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value. Raises ``UnfitError``."""

    def write(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Flag(Type):
    says = "`yes` or `no`"
    example = "yes"

    def read(self, text: str) -> bool:
        if text.lower() not in ("yes", "no"):
            raise UnfitError
        return text.lower() == "yes"

    def write(self, value: bool) -> str:
        return "yes" if value else "no"


@dataclass(frozen=True)
class Whole(Type):
    """A whole number.

    >>> [Whole().read(text) for text in ("1,024", "1K", "1e3")]
    [1024, 1000, 1000]
    """

    least: int = 1
    most: int = LARGEST

    @property
    def says(self) -> str:
        return f"a whole number from {self.least}" + (f" to {self.most:,}" if self.most < LARGEST else "")

    @property
    def example(self) -> str:
        return str(max(self.least, 1))

    def read(self, text: str) -> int:
        number = _number(text)
        if text.endswith("%") or number != number.to_integral_value() or not self.least <= number <= self.most:
            raise UnfitError
        return int(number)


@dataclass(frozen=True)
class Number(Type):
    """A number, from ``least`` or ``above`` it.

    >>> [Number().read(text) for text in ("5e-4", ".5", "90%")]
    [0.0005, 0.5, 0.9]
    """

    least: float = 0
    most: float = LARGEST
    above: bool = False

    @property
    def says(self) -> str:
        if self.above:
            return f"a number above {self.least:g}" + (f", at most {self.most:g}" if self.most < LARGEST else "")
        return f"a number from {self.least:g}" + (f" to {self.most:g}" if self.most < LARGEST else "")

    @property
    def example(self) -> str:
        return shortest(min(max(self.least, 0.1), self.most))

    def read(self, text: str) -> float:
        value = float(_number(text))
        if not self.least <= value <= self.most or (self.above and value == self.least):
            raise UnfitError
        return value

    def write(self, value: float) -> str:
        return shortest(value)


@dataclass(frozen=True)
class Axes(Type):
    """One number for both axes, or height x width.

    >>> Axes(Whole(0)).read("3"), Axes(Whole(0)).read("0x3")
    (Pair(h=3, w=3), Pair(h=0, w=3))
    """

    side: Whole
    says = "one number or height x width"

    @property
    def example(self) -> str:
        return self.side.example

    def read(self, text: str) -> Pair:
        sides = text.lower().replace("×", "x").split("x")
        if len(sides) > 2:
            raise UnfitError
        numbers = [self.side.read(side) for side in sides]
        return Pair(numbers[0], numbers[-1])

    def write(self, value: Pair) -> str:
        return str(value.h) if value.h == value.w else str(value)


@dataclass(frozen=True)
class Choice(Type):
    """One of several words, in capitals or not."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:
        return " or ".join(f"`{word}`" for word in self.words)

    @property
    def example(self) -> str:
        return self.words[0]

    def read(self, text: str) -> str:
        if text.lower() not in self.words:
            raise UnfitError
        return text.lower()


def _number(text: str) -> Decimal:
    try:
        figure = Figure.parse(text)
    except ValueError as error:
        raise UnfitError(f"`{text}` is below 0" if text.startswith("-") else str(error)) from None
    if figure.approximate:
        raise UnfitError
    return figure.value / 100 if figure.unit == "%" else figure.value


def shortest(number: float) -> str:
    """The number in as few digits as give it back.

    >>> shortest(5e-4), shortest(1.0), shortest(0.123456789)
    ('0.0005', '1', '0.123456789')
    """
    return f"{number:g}" if float(f"{number:g}") == number else repr(number)


# -- keys


@dataclass(frozen=True)
class Key:
    """A key with the type of its values, what it means, and the value where it isn't written.

    The default is None where nothing goes, or where it depends on something; then the meaning says what goes.
    """

    name: str
    type: Type
    meaning: str
    default: Any = None
    shown: str = ""
    """An example, where the type's or the default isn't a good one."""

    @property
    def example(self) -> str:
        """A value as written: of a flag what isn't the default."""
        if self.shown or self.default is None:
            return self.shown or self.type.example
        return self.type.write(not self.default if isinstance(self.type, Flag) else self.default)


@dataclass(frozen=True)
class Voice:
    """Under which codes a part of the language tells what is wrong with options; subclasses have its words."""

    unknown: CodeName
    twice: CodeName
    unfit: CodeName

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        return unknown(self.unknown, f"option of {of}", option.key, [key.name for key in keys], option.span)

    def given_twice(self, option: Option, first: Option) -> Diagnostic:
        labels = (Label(option.span, "again"), Label(first.span, "first here", primary=False))
        return Diagnostic(self.twice, f"`{option.key}` is given twice", labels, "keep one")

    def unfit_value(self, option: Option, key: Key, why: str) -> Diagnostic:
        message = why or f"{key.name} is {key.type.says}, not `{option.value}`"
        return Diagnostic(self.unfit, message, (Label(option.span, "here"),), f"write {key.name}={key.example}")


def read_options(
    options: Iterable[Option], keys: Sequence[Key], of: str, voice: Voice, found: list[Diagnostic]
) -> dict[str, Any]:
    """The values that options give to keys; what is wrong is added to ``found``. ``of`` is whose keys they are."""
    by_name = {key.name: key for key in keys}
    values = {}
    for option in once(options, voice, found):
        key = by_name.get(option.key)
        if key is None:
            found.append(voice.unknown_key(option, keys, of))
            continue
        try:
            values[key.name] = key.type.read(option.value)
        except UnfitError as why:
            found.append(voice.unfit_value(option, key, str(why)))
    return values


def once(options: Iterable[Option], voice: Voice, found: list[Diagnostic]) -> list[Option]:
    """The options without those that are given again, which are added to ``found``."""
    first: dict[str, Option] = {}
    for option in options:
        if option.key in first:
            found.append(voice.given_twice(option, first[option.key]))
        first.setdefault(option.key, option)
    return list(first.values())
