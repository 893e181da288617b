"""What a call of another tool was given, and how that is written here; what can't be is told."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vggdsl.language.syntax import Arguments, Option, Setting
from vggdsl.language.types import UnfitError, Whole, elements
from vggdsl.spec.recipe.elsewhere import BY_EACH, DATA_NOTES, NEEDLESS, NO_ENTRIES, NOTES, OPTIMIZERS, SETS, WHERE
from vggdsl.text.errors import nearest
from vggdsl.text.facts import Meant

NONE = re.compile(r"[\"']?none[\"']?", re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:e-?\d{1,2})?%?", re.ASCII)
"""A number that can be computed with, as ``value_of`` does."""


# -- how a value is written here; None for one that can't be


def number(text: str) -> str | None:
    return text if _NUMBER.fullmatch(text) else None


def value_of(number: str) -> float:
    """What a number is that ``number`` took.

    >>> value_of("1e-3"), value_of("50%")
    (0.001, 0.5)
    """
    return float(number[:-1]) / 100 if number.endswith("%") else float(number)


def count(text: str) -> int | None:
    """A whole number from 1."""
    try:
        return Whole().read(text)
    except UnfitError:
        return None


def path(text: str) -> str | None:
    return f'"{text[1:-1]}"' if text[:1] in ("'", '"') and len(text) > 1 else None


def flag(text: str) -> str | None:
    return {"true": "yes", "false": "no", "yes": "yes", "no": "no"}.get(text.lower())


def side(text: str) -> str | None:
    """Of a square: `(32, 32)` is 32."""
    sides = set(elements(text)) or {text}
    return number(sides.pop()) if len(sides) == 1 else None


def interval(text: str) -> str | None:
    match elements(text):
        case [low, high] if number(low) and number(high):
            return f"{low}..{high}"
        case []:
            return text if re.fullmatch(r"[\d.%/]+", text) else None
        case _:
            return None


def angle(text: str) -> str | None:
    """An angle to either side: `(-15, 15)` is 15."""
    match elements(text) or [text]:
        case [low, high] if low == f"-{high}":
            return number(high)
        case [angle] if not angle.startswith("-"):
            return number(angle)
        case _:
            return None


def numbers(text: str | None) -> list[str]:
    given = elements(text) or [text] if text else []
    return given if all(map(number, given)) else []


# -- what was given


WEIGHTS_OF = "optimizer, or the weights of one"
"""First in PyTorch's calls, and not in Keras's: a place that only what is no value of its own takes."""


def is_value(text: str) -> bool:
    return bool(number(text) or text[:1] in ("'", '"') or numbers(text))


class Written:
    """What a call was given, by the names that its tool has; each is taken once, and what is left is told."""

    def __init__(self, arguments: Arguments, order: Sequence[str]) -> None:
        self.left: dict[str, tuple[str, str]] = {}
        places = iter(order)
        for argument in arguments:
            name, value = "", str(argument)
            if isinstance(argument, Option):
                name, value = str(argument.key), value.partition("=")[2]
            else:
                name = next(places, "")
                if name == WEIGHTS_OF and is_value(value):
                    name = next(places, "")
                name = "optimizer" if value in NEEDLESS or name == WEIGHTS_OF else name
            name = re.sub("[-_]", "", name)
            self.left[name if name not in self.left else f"{name} {len(self.left)}"] = value, str(argument)

    def take(self, *names: str) -> str | None:
        return next((self.left.pop(name)[0] for name in names if name in self.left), None)

    def rest(self, notes: Mapping[str, str]) -> list[str]:
        """Of what is left, what is to be said of each."""
        said = [f"`{written}`: {notes[name]}" for name, (_, written) in self.left.items() if name in notes]
        strange = [f"`{written}`" for name, (_, written) in self.left.items() if name not in notes]
        if strange:
            said.append(f"{joined(strange)} {'is' if len(strange) == 1 else 'are'} not in the language")
        return said


def joined(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


_VARIABLE = re.compile(r"(?!(?:true|false|none|yes|no)$)[a-z_]\w*(?:\.[a-z_]\w*)*", re.IGNORECASE)
"""What Python has in the place of a value."""
OPEN = "…"
"""What stands for a value that isn't known."""


def left_open(written: str) -> str | None:
    return OPEN if _VARIABLE.fullmatch(written) else None


def variable(written: str | None) -> list[str]:
    is_one = written is not None and _VARIABLE.fullmatch(written)
    return [f"`{written}` is a variable: write its value"] if is_one else []


