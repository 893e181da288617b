"""Python's own functions, and the methods of what it keeps constants and modules in."""

import math
import re
from collections.abc import Callable, Mapping

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.constants import (
    MOST_VALUES,
    TYPES,
    Plain,
    elements,
    index,
    key,
    not_too_long,
    plain,
    row_of,
    said,
    truth,
    whole,
)
from vggdsl.language.notations.torch_code.functions import Given
from vggdsl.language.notations.torch_code.things import (
    Class,
    Group,
    Held,
    Layer,
    Made,
    Measured,
    Nothing,
    Path,
    Row,
    Table,
    Thing,
    put,
)
from vggdsl.text.source import Span

_OF_NUMBERS: Mapping[str, Callable[..., Plain]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "round": round,
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "math.sqrt": math.sqrt,
    "math.log": math.log,
    "math.log2": math.log2,
}
_OF_VALUES = ("bool", "float", "int", "str")
_OF_ROWS = ("enumerate", "len", "list", "reversed", "sum", "tuple", "zip")
FUNCTIONS = frozenset({*_OF_NUMBERS, *_OF_VALUES, *_OF_ROWS, "isinstance", "range", "type"})


def call(name: str, given: Given) -> Thing:
    """What a function of Python's gives. Raises ``UnreadableError``."""
    at, places = given.at, given.places
    if given.named or (not places and name not in ("list", "tuple")):
        raise _unread(at)
    if name in _OF_NUMBERS:
        values = [*elements(places[0], at)] if len(places) == 1 and isinstance(places[0], Group) else places
        numbers = [plain(each, at) for each in values]
        if not all(isinstance(each, int | float) for each in numbers):
            raise _unread(at)
        return _done(lambda: _OF_NUMBERS[name](*numbers), at)
    if name in _OF_VALUES and len(places) == 1:
        if name == "bool":
            return said(truth(places[0], at), at)
        if name == "int" and isinstance(places[0], Measured):
            return places[0]
        value = key(places[0], at)
        return _done(lambda: {"float": float, "int": int, "str": str}[name](value), at)
    if name == "range":
        bounds = [whole(each, at) for each in places]
        if len(bounds) > 3 or (len(bounds) == 3 and not bounds[2]) or len(range(*bounds)) > MOST_VALUES:
            raise UnreadableError("this holds too much", at, HELP)
        return Group([said(each, at) for each in range(*bounds)], at, "range")
    if name == "isinstance" and len(places) == 2:
        return said(_is_one(places[0], places[1], at), at)
    if name == "type" and len(places) == 1:
        return _type(places[0], at)
    return _of_rows(name, given)


def _of_rows(name: str, given: Given) -> Thing:
    at, places = given.at, given.places
    if name in ("len", "reversed") and isinstance(places[0], Group) and places[0].kind in ("iterator", "spent"):
        raise _unread(at)
    if name == "len" and len(places) == 1:
        if isinstance(places[0], Made) and places[0].of.is_row:
            return said(len(places[0].row.entries), at)
        if isinstance(places[0], Group | Row | Table):
            return said(len(places[0].values if isinstance(places[0], Group) else places[0].entries), at)
        return said(len([*elements(places[0], at)]), at)
    if name == "zip":
        pairs = zip(*(elements(each, at) for each in places), strict=False)
        return row_of([Group([*each], at) for each in pairs], at, "iterator")
    rows = [[*elements(each, at)] for each in places[: 1 if name == "enumerate" else None]]
    if name == "enumerate" and len(places) in (1, 2):
        first = whole(places[1], at) if len(places) == 2 else 0
        return row_of([Group([said(first + n, at), each], at) for n, each in enumerate(rows[0])], at, "iterator")
    if len(places) > 1 or name not in _OF_ROWS:
        raise _unread(at)
    (values,) = rows or [[]]
    if name == "sum":
        numbers = [plain(each, at) for each in values]
        sums = [each for each in numbers if isinstance(each, int | float)]
        return said(sum(sums) if len(sums) == len(numbers) else None, at)
    if name == "reversed":
        return row_of(values[::-1], at, "iterator")
    return row_of(values, at, "tuple" if name == "tuple" else "list")


def _done(does: Callable[[], Plain], at: Span) -> Thing:
    try:
        return said(does(), at)
    except (ArithmeticError, TypeError, ValueError):
        raise _unread(at) from None


def _unread(at: Span) -> UnreadableError:
    return UnreadableError(f"what `{at.excerpt}` does isn't read", at, HELP)


