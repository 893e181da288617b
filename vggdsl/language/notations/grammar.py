"""Lark parsers from the grammar files."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lark import Lark, Token, UnexpectedInput
from lark.lark import PostLex
from lark.lexer import PatternRE, TerminalDef

from vggdsl.language.dictionary import FORMS, words_of
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.text import caches
from vggdsl.text.resources import folder


class Newlines(PostLex):
    """Drops newlines that end no line: inside ( ) and [ ], at the start, after another newline."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth, after_newline = 0, True
        for token in stream:
            if token.type in ("LPAR", "LSQB"):
                depth += 1
            elif token.type in ("RPAR", "RSQB"):
                depth -= 1
            if token.type == "_NL" and (depth > 0 or after_newline):
                continue
            after_newline = token.type == "_NL"
            yield token


class Blocks(PostLex):
    """Tells indented blocks of lines: a newline in brackets or before the first word ends none.

    A column is that of a line's first word, so that the prompts before it count like blanks.
    """

    always_accept = ("_NL", "OTHER")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth, columns, token, column = 0, list[int](), None, 0
        for token in stream:
            if token.type != "_NL":
                columns = columns or [token.column or 1]
                yield from _ended(columns, column or columns[-1], token)
                depth += (token.type in _OPENING) - (token.type in _CLOSING)
                column = 0
                yield token
            elif columns and not depth:
                yield token
                column = token.end_column or 1
                if column > columns[-1] and not {"#", "`"} & {*token.rpartition("\n")[2]}:  # behind which the text ends
                    columns.append(column)
                    yield Token.new_borrow_pos("_INDENT", "", token)
        if token is not None and columns:
            if token.type != "_NL":
                yield Token.new_borrow_pos("_NL", "", token)
            yield from _ended(columns, columns[0], token)


def _ended(columns: list[int], column: int, token: Token) -> Iterator[Token]:
    while column < columns[-1] and len(columns) > 1:
        columns.pop()
        yield Token.new_borrow_pos("_DEDENT", "", token)
    if column != columns[-1]:
        yield Token.new_borrow_pos("_AMISS", "", token)


_OPENING = ("_OPEN", "_OPEN_LIST", "_OPEN_DICT")
_CLOSING = ("_CLOSE", "_CLOSE_LIST", "_CLOSE_DICT")


@cache
def parser(notation: str) -> Lark:
    """The LALR parser of ``grammars/<notation>.lark``, with the words of the dictionary.

    Building takes 0.3 s, 1.6 s where ``interegular`` is installed, reading it back 0.01 s.
    """
    kept = caches.trusted(f"{notation}.lark-cache")
    return build(notation, cache=str(kept) if kept else False)


def stranger(text: Excerpt, error: UnexpectedInput, word: str = r"\S*") -> Excerpt:
    """The word at which a grammar stopped, or a character where none stands; at the end the last one that it read."""
    at = min(error.pos_in_stream or 0, max(0, len(text) - 1))
    found = re.compile(word).match(text.text, at)
    return text[at : max(at + 1, found.end() if found else 0)]


def build(notation: str, **options: Any) -> Lark:
    """``options`` are Lark's."""
    grammars = folder("grammars")
    text = (grammars / f"{notation}.lark").read_text(encoding="utf-8")
    words = " ".join(filter(None, map(words_of, (*FORMS, "KIND"))))
    has_blocks = "_INDENT" in text
    return Lark(
        f"{text}\n// {words}\n",  # so that what is kept of a grammar is of no use when words have changed
        parser="lalr",
        import_paths=[str(grammars)],
        propagate_positions=True,
        postlex=Blocks() if has_blocks else Newlines(),
        lexer="basic" if has_blocks else "contextual",  # also of what stands in lines that no rule reads
        g_regex_flags=re.ASCII,  # no full-width digits, no dotless i
        edit_terminals=_fill_in,
        **options,
    )


def _fill_in(terminal: TerminalDef) -> None:
    """Words in a terminal that has but their form."""
    words = words_of(terminal.name)
    if words is not None:
        terminal.pattern = PatternRE(terminal.pattern.value.replace("WORDS", words), terminal.pattern.flags)
