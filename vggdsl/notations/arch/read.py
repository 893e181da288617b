"""Text -> syntax. All that is wrong with the text is reported at once, as far as it can be told."""

from lark import Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.errors import Diagnostic, Label, ParseError
from vggdsl.notations.arch.comments import attach
from vggdsl.notations.arch.tree import Builder
from vggdsl.notations.arch.words import misplaced, unknown_words
from vggdsl.notations.grammar import parser
from vggdsl.source import Source, Span
from vggdsl.syntax import Document

DEEPEST = 40
"""Brackets inside brackets; deeper ones are no network."""

_MOST_ERRORS = 10
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def parse(source: Source) -> Document:
    """The tree of a text.

    Raises ``ParseError`` with every unknown word and up to ten misplaced ones.
    """
    _check_brackets(source)
    text, found = source.text, list[Diagnostic]()
    while True:
        try:
            tree: Tree[Token] = parser("arch").parse(text + "\n")
            break
        except UnexpectedInput as error:
            diagnostic, text = _recover(source, text, error)
            found.append(diagnostic)
            if len(found) == _MOST_ERRORS:
                raise ParseError(found) from None
    builder = Builder(source)
    contents = builder.transform(tree)
    found += builder.found
    found += unknown_words(builder.strangers, parser("arch"))
    if found:
        found.sort(key=lambda d: d.labels[0].span.start)
        raise ParseError(found)
    return Document(attach(contents, source))


def _check_brackets(source: Source) -> None:
    """Each bracket meets its partner: told first, since what follows one that doesn't is noise."""
    open_: list[int] = []
    text, i = source.text, 0
    while i < len(text):
        c = text[i]
        if c == "#":
            i = _end_of_line(text, i)
        elif c == '"':
            closing = text.find('"', i + 1, _end_of_line(text, i))
            if closing < 0:
                end = _end_of_line(text, i)
                label = Label(Span(source, i, end), "opened here")
                raise ParseError(Diagnostic("V103", "a string that never ends", (label,), 'add `"`'))
            i = closing
        elif c in _PAIRS:
            open_.append(i)
            if len(open_) > DEEPEST:
                label = Label(Span(source, i, i + 1), "too deep")
                raise ParseError(Diagnostic("V109", f"more than {DEEPEST} brackets inside each other", (label,)))
        elif c in _PAIRS.values():
            here = Label(Span(source, i, i + 1), f"this `{c}`")
            if not open_:
                raise ParseError(Diagnostic("V103", f"`{c}` closes nothing", (here,), f"remove the `{c}`"))
            opener = open_.pop()
            if _PAIRS[text[opener]] != c:
                there = Label(Span(source, opener, opener + 1), "opened here", primary=False)
                message = f"`{text[opener]}` is closed by `{c}`"
                raise ParseError(Diagnostic("V103", message, (here, there), f"write `{_PAIRS[text[opener]]}`"))
        i += 1
    if open_:
        label = Label(Span(source, open_[-1], open_[-1] + 1), "opened here")
        closer = _PAIRS[text[open_[-1]]]
        raise ParseError(Diagnostic("V103", f"`{text[open_[-1]]}` is never closed", (label,), f"add `{closer}`"))


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _recover(source: Source, text: str, error: UnexpectedInput) -> tuple[Diagnostic, str]:
    """What is wrong, and the text with the wrong line blanked, so that the rest can be read."""
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    width = 1
    if isinstance(error, UnexpectedToken):
        token = error.token
        at = len(text) if token.type == "$END" else (token.start_pos or 0)
        width = max(1, len(token.rstrip("\n"))) if token.type not in ("_NL", "$END") else 1
    at = min(at, len(source.text))
    start = text.rfind("\n", 0, at) + 1
    end = _end_of_line(text, at)
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in _PAIRS) - (text[i] in _PAIRS.values())
        if i >= end and depth <= 0:
            end = max(end, i + 1 if text[i] in _PAIRS.values() else i)
            break
    blank = "".join("\n" if c == "\n" else " " for c in text[start:end])
    diagnostic = misplaced(Span(source, at, at + width), error, text[start:at])
    return diagnostic, text[:start] + blank + text[end:]
