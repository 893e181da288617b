"""What the classes and functions of PyTorch code are, before they are called."""

from collections.abc import Mapping, Sequence

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.doing import Branch, Doing, Names
from vggdsl.language.notations.torch_code.things import Class, Function, Path, Thing


def function(doing: Doing, tree: Tree[Token], constants: Mapping[str, Thing] | None = None) -> Function:
    """A function of the code, or a method of the class that has the ``constants``."""
    seen = {**doing.names, **(constants or {})}
    return Function(str(tree.children[0]), tree, doing.at(tree.children[0]), seen=seen)


def defined(doing: Doing, tree: Tree[Token]) -> Class:
    """A class of the code. Raises ``UnreadableError`` where it isn't a plain module."""
    parts: Sequence[Branch | None] = tree.children
    name, base, body = parts
    assert isinstance(name, Token)
    assert isinstance(body, Tree)
    of = doing.value(base, {}) if base is not None else None
    if not isinstance(of, Path) or of.bare != "Module":
        at = doing.at(base if base is not None else name)
        raise UnreadableError(f"`{at.excerpt}` is no `nn.Module`: what it does isn't known", at, HELP)
    functions, constants = dict[str, Function](), Names()
    for each in body.children:
        if isinstance(each, Tree) and each.data == "function":
            functions[str(each.children[0])] = function(doing, each, constants)
        else:
            doing.statement(each, constants)
    return Class(str(name), doing.at(name), functions, constants)
