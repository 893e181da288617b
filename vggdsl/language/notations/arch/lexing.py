"""The words of a text, one behind another, whether or not a spec can be read of it: for editors.

They are told apart by the grammar's own terminals, as far as that can be done without what stands before them: which
of them `claim` is where a layer is named so, only a parser knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lark.lexer import TerminalDef

from vggdsl.language.notations.grammar import CHOICE, parser
from vggdsl.text.source import Placed, Source, Span

NEWLINE, COMMENT, STRING, UNCLOSED = "_NL", "COMMENT", "STRING", "UNCLOSED"
"""Kinds of words beside those of terminals; the last is a string that its line doesn't close."""

_BLANK = "WS"
_HERE = {_BLANK: r"[ \t\r\f\v]+", NEWLINE: r"\n", COMMENT: r"#[^\n]*", STRING: r'"[^"\n]*"', UNCLOSED: r'"[^\n]*'}
_NAMES = {
    "REF_RANGE": r"(?!\d+\.\.\d+(?![\w.-]))\w+(\.\w+)*\.\.\w+(\.\w+)*",
    "CHOSEN": r"((?<=\()(?<!\w\()|(?<=\([ \t])(?<!\w\([ \t]))[A-Za-z]\w*[ \t]*=(?!=)",
    "CHOICE": rf"((?<=[(,])|(?<=[(,]\s)){CHOICE}",
    "PARTED": r"(?=\w*[A-Za-z_])(?![xX]\d+\.\d)\w+(\.\w+)+(?![\w(:-])",
}
"""What is tried before the words with which it can begin: names of elements, `x2..3a` and `bn.1`; of choices, which
stand behind a bracket that isn't that of a call, `( pool= `; choices that a call gives, whose brace is no block's."""
SIGNS = ("COMMA", "LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE", "VBAR", "EQUALS", "COLON")
"""What nothing else begins with: that is tried first, since most words are short."""
_NO_WORDS = ("KIND", "BRACKETED", "NESTED", "ASSIGNED", "SPACED", "REF_RANGE", "CHOSEN", "CHOICE", *_HERE)
"""Terminals of what is known by what stands before it, of code with all in its brackets, and what is said here."""


@dataclass(frozen=True)
class Lexeme:
    """A word, and the name of the terminal that it is: ``CONV``, ``OPTION``, ``LPAR``."""

    kind: str
    word: Placed

    def __repr__(self) -> str:
        return f"Lexeme({self.kind}, {str(self.word)!r})"

    @property
    def span(self) -> Span:
        return self.word.span


def lexemes(source: Source) -> Iterator[Lexeme]:
    """The words of a text, comments and the ends of lines among them; what no terminal has is left out.

    >>> list(lexemes(Source("a.arch", "3a: conv3-64 pad=0 # wide")))[1:]
    [Lexeme(CONV, 'conv3-64'), Lexeme(OPTION, 'pad=0'), Lexeme(COMMENT, '# wide')]
    """
    for match in _pattern().finditer(source.text):
        kind = match.lastgroup
        assert kind is not None
        if kind != _BLANK:
            yield Lexeme("REF" if kind == "PARTED" else kind, Placed(match[0], Span(source, *match.span())))


@cache
def _pattern() -> re.Pattern[str]:
    """One expression for all of them, in the order in which Lark tries terminals."""
    terminals = [each for each in parser("arch").terminals if each.name not in _NO_WORDS]
    said = [f"(?P<{name}>{pattern})" for name, pattern in (_HERE | _NAMES).items()]
    said += [f"(?P<{each.name}>{each.pattern.to_regexp()})" for each in sorted(terminals, key=_rank)]
    return re.compile("|".join(said), re.ASCII)


def _rank(terminal: TerminalDef) -> tuple[bool, int, int, int, str]:
    pattern = terminal.pattern
    return terminal.name not in SIGNS, -terminal.priority, -pattern.max_width, -len(pattern.value), terminal.name
