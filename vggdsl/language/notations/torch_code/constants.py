"""What Python does with constants: numbers, texts, and what holds them. Each step of it is small."""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from functools import lru_cache

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.things import (
    Class,
    Function,
    Group,
    Held,
    Index,
    Key,
    Kind,
    Layer,
    Made,
    Measured,
    Nothing,
    Path,
    Row,
    Table,
    Thing,
    Unknown,
    extent,
)
from vggdsl.text.source import Span

Plain = int | float | str | bool | list["Plain"] | tuple["Plain", ...] | None
MOST_VALUES = 2_000
"""How much may stand in one row."""
_MOST_DIGITS, _MOST_CHARS, _LARGEST_POWER = 12, 1_000, 64
_WORDS: Mapping[str, Key] = {"True": True, "False": False, "None": None}
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_TEXT = re.compile(r"u?('''|\"\"\"|'|\")([^\\]*)\1|r('''|\"\"\"|'|\")(.*)\3", re.IGNORECASE | re.DOTALL)
_SIGNS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@lru_cache(maxsize=4096)
def _literal(text: str) -> Key:
    """Raises ``ValueError`` where it is none."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    if found := _TEXT.fullmatch(text):
        return found[2] if found[1] else found[4]
    raise ValueError(text)


def key(thing: Thing, at: Span) -> Key:
    """A number, a text, a truth or None. Raises ``UnreadableError`` where it is none, or is read off a tensor."""
    found = plain(thing, at)
    if isinstance(found, list | tuple):
        raise _untold(at)
    return found


def index(thing: Thing, at: Span) -> Index:
    """What a dictionary finds things by. Raises ``UnreadableError`` where it is none."""
    if isinstance(thing, Group) and thing.kind == "tuple" and len(thing.values) <= _MOST_DIGITS:
        return tuple(key(each, at) for each in thing.values)
    return key(thing, at)


def whole(thing: Thing, at: Span) -> int:
    """A whole number. Raises ``UnreadableError`` where it is none."""
    found = plain(thing, at)
    if not isinstance(found, int):
        raise UnreadableError(f"`{thing.at.excerpt}` is no whole number", at, HELP)
    return found


def plain(thing: Thing, at: Span) -> Plain:
    """A constant's value. Raises ``UnreadableError`` where it isn't told by the text alone."""
    if isinstance(thing, Group) and extent(thing, MOST_VALUES) > MOST_VALUES:
        raise UnreadableError("this holds too much", at, HELP)
    return _plain(thing, at)


def _plain(thing: Thing, at: Span) -> Plain:
    match thing:
        case Measured():
            raise UnreadableError(f"`{at.excerpt}` is asked of a tensor's size", at, HELP)
        case Atom(text):
            try:
                return _literal(text)
            except ValueError:
                raise _untold(at) from None
        case Nothing():
            return None
        case Group(values, _, "tuple"):
            return tuple(_plain(each, at) for each in values)
        case Group(values, _, "list"):
            return [_plain(each, at) for each in values]
        case _:
            raise _untold(at)


def _untold(at: Span) -> UnreadableError:
    return UnreadableError(f"what `{at.excerpt}` is can't be told", at, "of two tensors or numbers it can")


def said(value: Plain, at: Span) -> Thing:
    """A value as it would be written. Raises ``UnreadableError`` of one that is too large."""
    match value:
        case bool() | None:
            return Atom(str(value), at)
        case int() if abs(value) < 10**_MOST_DIGITS:
            return Atom(str(value), at)
        case float() if math.isfinite(value):
            return Atom(repr(value), at)
        case str() if len(value) <= _MOST_CHARS:
            return Atom(f"'''{value}'''", at)
        case list() | tuple():
            return Group([said(each, at) for each in value], at, "list" if isinstance(value, list) else "tuple")
        case _:
            raise _untold(at)


def operated(left: Thing, sign: str, right: Thing, at: Span) -> Thing:
    """What a sign does with two constants. Raises ``UnreadableError``."""
    if isinstance(left, Measured) or isinstance(right, Measured):
        of_side = any(isinstance(each, Measured) and each.of_side for each in (left, right))
        found = operated(_unmeasured(left), sign, _unmeasured(right), at)
        return Measured(found.text, at, of_side) if isinstance(found, Atom) else found
    for row, other in ((left, right), (right, left)):
        if isinstance(row, Group) and row.kind in ("tuple", "list"):
            if sign == "*" and isinstance(other, Atom):
                times = max(0, whole(other, at))
                return row_of(row.values * times if len(row.values) * times <= MOST_VALUES else None, at, row.kind)
            if sign == "+" and row is left and isinstance(other, Group) and other.kind == row.kind:
                return row_of([*row.values, *other.values], at, row.kind)
            raise _untold(at)
    one, two = key(left, at), key(right, at)
    if isinstance(one, str):
        return said(_of_text(one, sign, two, at), at)
    if isinstance(one, str | None) or isinstance(two, str | None) or (sign == "**" and abs(two) > _LARGEST_POWER):
        raise _untold(at)
    try:
        value = _SIGNS[sign](one, two)
    except (ArithmeticError, KeyError):
        raise _untold(at) from None
    return said(value if isinstance(value, int | float) else None, at)


def _of_text(text: str, sign: str, other: Key, at: Span) -> str:
    if sign == "+" and isinstance(other, str):
        return text + other
    holes = re.findall(r"%.?", text)
    if sign == "%" and (holes == ["%s"] or (holes == ["%d"] and type(other) is int)):
        return text.replace(holes[0], str(other))
    raise _untold(at)


def _unmeasured(thing: Thing) -> Thing:
    return Atom(thing.text, thing.at) if isinstance(thing, Measured) else thing


def row_of(values: list[Thing] | None, at: Span, kind: Kind) -> Group:
    """What stands in a row. Raises ``UnreadableError`` where it is too long, or None."""
    if values is None:
        raise UnreadableError("this holds too much", at, HELP)
    not_too_long(values, at)
    return Group(values, at, kind)


def not_too_long(values: Sized, at: Span) -> None:
    if len(values) > MOST_VALUES:
        raise UnreadableError("this holds too much", at, HELP)


def elements(thing: Thing, at: Span) -> Iterator[Thing]:
    """What a loop goes over, also what it appends to it itself. Raises ``UnreadableError``."""
    match thing:
        case Group(values, _, "iterator"):
            while values:
                yield values.pop(0)
        case Group(_, _, "spent"):
            raise UnreadableError(f"`{at.excerpt}` goes on where the last call ended", at, "make a list of it")
        case Group(values):
            place = 0
            while place < len(values):
                yield values[place]
                place += 1
        case Row(entries):
            yield from [each for _, each in entries]
        case Table(entries):
            yield from [said(each, at) for each in entries]
        case Held():
            raise UnreadableError(f"`{at.excerpt}` goes through a tensor", at, HELP)
        case _:
            raise UnreadableError(f"what `{at.excerpt}` holds can't be told", at, HELP)


def truth(thing: Thing, at: Span) -> bool:
    """Whether a condition holds. Raises ``UnreadableError`` where it isn't told by the text alone."""
    match thing:
        case Group(values, _, kind):
            return bool(values) or kind in ("iterator", "spent")
        case Row(entries) | Table(entries):
            return bool(entries)
        case Layer() | Class() | Function():
            return True
        case Made() if not thing.of.is_row:
            return True
        case Path() if "." in thing.name:
            return True
        case Atom() | Nothing() if not isinstance(thing, Measured):
            try:
                return bool(plain(thing, at))
            except UnreadableError:
                pass
    what = "is one of a tensor" if isinstance(thing, Held | Measured) else "can't be told before it is run"
    raise UnreadableError(f"this condition {what}: `{at.excerpt}`", at, HELP)