@dataclass(frozen=True)
class Call:
    """A call that is one of ours but for how its values are written."""

    ours: str
    order: tuple[str, ...] = ()
    placed: Mapping[str, Callable[[str], str | None]] = field(default_factory=dict)
    """What stands in our brackets without a name, by the names that it has there; one of them is given."""
    theirs: Mapping[str, str] = field(default_factory=dict)
    """What stands there where their call doesn't say it."""
    options: Mapping[str, tuple[str, Callable[[str], str | None]]] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    """Values that change nothing, as a pattern."""
    notes: Mapping[str, str] = field(default_factory=dict)
    unsaid: Mapping[str, str] = field(default_factory=dict)
    """What is to be said where an option isn't given, since theirs is then another than ours."""

    def meant(self, arguments: Arguments) -> Meant | None:
        given, told = Written(arguments, self.order), list[str]()
        placed, named = list[str](), list[str]()
        unsaid = [said for name, said in self.unsaid.items() if name not in given.left]
        for name, say in self.placed.items():
            if name in given.left and (value := say(given.left[name][0]) or left_open(given.left[name][0])) is not None:
                placed.append(value)
                told += variable(given.take(name))
        for name, (ours, say) in self.options.items():
            written = given.left[name][0] if name in given.left else ""
            if written and (value := say(written) or left_open(written)) is not None:
                named.append(f"{ours}={value}")
                told += variable(written) if value == OPEN else []
                given.take(name)
        for name, pattern in self.same.items():
            if name in given.left and re.fullmatch(pattern, given.left[name][0], re.IGNORECASE):
                told.append(f"`{given.left.pop(name)[1]}` is so anyway")
        notes = {
            name: found.text for name, (value, _) in given.left.items() if (found := told_of(self.ours, name, value))
        }
        is_whole = OPEN not in (*placed, *(each.partition("=")[2] for each in named))
        told += given.rest({**self._unfit(given.left), **NOTES, **notes, **self.notes})
        if not placed and not self.placed.keys() & given.left.keys():
            placed += self.theirs.values()
            told += [f"theirs is {value} by default" for value in self.theirs.values()]
        if self.placed and not placed:
            return Meant(told=tuple(told)) if told else None
        said = f"{self.ours}({', '.join([*placed, *named])})" if placed or named else self.ours
        return Meant((said,), (*told, *unsaid), is_same=is_whole and not given.left and not unsaid)

    def _unfit(self, left: Iterable[str]) -> dict[str, str]:
        """What is to be said of names that ours has with other values, that are near to such, or are given again."""
        known = {**{name: name for name in self.placed}, **{name: ours for name, (ours, _) in self.options.items()}}
        said = dict[str, str]()
        for name in left:
            if name in known:
                said[name] = f"such a value of `{known[name]}` isn't in the language"
            elif name.partition(" ")[0] in known:
                said[name] = "it is given twice"
            elif (near := nearest(name, [*known])) is not None:
                said[name] = f"it isn't in the language, which has `{known[near]}`"
        return said


class Told(NamedTuple):
    """What is to be said of an option, and whether it can go since nothing changes without it."""

    text: str
    is_needless: bool = False


def told_of(call: str, name: str, value: str) -> Told | None:
    """What is to be said of an option that a call of ours doesn't have, and other tools' of the same name do."""
    key, value = re.sub("[-_]", "", name), value.strip("'\"").lower()
    if call not in ("sgd", "adam", "adamw"):
        return _told(DATA_NOTES.get(key)) if call in (*SETS.values(), "folder") else None
    if key in ("clipnorm", "globalclipnorm"):
        return Told(f"{BY_EACH if key == 'clipnorm' else 'it is'} an entry: `clip norm({value})`")
    if key == "decay":
        return Told(NO_ENTRIES[key])
    if key not in OPTIMIZERS:
        return _told(NOTES.get(key))
    usual, as_here = OPTIMIZERS[key]
    same = re.fullmatch(usual, value.replace(" ", "")) is not None
    return Told(f"remove it: {as_here}", True) if same else Told(f"it isn't in the language: {as_here}")


def _told(text: str | None) -> Told | None:
    return Told(text) if text else None


def of_other_tool(entry: str, call: Setting) -> Option | None:
    """The first option that only other tools' calls have, where one has the name of ours: `SGD(learning_rate=0.1)`."""
    options = [each for each in call.arguments if isinstance(each, Option)]
    if any("-" in each.key for each in options):
        return None
    match entry:
        case "optimizer" if call.name in ("sgd", "adam", "adamw"):
            theirs = next((each for each in options if each.key in ("learning_rate", "weight_decay")), None)
            strange = [each for each in options if told_of(str(call.name), str(each.key), str(each.value))]
            flags = [each for each in options if str(each.value).lower() in ("true", "false") and each not in strange]
            return theirs or (strange[0] if strange and len(strange) + len(flags) > 1 else None)
        case "data" if call.name in SETS.values():
            return next((each for each in options if re.sub("[-_]", "", each.key) in DATA_NOTES), None)
        case "mix":
            return next((each for each in options if each.key == "num_classes"), None)
        case "schedule" if call.name == "one-cycle":
            return next((each for each in options if each.key in _OF_ONE_CYCLE), None)
        case "augment" if call.name == "cutout":
            return next((each for each in options if each.key in ("n_holes", "length")), None)
        case _:
            return None


_OF_ONE_CYCLE = ("max_lr", "pct_start", "div_factor", "final_div_factor", "anneal_strategy", "cycle_momentum")


def needless(call: str, value: str) -> str:
    """What is to be said of a value that has no place in a call of ours, since nothing is left to say."""
    return WHERE if call in SETS.values() and value[:1] in ("'", '"') else NEEDLESS.get(value, "")
