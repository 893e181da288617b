"""The lines of PyTorch code by its grammar; those that Python reads and the grammar doesn't are kept as words."""

import ast
import warnings
from collections.abc import Sequence
from copy import copy
from typing import Any

from lark import Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_parser_state import ParserState

from vggdsl.language.notations.calls import not_too_deep, stranger
from vggdsl.language.notations.grammar import parser
from vggdsl.text.errors import Diagnostic, ParseError
from vggdsl.text.source import Source

_WHAT = "PyTorch code"


class Unread(Token):
    """A line that no rule reads, with the block in it, and what is said where it is come to."""

    why: Diagnostic


def tree_of(source: Source) -> tuple[Tree[Token], ast.Module | None]:
    """A text's lines, and the same by Python where it reads them. Raises ``ParseError`` V115 where both don't."""
    not_too_deep(source, _WHAT)
    python = _by_python(source.text)
    try:
        return parser("torch_code").parse(source.text), python
    except UnexpectedInput as error:
        why = ParseError(stranger(source, error, _WHAT))
    if python is None:
        raise why
    try:
        return _with_unread(source), python
    except UnexpectedInput:
        raise why from None


def _by_python(text: str) -> ast.Module | None:
    """Parsed, and not run; None where Python refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _with_unread(source: Source) -> Tree[Token]:
    begun = parser("torch_code").parse_interactive(source.text)
    tokens = [*parser("torch_code").lex(source.text)]
    lines = begun.parser_state
    tried = lines.copy(deepcopy_values=False)
    tried.parse_conf = copy(tried.parse_conf)
    tried.parse_conf.callbacks = {}  # of what is tried, nothing is made
    begin = 0
    while begin < len(tokens):
        end = _end(tokens, begin)
        found, line = tokens[begin:end], tried.copy(deepcopy_values=False)
        try:
            _feed(line, found)
        except UnexpectedToken as error:
            end = _behind_block(tokens, end)
            found = _unread(source, tokens[begin:end], error)
            line = tried.copy(deepcopy_values=False)
            _feed(line, found)
        tried, begin = line, end
        _feed(lines, found)
    tree = lines.feed_token(Token.new_borrow_pos("$END", "", tokens[-1]), is_end=True)
    assert isinstance(tree, Tree)
    return tree


def _feed(lines: "ParserState[Any]", tokens: Sequence[Token]) -> None:
    for token in tokens:
        lines.feed_token(token)


_BLOCKS = ("_INDENT", "_DEDENT")


def _end(tokens: Sequence[Token], begin: int) -> int:
    """Behind the line, or the begin or end of a block, that begins there."""
    if tokens[begin].type in _BLOCKS:
        return begin + 1
    return next((place + 1 for place in range(begin, len(tokens)) if tokens[place].type == "_NL"), len(tokens))


def _behind_block(tokens: Sequence[Token], begin: int) -> int:
    """Behind the block that begins there, if one does."""
    depth, end = 0, begin
    while end < len(tokens) and (depth or (end == begin and tokens[end].type == "_INDENT")):
        depth += (tokens[end].type == "_INDENT") - (tokens[end].type == "_DEDENT")
        end += 1
    return end


def _unread(source: Source, tokens: Sequence[Token], error: UnexpectedToken) -> list[Token]:
    """The line as one word; what is in the way of none, such as the end of a block, is refused."""
    first, *rest = tokens
    words = [each for each in tokens if each.type not in ("_NL", *_BLOCKS)]
    if not rest or not words:
        raise error
    decorates = first.type == "_AT"
    begin = words[decorates if len(words) > 1 else 0]
    end = words[-1]
    text = source.text[begin.start_pos : end.end_pos]
    unread = Unread(
        "UNREAD", text, begin.start_pos, begin.line, begin.column, end.end_line, end.end_column, end.end_pos
    )
    unread.why = stranger(source, error, _WHAT)
    return [*([first] if decorates else []), unread, Token.new_borrow_pos("_NL", "", end)]
