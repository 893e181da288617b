"""Lark parsers from the grammar files."""

import os
import re
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.lark import PostLex
from lark.lexer import PatternRE, TerminalDef

from vggdsl.language.dictionary import FORMS, words_of
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


@cache
def parser(notation: str) -> Lark:
    """The LALR parser of ``grammars/<notation>.lark``, with the words of the dictionary."""
    return build(notation, cache=_cache_file(notation) or False)


def build(notation: str, **options: Any) -> Lark:
    """``options`` are Lark's."""
    grammars = folder("grammars")
    text = (grammars / f"{notation}.lark").read_text(encoding="utf-8")
    words = " ".join(filter(None, map(words_of, (*FORMS, "KIND"))))
    return Lark(
        f"{text}\n// {words}\n",  # so that what is kept of a grammar is of no use when words have changed
        parser="lalr",
        import_paths=[str(grammars)],
        propagate_positions=True,
        postlex=Newlines(),
        g_regex_flags=re.ASCII,  # no full-width digits, no dotless i
        edit_terminals=_fill_in,
        **options,
    )


def _fill_in(terminal: TerminalDef) -> None:
    """Words in a terminal that has but their form."""
    words = words_of(terminal.name)
    if words is not None:
        terminal.pattern = PatternRE(terminal.pattern.value.replace("WORDS", words), terminal.pattern.flags)


def _cache_file(notation: str) -> str | None:
    """Where the built parser is kept, in a folder that only the user can write.

    Building takes 0.6 s where ``interegular`` is installed, reading it back 0.01 s.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        place = (Path(base) if base else Path.home() / ".cache") / "vggdsl"
        if not place.is_absolute():
            return None
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = place / f"{notation}.lark-cache"
        states = [place.stat(), *([file.lstat()] if file.is_symlink() or file.exists() else [])]
    except (OSError, RuntimeError):  # no home, or none that can be written
        return None
    # Lark keeps a pickle: one that somebody else could have put there isn't read.
    if hasattr(os, "getuid") and (any(s.st_uid != os.getuid() for s in states) or states[0].st_mode & 0o022):
        return None
    if len(states) > 1 and not stat.S_ISREG(states[1].st_mode):
        return None
    return str(file) if os.access(place, os.W_OK) else None
