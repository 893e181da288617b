"""Lark parsers from the grammar files."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Token, UnexpectedInput
from lark.lark import PostLex
from lark.lexer import PatternRE, TerminalDef

from vggdsl.language.dictionary import FORMS, words_of
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.text import caches
from vggdsl.text.errors import InputError
from vggdsl.text.files import replacing
from vggdsl.text.resources import folder

_INSIDE = r"[^{}()\[\]#\"\n]*"
CHOICE = rf"\{{({_INSIDE}(\||\.\.){_INSIDE}|[\w.%=]*)\}}"
"""What a spec has in the place of a number that is left open."""
_NEVER = "(?!)"


class Newlines(PostLex):
    """Drops newlines that end no line: inside ( ) and [ ], at the start, after another newline."""

    always_accept = ("_NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth, after_newline = 0, True
        for token in stream:
            is_newline = token.type == "_NL"
            if is_newline and (depth > 0 or after_newline):
                continue
            depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
            after_newline = is_newline
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

    Building takes 0.3 s, 1.6 s where ``interegular`` is installed, reading its tables 0.01 s. A wheel brings them, for
    the version of Lark that it was made with; else they are kept in the user's cache folder.

    Several threads may use it at once: a parse has its state to itself, as the filters of words here have, and what
    Lark makes of the tables when it first needs it is the same, whichever thread makes it.
    """
    made_of = _made_of(notation)
    if (found := _read_tables(folder("grammars") / tables_file(notation), made_of)) is not None:
        return found
    kept = caches.trusted(tables_file(notation))
    if kept is not None and (found := _read_tables(kept, made_of)) is not None:
        return found
    built = build(notation)
    if kept is not None:
        with suppress(InputError), replacing(kept) as part:  # a folder that is full is no harm
            part.write_bytes(_tables(built, made_of))
    return built


def tables_file(notation: str) -> str:
    """The name of the file that holds a parser's tables."""
    return f"{notation}.tables"


def tables(notation: str) -> bytes:
    """What such a file holds."""
    return _tables(build(notation), _made_of(notation))


def all_tables() -> dict[str, bytes]:
    """Of every grammar that a parser is made of, by the names of their files."""
    return {tables_file(notation): tables(notation) for notation in _grammars()}


def _grammars() -> list[str]:
    """Those that a parser is made of."""
    files = sorted(folder("grammars").glob("*.lark"))
    return [file.stem for file in files if "start:" in file.read_text(encoding="utf-8")]


def warm_up() -> None:
    """Makes all parsers, for whoever will read any text: seconds where no tables are kept yet, else a moment."""
    for notation in _grammars():
        parser(notation)


def _tables(built: Lark, made_of: bytes) -> bytes:
    """A line that tells whether tables are whole, and of what they were made; the tables, as Lark saves them."""
    content = io.BytesIO()
    built.save(content)
    return _seal(content.getvalue(), made_of) + content.getvalue()


def _read_tables(file: Path, made_of: bytes) -> Lark | None:
    """The parser of a file; None if there is none, or of other grammars or words, or by another Lark."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    seal, tables = content[:_SEAL], content[_SEAL:]
    return Lark.load(io.BytesIO(tables)) if seal == _seal(tables, made_of) else None


def _seal(tables: bytes, made_of: bytes) -> bytes:
    return hashlib.sha256(made_of + tables).hexdigest().encode() + b"\n"


_SEAL = len(_seal(b"", b""))


def _made_of(notation: str) -> bytes:
    """All that tables depend on: grammars import each other."""
    grammars = sorted(folder("grammars").glob("*.lark"))
    texts = [lark.__version__, notation, _words(), *(file.read_text(encoding="utf-8") for file in grammars)]
    return "\0".join(texts).encode()


def _words() -> str:
    """Those of the dictionary that terminals are filled with, and what stands for numbers."""
    return " ".join(filter(None, (CHOICE, *map(words_of, (*FORMS, "KIND")))))


def stranger(text: Excerpt, error: UnexpectedInput, word: str = r"\S*") -> Excerpt:
    """The word at which a grammar stopped, or a character where none stands; at the end the last one that it read."""
    at = min(error.pos_in_stream or 0, max(0, len(text) - 1))
    found = re.compile(word).match(text.text, at)
    return text[at : max(at + 1, found.end() if found else 0)]


def build(notation: str, **options: Any) -> Lark:
    """``options`` are Lark's."""
    grammars = folder("grammars")
    text = (grammars / f"{notation}.lark").read_text(encoding="utf-8")
    has_blocks = "_INDENT" in text
    return Lark(
        text,
        parser="lalr",
        import_paths=[str(grammars)],
        propagate_positions=True,
        postlex=Blocks() if has_blocks else Newlines(),
        lexer="basic" if has_blocks else "contextual",  # also of what stands in lines that no rule reads
        g_regex_flags=re.ASCII,  # no full-width digits, no dotless i
        edit_terminals=partial(_fill_in, choice=CHOICE if notation == "arch" else _NEVER),
        **options,
    )


def _fill_in(terminal: TerminalDef, choice: str) -> None:
    """Words in a terminal that has but their form, and what may stand for a number in it."""
    pattern = terminal.pattern.value.replace("WORDS", words_of(terminal.name) or "WORDS")
    pattern = pattern.replace("CHOICE", choice)
    if pattern != terminal.pattern.value:
        terminal.pattern = PatternRE(pattern, terminal.pattern.flags)
