"""The arguments of a recipe's values, read strictly."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from vggdsl.language.syntax import Atom, During, Entry, Option, Setting
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, Label, RecipeError, unknown
from vggdsl.text.figures import Figure
from vggdsl.text.source import Span

Value = Atom | Option | Setting


class Arguments:
    """The arguments of a setting; each is taken once, and what is left over is an error."""

    def __init__(self, value: Value, key: str) -> None:
        if isinstance(value, Option) or (isinstance(value, Atom) and value.kind != "word"):
            raise wrong("V406", f"{key}: `{value}` can't stand here", value.span, f"write {key} {EXAMPLES[key]}")
        self.span = value.span
        self.name = value.name if isinstance(value, Setting) else value.text.lower()
        self.key = key
        arguments = value.arguments if isinstance(value, Setting) else ()
        self.positional = [a for a in arguments if not isinstance(a, Option)]
        self.options: dict[str, Option] = {}
        for option in arguments:
            if isinstance(option, Option):
                if option.key in self.options:
                    raise wrong("V406", f"`{option.key}` is given twice", option.span, "keep one")
                self.options[option.key] = option
        self._asked: list[str] = []

    def number(self, key: str, default: float | None = None, least: float = 0, most: float = 1e9) -> float | None:
        self._asked.append(key)
        option = self.options.pop(key, None)
        return default if option is None else read_float(option.value, option.span, key, least, most)

    def integer(self, key: str, default: int | None = None, least: int = 1) -> int | None:
        self._asked.append(key)
        option = self.options.pop(key, None)
        return default if option is None else read_int(option.value, option.span, key, least)

    def flag(self, key: str, default: bool = False) -> bool:
        self._asked.append(key)
        option = self.options.pop(key, None)
        if option is None:
            return default
        if option.value.lower() not in ("yes", "no"):
            raise wrong("V406", f"{key} is `yes` or `no`", option.span, f"write {key}=yes")
        return option.value.lower() == "yes"

    def word(self, key: str, word: str) -> bool:
        """Whether the option is given, whose only value is the word."""
        self._asked.append(key)
        option = self.options.pop(key, None)
        if option is not None and option.value.lower() != word:
            raise wrong("V406", f"{key} can only be `{word}`", option.span, f"write {key}={word}, or remove it")
        return option is not None

    def take(self) -> Atom | During | None:
        return self.positional.pop(0) if self.positional else None

    def done(self) -> None:
        if self.options:
            option = next(iter(self.options.values()))
            if not self._asked:
                raise wrong("V406", f"{self.name} takes no options", option.span, "remove it")
            raise RecipeError(unknown("V406", f"option of {self.name}", option.key, self._asked, option.span))
        if self.positional:
            place = self.positional[0]
            example = EXAMPLES[self.key]
            help = f"write {example}" if example.startswith(f"{self.name}(") else "remove it"
            raise wrong("V406", f"{self.name}: `{place}` is one too many", place.span, help)


EXAMPLES = {
    "data": "cifar10(val=5000)",
    "augment": "crop(32, pad=4) hflip",
    "normalize": "mean-std",
    "batch": "128",
    "optimizer": "sgd(lr=0.05, momentum=0.9)",
    "schedule": "plateau(factor=0.1, patience=5)",
    "loss": "cross-entropy(smoothing=0.1)",
    "clip": "norm(5)",
    "epochs": "40",
    "stop": "val-accuracy(patience=10)",
    "init": "normal(std=0.1)",
    "seeds": "0 1 2",
    "precision": "auto",
    "checkpoint": "every(5)",
}


_INSIDE = {
    "lr": "optimizer sgd(lr=0.1)",
    "learning-rate": "optimizer sgd(lr=0.1)",
    "momentum": "optimizer sgd(lr=0.1, momentum=0.9)",
    "weight-decay": "optimizer sgd(lr=0.1, weight-decay=5e-4)",
    "patience": "stop val-accuracy(patience=10)",
    "batch-size": "batch 128",
    "label-smoothing": "loss cross-entropy(smoothing=0.1)",
    "clip-norm": "clip norm(5)",
    "dataset": "data cifar10(val=5000)",
}
"""What other tools give a line of its own or another name."""


def unknown_entry(entry: Entry, known: Sequence[str]) -> Diagnostic:
    found = unknown("V403", "entry of a recipe", entry.key, known, entry.key.span)
    return replace(found, help=f"write `{_INSIDE[entry.key]}`") if entry.key in _INSIDE else found


# -- numbers


def positional_int(a: Arguments) -> int:
    place = a.take()
    if not isinstance(place, Atom):
        raise wrong("V406", f"{a.name} needs a number", a.span, f"write {a.name}(5)")
    return atom_int(place, a.name, 1)


def atom_int(value: Value, key: str, least: int) -> int:
    if not isinstance(value, Atom) or value.kind != "number":
        raise wrong("V406", f"{key}: `{value}` is no number", value.span, f"write a whole number from {least}")
    return read_int(value.text, value.span, key, least)


def read_int(text: str, span: Span, key: str, least: int) -> int:
    number = _decimal(text, span)
    if "%" in text or "~" in text or number != number.to_integral_value() or not least <= number <= 10**9:
        raise wrong("V406", f"{key} can't be {text}", span, f"write a whole number from {least}")
    return int(number)


def read_float(text: str, span: Span, key: str, least: float, most: float) -> float:
    number = float(_decimal(text, span))
    if not least <= number <= most:
        raise wrong("V406", f"{key} can't be {text}", span, f"write a number from {least:g} to {most:g}")
    return number


def _decimal(text: str, span: Span) -> Decimal:
    try:
        figure = Figure.parse(text)
    except ValueError as error:
        message = f"`{text}` is below 0" if text.startswith("-") else str(error)
        raise wrong("V406", message, span, "write a number such as 0.05 or 1e-3") from None
    return figure.value / 100 if figure.unit == "%" else figure.value


def read_range(text: str, span: Span) -> tuple[int, int]:
    first, last = text.split("..")
    low, high = read_int(first, span, "a range", 1), read_int(last, span, "a range", 1)
    if low > high:
        raise wrong("V406", f"the range {text} runs backwards", span, f"write {last}..{first}")
    return low, high


def diagnostic(code: CodeName, message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic(code, message, (Label(span, "here"),), help)


def wrong(code: CodeName, message: str, span: Span, help: str) -> RecipeError:
    return RecipeError(diagnostic(code, message, span, help))
