"""What stands on a page of a PDF, as words: those of one line, what touches, and what tall brackets hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any, Literal, NamedTuple

from pdfplumber.page import Page

Word = dict[str, Any]
"""pdfplumber's: text, x0, x1, top, bottom, size, fontname."""

_TOUCHING = 0.1
"""Of the size of letters: a narrower gap parts two fonts of one word, as `1`, `.` and `8` in TeX's mathematics."""
_SMALL = 0.85
"""Of the size of what stands before it, at most, a raised number is an exponent."""
_RAISED = 0.15
"""Of the size of letters."""
_BOLD = ("bold", "black", "heavy", "cmbx", "-bd", "semibold", "demi")
"""What names of fonts that stand out have in them, in small letters."""

_Part = Literal["whole", "top", "middle", "bottom"]


class _Piece(NamedTuple):
    """Of a tall bracket: which side, which part, and of how many sizes of its font it goes down from where it hangs."""

    is_left: bool
    part: _Part
    depth: float


_EXTENSIONS = ("cmex", "lmmathextension")
"""Names of fonts, in small letters, whose signs hang from a line of their own, as TeX's do."""
_DEPTHS = {2: 1.16, 104: 1.76, 20: 2.36, 34: 2.96}
"""Of left brackets in such a font, by their numbers; the right ones' are one more. Source: cmex10.tfm."""
_PIECES: Mapping[str, _Piece] = {
    **{f"(cid:{n + i})": _Piece(not i, "whole", depth) for n, depth in _DEPTHS.items() for i in (0, 1)},
    **{sign: _Piece(True, "top", 1.76) for sign in "\uf8ee⎡"},
    **{sign: _Piece(True, "middle", 0.6) for sign in "\uf8ef⎢"},
    **{sign: _Piece(True, "bottom", 1.76) for sign in "\uf8f0⎣"},
    **{sign: _Piece(False, "top", 1.76) for sign in "\uf8f9⎤"},
    **{sign: _Piece(False, "middle", 0.6) for sign in "\uf8fa⎥"},
    **{sign: _Piece(False, "bottom", 1.76) for sign in "\uf8fb⎦"},
}


class _Bracket(NamedTuple):
    is_left: bool
    x0: float
    x1: float
    top: float
    bottom: float


def words_of(page: Page) -> list[Word]:
    """The words of a page; what stands between two tall brackets is one, with semicolons between its lines, in the
    middle of their height."""
    found = [(char, piece) for char in page.chars if (piece := _piece(char)) is not None]
    if not found:
        return _words(page)
    taken = {id(char) for char, _ in found}
    words = _words(page.filter(lambda each: id(each) not in taken))
    for left, right in _pairs(list(_brackets(found, page.height))):
        words = _held(words, left, right)
    return words


def _words(page: Page) -> list[Word]:
    return page.extract_words(x_tolerance=1.5, y_tolerance=2, extra_attrs=["fontname", "size"])


def _hangs(char: Mapping[str, Any]) -> bool:
    return any(name in char["fontname"].lower() for name in _EXTENSIONS)


def _piece(char: Mapping[str, Any]) -> _Piece | None:
    piece = _PIECES.get(char["text"])
    return piece if piece is not None and (piece.part != "whole" or _hangs(char)) else None


def _brackets(found: Sequence[tuple[Mapping[str, Any], _Piece]], height: float) -> Iterator[_Bracket]:
    """Whole ones, and those whose pieces stand under each other."""
    begun: list[_Bracket] = []
    for char, piece in sorted(found, key=lambda each: -each[0]["matrix"][5]):
        top, bottom = char["top"], char["bottom"]
        if _hangs(char):
            top = height - char["matrix"][5]
            bottom = top + piece.depth * char["size"]
        bracket = _Bracket(piece.is_left, char["x0"], char["x1"], top, bottom)
        if piece.part == "whole":
            yield bracket
        elif piece.part == "top":
            begun.append(bracket)
        else:
            over = [b for b in begun if b.is_left == piece.is_left and abs(b.x0 - bracket.x0) < 1]
            for each in over[-1:]:
                begun.remove(each)
                whole = each._replace(bottom=bottom)
                if piece.part == "bottom":
                    yield whole
                else:
                    begun.append(whole)


def _pairs(brackets: Sequence[_Bracket]) -> Iterator[tuple[_Bracket, _Bracket]]:
    """Each left one with the nearest right one beside it."""
    for left in brackets:
        middle = (left.top + left.bottom) / 2
        right = [b for b in brackets if not b.is_left and b.x0 >= left.x0 and b.top < middle < b.bottom]
        if left.is_left and right:
            yield left, min(right, key=lambda each: each.x0)


def _held(words: Sequence[Word], left: _Bracket, right: _Bracket) -> list[Word]:
    """Words, of which those between two brackets are one."""
    inside, others = list[Word](), list[Word]()
    for word in words:
        across, down = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
        is_inside = left.x0 < across < right.x1 and left.top < down < left.bottom
        (inside if is_inside else others).append(word)
    if not inside:
        return others
    text = "; ".join(spelled(line) for line in lines_of(inside))
    size, middle = median(word["size"] for word in inside), (left.top + left.bottom) / 2
    place = {"x0": left.x0, "x1": right.x1, "top": middle - size / 2, "bottom": middle + size / 2}
    return [*others, {**inside[0], **place, "size": size, "text": f"[{text}]"}]


def lines_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words that stand on one line; a raised or smaller one, as of a fraction or an exponent, with those beside it."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w["top"] + w["bottom"]) / 2):
        middle = (word["top"] + word["bottom"]) / 2
        if lines:
            last = lines[-1]
            centre = median((w["top"] + w["bottom"]) / 2 for w in last)
            if middle - centre < 0.45 * max(word["size"], median(w["size"] for w in last)):
                last.append(word)
                continue
        lines.append([word])
    return [sorted(line, key=lambda w: w["x0"]) for line in lines]


def spelled(words: Sequence[Word]) -> str:
    """Words of a line as text: no blank between those that touch, what is bold in ``<b>``, `^` before an exponent.

    >>> at = {"1": (0, 5, 0, 10), ".": (5, 8, 0, 10), "8": (8, 13, 0, 10), "x": (15, 20, 0, 10), "10": (22, 32, 0, 10)}
    >>> at |= {"9": (32, 36, -2, 5)}
    >>> keys = "x0", "x1", "top", "bottom"
    >>> spelled([dict(zip(keys, at), text=text, size=at[3] - at[2], fontname="") for text, at in at.items()])
    '1.8 x 10^9'
    """
    text = ""
    for before, word in zip([None, *words], words, strict=False):
        plain = escape(word["text"], quote=False) if "<" in word["text"] else word["text"]
        is_bold = any(mark in word["fontname"].lower() for mark in _BOLD)
        text += _between(before, word) + (f"<b>{plain}</b>" if is_bold else plain)
    return text


def _between(before: Word | None, word: Word) -> str:
    if before is None:
        return ""
    if word["x0"] - before["x1"] >= _TOUCHING * before["size"]:
        return " "
    up = (before["top"] + before["bottom"] - word["top"] - word["bottom"]) / 2
    is_raised = word["size"] < _SMALL * before["size"] and up > _RAISED * before["size"]
    return "^" if is_raised and re.fullmatch(r"\d+", word["text"]) and before["text"][-1:].isdigit() else ""
