"""The kinds of words that the editor's room asks for, which are names of the grammar's terminals."""

import ast
import re
from pathlib import Path

import vggdsl.editor
from vggdsl.language.notations.arch.lexing import _pattern

(ROOM,) = vggdsl.editor.__path__


def test_each_is_one_that_a_word_can_be_of() -> None:
    asked = {
        node.value
        for file in Path(ROOM).glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and re.fullmatch(r"_?[A-Z]{2}[A-Z_]*", str(node.value))
    }
    assert len(asked) > 40
    assert asked - {*_pattern().groupindex} == set()
