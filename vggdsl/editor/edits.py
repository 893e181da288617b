"""Edits of texts, as an editor makes them."""

from difflib import SequenceMatcher
from itertools import accumulate

from lsprotocol import types

from vggdsl.editor.document import Document
from vggdsl.editor.positions import Lines
from vggdsl.language import notations

_MOST_LINES = 1000
"""Of a text whose lines are compared: that takes time by their square. Of a longer one what differs is one piece."""

_MARK = "\ufeff"
"""Of UTF-8, before a text that some editor saved; who has it keeps it."""


def text_edits(document: Document, text: str) -> list[types.TextEdit]:
    """What makes another text of a document, line by line: what stays as it is keeps its cursors and folds."""
    text = as_ended(text, document.text)
    if document.text.startswith(_MARK) and not text.startswith(_MARK):
        text = _MARK + text
    was, now = document.text.splitlines(keepends=True), text.splitlines(keepends=True)
    starts = list(accumulate(map(len, was), initial=0))
    return [
        types.TextEdit(_range(document.lines, starts[first], starts[last]), "".join(now[other:other_last]))
        for first, last, other, other_last in _differences(was, now)
    ]


def as_ended(text: str, written: str) -> str:
    """Some text with its lines ended as those are among which it is to stand."""
    return text.replace("\n", "\r\n") if "\r\n" in written and "\r" not in text else text


def _differences(was: list[str], now: list[str]) -> list[tuple[int, int, int, int]]:
    head = 0
    while head < min(len(was), len(now)) and was[head] == now[head]:
        head += 1
    tail = 0
    while tail < min(len(was), len(now)) - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    inner, other = was[head : len(was) - tail], now[head : len(now) - tail]
    if not inner and not other:
        return []
    if max(len(inner), len(other)) > _MOST_LINES:
        return [(head, len(was) - tail, head, len(now) - tail)]
    found = SequenceMatcher(None, inner, other, autojunk=False).get_opcodes()
    return [(a + head, b + head, c + head, d + head) for kind, a, b, c, d in found if kind != "equal"]


def _range(lines: Lines, start: int, end: int) -> types.Range:
    return types.Range(types.Position(*lines.position(start)), types.Position(*lines.position(end)))


def formatted(document: Document) -> list[types.TextEdit] | None:
    """What brings a text into the one form, as ``vggdsl fmt`` does; None of one that can't be read."""
    return text_edits(document, notations.write(document.legible)) if document.is_legible else None
