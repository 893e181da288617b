"""PyTorch code: classes whose ``forward`` is of straight lines, and ``nn.Sequential``."""

import re
from collections.abc import Iterator, Sequence

from lark import Token, Tree

from vggdsl.language.notations.calls import tree_of
from vggdsl.language.notations.code import is_code
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.torch_code.defined import defined, function
from vggdsl.language.notations.torch_code.doing import OF_NETWORKS, Doing, Names
from vggdsl.language.notations.torch_code.functions import Given
from vggdsl.language.notations.torch_code.things import Class, Layer, Made, Module, Row, Thing, inner_of, layers_of
from vggdsl.language.notations.torch_image import put, said_input
from vggdsl.language.notations.torch_layers import Network, Reader, Tensor
from vggdsl.text.source import Source, Span

_LAYER = r"(?:Conv2d|Linear|MaxPool2d)"
_CLASS = re.compile(r"^[ \t]*(?:>>>[ \t]*)?class[ \t]+\w+[ \t]*\((?:\w+\.)*\w*Module\)[ \t]*:", re.MULTILINE)


def recognises(source: Source) -> bool:
    """By code that calls `Sequential`, or has a class of `nn.Module`, and layers as PyTorch names them."""
    if _CLASS.search(source.text) is not None:
        return is_code(source, r"class[ \t]+\w+", _LAYER)
    return is_code(source, "Sequential", _LAYER)


def read(source: Source) -> Sequence[Reading]:
    """A spec a network: each that is made and is no part of another, or the classes that others don't use."""
    doing = Doing(source, {})
    try:
        with doing.not_too_deep():
            found = list(_networks(doing, tree_of(source, "torch_code", "PyTorch code")))
    except UnreadableError as error:
        draft = Draft(source)
        draft.refuse(error.message, error.at, error.help)
        return [draft.reading()]
    readings = list[Reading]()
    for name, root in found:
        kind = root.of.name if isinstance(root, Made) else ""
        draft = Draft(source, name if len(found) > 1 else kind)
        put(draft, _network(source, root, doing.names), said_input(source)[0])
        readings.append(draft.reading())
    return readings


def _network(source: Source, root: Module, names: Names) -> Network:
    def does(reader: Reader, _: Tensor) -> Tensor:
        doing = Doing(source, names, reader)
        with doing.not_too_deep():
            return doing.network(root)

    name = root.of.name if isinstance(root, Made) else "Sequential"
    return Network(name, root.at, does)  # a class of its own is none that was published, whatever its name


def _networks(doing: Doing, tree: Tree[Token]) -> Iterator[tuple[str, Module]]:
    """The networks of a code, by their names. Raises ``UnreadableError``."""
    alone = list[Thing | None]()
    for each in tree.children:
        match each:
            case Tree("class"):
                doing.names[str(each.children[0])] = defined(doing, each)
            case Tree("function"):
                doing.names[str(each.children[0])] = function(doing, each)
            case _:
                alone.append(doing.statement(each, doing.names))
    made = {thing: name for name, thing in doing.names.items() if isinstance(thing, Row | Made)}
    made |= {thing: "" for thing in alone if isinstance(thing, Row | Made) and thing not in made}
    if made:
        parts = {part for thing in made for part in inner_of(thing)}
        layers = {layer for thing in made for _, layer in layers_of(thing)}
        for thing in (*doing.names.values(), *alone):
            if isinstance(thing, Layer) and thing not in layers:
                raise UnreadableError(f"`{thing.at.excerpt}` is of no network", thing.at, OF_NETWORKS)
        yield from ((name, thing) for thing, name in made.items() if thing not in parts)
        return
    classes = {name: of for name, of in doing.names.items() if isinstance(of, Class)}
    used = {word for name, of in classes.items() for word in _names_in(of) if word != name}
    for name, of in classes.items():
        if name not in used:
            yield name, doing.make(of, Given((), {}, of.at))
    if not classes.keys() - used:
        end = Span(doing.source, 0, len(doing.source.text.rstrip()))
        raise UnreadableError("no network is made here", end, "paste one `nn.Sequential(…)`, or a class and its blocks")


def _names_in(of: Class) -> Iterator[str]:
    for each in of.functions.values():
        for token in each.tree.scan_values(lambda token: isinstance(token, Token) and token.type == "NAME"):
            yield str(token)
