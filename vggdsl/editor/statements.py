"""The statements of a text that is being written: which words belong together, and in which section they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from vggdsl.language.notations import Lexeme

Section = Literal["document", "body", "train", "claims", "measured"]
"""What braces hold: layers in those of a block or an auxiliary classifier; without braces, the document."""

_SECTIONS: dict[str, Section] = {"TRAIN": "train", "CLAIMS": "claims", "MEASURED": "measured"}
OUTERMOST = ("SOURCE", "BLOCK", "USE", "EXTENDS", "CLAIM", "CLAIMS", "TRAIN", "MEASURED")
"""What begins a line in no bracket: before it those are closed that are still being written."""
DIRECTIVES = (*OUTERMOST, "INPUT", "AFTER", "DEFAULT", "REMOVE", "REPLACE", "INSERT_AFTER")
"""What begins a statement that is no row of layers."""
BRACKETS = {"LPAR": "RPAR", "LSQB": "RSQB"}
"""Those over whose lines a statement goes on; each with what closes it."""


@dataclass(eq=False)
class Statement:
    """The words of a line, or of several that a bracket or a comma joins; those in its braces are statements apart."""

    words: list[Lexeme] = field(default_factory=list)
    within: "Statement | None" = None
    """The one in whose braces it stands."""

    @property
    def head(self) -> str:
        """The kind of its first word."""
        return self.words[0].kind if self.words else ""

    @property
    def section(self) -> Section:
        return "document" if self.within is None else _SECTIONS.get(self.within.head, "body")

    @property
    def block(self) -> "Statement | None":
        """The block in which it stands."""
        around = self.within
        while around is not None and around.head != "BLOCK":
            around = around.within
        return around


@dataclass
class Statements:
    """Those of a text in order, the one that would go on behind its last word, and the braces that are open there."""

    all: list[Statement] = field(default_factory=list)
    last: Statement | None = None
    within: Statement | None = None

    @property
    def open(self) -> Statement:
        """Where a word would stand that is written at the end."""
        return self.last if self.last is not None else Statement([], self.within)


def statements(words: Iterable[Lexeme]) -> Statements:
    """The statements that words make. Nothing is refused: a bracket that has no partner is left alone."""
    found, opened = Statements(), list[tuple[str, Statement]]()
    line_start, previous = 0, ""
    for word in words:
        kind = word.kind
        if kind == "COMMENT":
            continue
        if kind == "_NL":
            line_start = word.span.end
            if previous != "COMMA" and not (opened and opened[-1][0] != "LBRACE"):
                found.last = None
            continue
        if kind in OUTERMOST and word.span.start == line_start and opened:
            opened.clear()
            found.last = found.within = None
        previous = kind
        if kind == "RBRACE":
            _close(found, opened, word)
            continue
        if found.last is None:
            found.last = Statement([], found.within)
            found.all.append(found.last)
        found.last.words.append(word)
        if kind == "LBRACE":
            opened.append((kind, found.last))
            found.within, found.last = found.last, None
        elif kind in BRACKETS:
            opened.append((kind, found.last))
        elif opened and kind in ("RPAR", "RSQB") and opened[-1][0] in BRACKETS:
            opened.pop()
    return found


def _close(found: Statements, opened: list[tuple[str, Statement]], brace: Lexeme) -> None:
    while opened and opened[-1][0] != "LBRACE":
        opened.pop()
    if opened:
        _, found.last = opened.pop()
        found.within = found.last.within
    elif found.last is None:
        found.last = Statement([], found.within)
        found.all.append(found.last)
    found.last.words.append(brace)


def innermost(words: Sequence[Lexeme]) -> int | None:
    """The place of the last round or square bracket among words that isn't closed there."""
    opened = list[int]()
    for place, word in enumerate(words):
        if word.kind in BRACKETS:
            opened.append(place)
        elif opened and word.kind in BRACKETS.values():
            opened.pop()
    return opened[-1] if opened else None
