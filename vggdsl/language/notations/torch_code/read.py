"""PyTorch code: classes whose ``forward`` is of straight lines, and ``nn.Sequential``."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.calls import Atom, tree_of
from vggdsl.language.notations.code import is_code
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.torch_code.doing import Doing
from vggdsl.language.notations.torch_code.expressions import Names
from vggdsl.language.notations.torch_code.forward import Forward
from vggdsl.language.notations.torch_code.networks import Found, Networks
from vggdsl.language.notations.torch_code.things import Group, Made, Module, reached
from vggdsl.language.notations.torch_image import put, said_input
from vggdsl.language.notations.torch_layers import Network, Reader, Tensor
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Source, Span

_LAYER = r"(?:Conv2d|Linear|MaxPool2d)"
_CLASS = re.compile(
    r"^[ \t]*(?:>>>[ \t]*)?class[ \t]+\w+[ \t]*\((?:\w+\.)*(?:\w*Module|Sequential)\)[ \t]*:", re.MULTILINE
)


def recognises(source: Source) -> bool:
    """By code that calls `Sequential`, or has a class of `nn.Module`, and layers as PyTorch names them."""
    if _CLASS.search(source.text) is not None:
        return is_code(source, r"class[ \t]+\w+", _LAYER)
    return is_code(source, "Sequential", _LAYER)


def read(source: Source) -> Sequence[Reading]:
    """A spec a network: each that is made and is no part of another, or that a function gives, or a class says."""
    doing = Doing(source, {"__name__": Atom("'__main__'", Span(source, 0, 0))})
    try:
        with doing.not_too_deep():
            found = Networks(doing, tree_of(source, "torch_code", "PyTorch code")).found()
    except UnreadableError as error:
        found = [Found("", error)]
    return [_reading(source, each, doing.names) for each in found]


def _reading(source: Source, found: Found, names: Names) -> Reading:
    root = found.root
    draft = Draft(source, found.name)
    with draft.refusing():
        if isinstance(root, UnreadableError):
            raise root
        put(draft, _network(source, root, names), _size(draft, found))
    return draft.reading()


def _size(draft: Draft, found: Found) -> Shape | None:
    """That of the images which a network is called with, and which is told. Raises ``UnreadableError`` of another."""
    told = said_input(draft.source)[0]
    for each in found.shown:
        size = told or found.shown[0].size
        if each.size != size:
            before = f"told ({draft.told.by})" if draft.told is not None else "said elsewhere"
            message = f"images of {each.size} are given here, and {size} is {before}"
            raise UnreadableError(message, each.at, "leave the one or the other out")
    if found.by and found.shown and not told:
        draft.assumed(f"images of {found.shown[0].size}, as `{found.by}` gives them", found.shown[0].at)
        draft.line()
    return told or (found.shown[0].size if found.shown else None)


def _network(source: Source, root: Module, names: Names) -> Network:
    reachable = [*reached((root, *names.values()))]
    kept = frozenset(map(id, reachable))
    for each in reachable:
        if isinstance(each, Group) and each.kind == "iterator":
            each.kind = "spent"

    def does(reader: Reader, _: Tensor) -> Tensor:
        doing = Forward(source, names, reader=reader, root=root, kept=kept)
        with doing.not_too_deep():
            return doing.network()

    name = root.of.name if isinstance(root, Made) else "Sequential"
    return Network(name, root.at, does)  # a class of its own is none that was published, whatever its name