def compared(left: Thing, sign: str, right: Thing, at: Span) -> bool:
    """Raises ``UnreadableError`` where it isn't told by the text alone."""
    word = " ".join(sign.split())
    if word in ("is not", "not in", "!="):
        return not compared(left, {"is not": "is", "not in": "in", "!=": "=="}[word], right, at)
    if word == "in":
        return any(_same(left, each, at, "==") for each in elements(right, at))
    if word == "is" and is_none(right):
        if isinstance(left, Unknown) or (isinstance(left, Path) and "." not in left.name):
            raise _untold(at)
        return is_none(left)
    if word in ("is", "=="):
        return _same(left, right, at, word)
    one, two = plain(left, at), plain(right, at)
    if isinstance(one, int | float) and isinstance(two, int | float):
        return _ORDERS[word](one, two)
    raise _untold(at)


def _same(left: Thing, right: Thing, at: Span, word: str) -> bool:
    things = (left, right)
    if left is right and isinstance(left, Class | Function):
        return True
    if all(isinstance(each, Class) for each in things):
        return False
    if isinstance(left, Path) and isinstance(right, Path) and left.name == right.name:
        return True
    if all(isinstance(each, Path) and each.name in TYPES for each in things):
        return False
    if isinstance(left, Layer | Row | Made):
        return left is right
    one, two = plain(left, at), plain(right, at)
    if word == "is" and not isinstance(one, bool) and not isinstance(two, bool):
        raise _untold(at)
    return one == two and (word == "==" or type(one) is type(two))


def is_none(thing: Thing) -> bool:
    """Whether it is None; of what isn't told, ask first."""
    if isinstance(thing, Held | Measured):
        return False
    return isinstance(thing, Nothing) or (isinstance(thing, Atom) and thing.text == "None")


TYPES: Mapping[str, type] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": tuple,
    "dict": dict,
}
"""Python's own, by their names."""
