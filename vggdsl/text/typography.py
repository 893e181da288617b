"""Characters of PDFs, web pages and word processors that stand for plain ones.

A text is read as if it were typed. What stands in quotes and in comments is kept, and so is a character that could
mean two things: no grammar has it, so that it is refused where it stands.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f"
"""Of no width: where a line may break, or may not, and how a sign is drawn."""
_SIGNS = {"×": "x", "✕": "x", "✖": "x", "⨯": "x", "∗": "*", "∼": "~", "⁄": "/", "∕": "/", "∣": "|", "∶": ":"}
_STANDS_FOR = {**dict.fromkeys(_DASHES, "-"), **dict.fromkeys(_SPACES, " "), **dict.fromkeys(_NOTHING, ""), **_SIGNS}
_TYPEFACES = ("<wide>", "<small>", "<font>")
"""How Unicode marks the letters, digits and signs of other widths and typefaces."""

_CLOSED_BY = {"“": "”", "„": "“”", "‟": "”", "”": "”", "«": "»", "»": "«", "＂": "＂"}
_STRINGS = "|".join(f'{opening}[^{closing}"\n]*[{closing}"]' for opening, closing in _CLOSED_BY.items())
_THIN = "\u2006\u2007\u2009\u200a\u202f"
"""Spaces that group the digits of a number, as thousands."""
_PIECE = re.compile(
    rf'"[^"\n]*"?|(?P<comment>[#＃])[^\n]*|(?P<string>{_STRINGS})|(?P<opening>[{"".join(_CLOSED_BY)}])'
    rf"|(?P<grouped>(?<![^\s=~])~?[1-9]\d{{0,2}}([{_THIN}])\d{{3}}(?:\5\d{{3}})*(?!\d)"
    rf"|(?<![\w.,])[1-9]\d{{0,2}}[{_THIN}]0\d\d(?:[{_THIN}]\d{{3}})*(?!\d))"
    r"|(?P<either>(?<![\w.,])\d{1,3}(?:\u00a0\d{3})+(?!\d)|(?<![A-Za-z])\u00ad|\u00ad(?![A-Za-z]))"
    r"|(?P<soft>\u00ad)|(?P<char>[^\x00-\x7f])",
    re.ASCII,
)
_POINT = "it can be a point or a product: write `.` or `x`"
_PARTS = "between digits it can part two numbers or group one: write a space, or nothing"
_EITHER = {
    **dict.fromkeys(("\u00a0", *_THIN), _PARTS),
    "\u00ad": "it can be a hyphen or none: write `-`, or nothing",
    "\u00b7": _POINT,
    "\u2022": _POINT,
    "\u22c5": _POINT,
    "\u2026": "a range has two points: write `..`",
}
"""What could mean two things between digits, and what to write."""
_BETWEEN_DIGITS = re.compile(r"(?<![^\d])[\u00b7\u2022\u22c5\u2026](?=\d)")


@dataclass(frozen=True)
class Plain:
    """A text of plain characters; ``places`` has for each, and for the end, where it was written."""

    text: str
    places: Sequence[int]


def plain(written: str) -> Plain:
    """A text as if it were typed.

    >>> plain("conv3–64 ×2 ﬂatten").text, plain('source “a – b” # c – d').text
    ('conv3-64 x2 flatten', 'source "a – b" # c – d')
    >>> plain("claim params 138\\u2009357\\u2009544").text
    'claim params 138357544'
    """
    if written.isascii():
        return Plain(written, range(len(written) + 1))
    text, places, at = list[str](), list[int](), 0
    for piece in _PIECE.finditer(written):
        for start, stands_for in _replaced(piece):
            text += written[at:start], stands_for
            places += (*range(at, start), *[start] * len(stands_for))
            at = start + 1
    text.append(written[at:])
    return Plain("".join(text), [*places, *range(at, len(written) + 1)])


def _replaced(piece: re.Match[str]) -> Iterator[tuple[int, str]]:
    """The characters of a piece that stand for others: where, and for what."""
    match piece.lastgroup:
        case "comment":
            yield piece.start(), "#"
        case "string":
            yield piece.start(), '"'
            yield piece.end() - 1, '"'
        case "opening":
            yield piece.start(), '"'
        case "grouped" if _is_one(piece):
            yield from ((place, "") for place in range(*piece.span()) if piece.string[place] in _THIN)
        case "soft":
            yield piece.start(), ""
        case "char" if (typed := stands_for(piece[0])) is not None:
            yield piece.start(), typed


def _is_one(number: re.Match[str]) -> bool:
    """Whether digits with thin spaces between are one number: where several would be no numbers, or a figure stands."""
    first, *others = re.split(f"[{_THIN}]", number[0])
    return first.startswith("~") or all(each.startswith("0") for each in others) or _is_figure(number)


def _is_figure(number: re.Match[str]) -> bool:
    """Whether one number stands there, and never a list: in a claim, also in a row of many, behind an arrow or `=`."""
    text, at = number.string, number.start()
    line = _line_before(text, at)
    if re.search(r"[=~]$|^\s*claim\b|->", line) is not None:
        return True
    opening = text.rfind("{", 0, at)
    is_within = opening >= 0 and text.find("}", opening, at) < 0
    return is_within and re.match(r"\s*claims\b", _line_before(text, opening)) is not None


def _line_before(text: str, at: int) -> str:
    return text[text.rfind("\n", 0, at) + 1 : at]


@cache
def stands_for(char: str) -> str | None:
    """The plain characters that another stands for, if it does for any."""
    if char in _STANDS_FOR:
        return _STANDS_FOR[char]
    if unicodedata.decomposition(char).startswith(_TYPEFACES) or "ﬀ" <= char <= "ﬆ":
        found = unicodedata.normalize("NFKC", char)
        return found if found.isascii() else None
    return None


def strange(text: str) -> tuple[int, str] | None:
    """Where a text holds a character that stands for no plain one, and what to write; None if it holds none."""
    between = {match.start() for match in _BETWEEN_DIGITS.finditer(text)}
    for place, char in enumerate(text):
        if place in between or (char in _EITHER and not char.isprintable()):
            return place, _EITHER[char]
        if not char.isprintable():
            return place, "write a space, or end the line here" if char.isspace() else "remove it"
    return None


def name_of(char: str) -> str:
    """
    >>> name_of("–"), name_of("\\r")
    ('U+2013 (en dash)', 'U+000D')
    """
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X}{f' ({name})' if name else ''}"