def _type(thing: Thing, at: Span) -> Thing:
    match thing:
        case Made(of):
            return of
        case Layer():
            return Path(thing.call.name, at)
        case Group(_, _, "list" | "tuple" as kind):
            return Path(kind, at)
        case Atom() if not isinstance(thing, Measured) and plain(thing, at) is not None:
            return Path(type(plain(thing, at)).__name__, at)
        case _:
            raise _unread(at)


def _is_one(thing: Thing, of: Thing, at: Span) -> bool:
    if isinstance(of, Group):
        return any(_is_one(thing, each, at) for each in of.values)
    if isinstance(thing, Held | Measured):
        raise UnreadableError(f"this condition is one of a tensor: `{at.excerpt}`", at, HELP)
    match thing, of:
        case Made(), Class():
            return of in thing.of.own
        case ((Layer() | Row() | Group()), Class()):
            return False
        case _, Path(name) if name in TYPES:
            if isinstance(thing, Group | Table):
                kind = "dict" if isinstance(thing, Table) else thing.kind
                return kind == name
            is_module = isinstance(thing, Layer | Row | Made | Class | Path)
            return not is_module and isinstance(plain(thing, at), TYPES[name])
        case ((Layer() | Row() | Made() | Group()), Path()) if of.bare == "Module" and "." in of.name:
            return not isinstance(thing, Group) or thing.kind == "ModuleList"
        case ((Layer() | Row() | Made() | Group()), Path(name)) if re.fullmatch(r"(torch\.)?nn\.[A-Z]\w+", name):
            kinds = {Layer: "", Row: "Sequential", Made: "", Group: "ModuleList"}
            own = thing.call.bare if isinstance(thing, Layer) else kinds[type(thing)]
            is_row = isinstance(thing, Made) and thing.of.is_row
            return of.bare == ("Sequential" if is_row else own)
        case _:
            raise UnreadableError(f"whether `{at.excerpt}` holds can't be told", at, HELP)


def method(of: Thing, name: str, given: Given) -> Thing | None:
    """What a method of a row, a dictionary or a text gives; None where it has none that is known."""
    at, places = given.at, given.places
    match of, name, places:
        case _ if given.named:
            return None
        case Group(_, _, "list" | "ModuleList"), "append", (each,):
            _add(of, [each], at)
            return of if of.kind == "ModuleList" else Nothing(at)
        case Group(_, _, "list" | "ModuleList"), "extend", (each,):
            _add(of, [*elements(each, at)], at)
            return of if of.kind == "ModuleList" else Nothing(at)
        case Group(values, _, "list"), "pop", () if values:
            return values.pop()
        case Row(entries), "append", (Layer() | Row() | Made() as each,):
            not_too_long(entries, at)
            put(entries, str(len(entries)), each)
            return of
        case Table(entries), "keys" | "values" | "items", ():
            keys = [said(each, at) for each in entries]
            pairs: list[Thing] = [Group([*each], at) for each in zip(keys, entries.values(), strict=True)]
            return row_of({"keys": keys, "values": [*entries.values()], "items": pairs}[name], at, "list")
        case Table(entries), "get", (each, *other) if len(other) < 2:
            return entries.get(index(each, at), other[0] if other else Nothing(at))
        case Group(values, _, "list"), "copy", ():
            return Group([*values], at, "list")
        case Atom(), "format", _ if isinstance(text := key(of, at), str):
            holes = re.findall(r"\{[^{}]*\}|[{}]", text)
            if holes != ["{}"] * len(places):
                return None
            return said("".join(_filled(text.split("{}"), [str(key(each, at)) for each in places])), at)
        case Atom(), "lower" | "upper", () if isinstance(text := key(of, at), str):
            return said(text.lower() if name == "lower" else text.upper(), at)
        case Atom(), "startswith" | "endswith", (each,) if isinstance(text := key(of, at), str):
            part = key(each, at)
            if not isinstance(part, str):
                return None
            return said(text.startswith(part) if name == "startswith" else text.endswith(part), at)
        case _:
            return None


def _filled(parts: list[str], values: list[str]) -> list[str]:
    return [parts[0], *(each for pair in zip(values, parts[1:], strict=True) for each in pair)]


def _add(row: Group, values: list[Thing], at: Span) -> None:
    for each in values:
        if row.kind == "ModuleList" and not isinstance(each, Layer | Row | Made):
            raise UnreadableError(f"`{each.at.excerpt}` is no module", at, HELP)
    row.values += values
    not_too_long(row.values, at)
