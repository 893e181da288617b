"""PyTorch code: classes whose ``forward`` is of straight lines, and ``nn.Sequential``."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.calls import Atom
from vggdsl.language.notations.code import is_code
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.torch_code.aside import Aside
from vggdsl.language.notations.torch_code.doing import Doing
from vggdsl.language.notations.torch_code.expressions import Names, Work
from vggdsl.language.notations.torch_code.forward import Forward
from vggdsl.language.notations.torch_code.lines import tree_of
from vggdsl.language.notations.torch_code.networks import Found, Networks
from vggdsl.language.notations.torch_code.things import Group, Made, Module, Thing, reached
from vggdsl.language.notations.torch_image import put, said_input
from vggdsl.language.notations.torch_layers import Network, Reader, Tensor
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Source, Span

_LAYER = r"(?:Conv2d|Linear|MaxPool2d)"
_CLASS = re.compile(
    r"^[ \t]*(?:>>>[ \t]*)?class[ \t]+\w+[ \t]*\((?:\w+\.)*(?:\w*Module|Sequential)\)[ \t]*:", re.MULTILINE
)


_STEPS = 50
"""What a layer counts for that is written, and read as a spec, over what it counts for as code."""


_LAYERS = 20
"""How many layers a network counts for, over those that it has."""


def recognises(source: Source) -> bool:
    """By code that calls `Sequential`, or has a class of `nn.Module`, and layers as PyTorch names them."""
    if _CLASS.search(source.text) is not None:
        return is_code(source, r"class[ \t]+\w+", _LAYER)
    return is_code(source, "Sequential", _LAYER)


def read(source: Source) -> Sequence[Reading]:
    """A spec a network: each that is made and is no part of another, or that a function gives, or a class says."""
    work = Work(source)
    doing = Doing(work, {"__name__": Atom("'__main__'", Span(source, 0, 0))})
    try:
        work.hold()
        with doing.not_too_deep():
            tree, python = tree_of(source)
            work.aside = Aside(source, python)
            found = Networks(doing, tree).found()
    except UnreadableError as error:
        found = [Found("", error)]
    kept = _kept([*doing.names.values(), *(each.root for each in found if not isinstance(each.root, UnreadableError))])
    return [_reading(doing.work, each, doing.names, kept) for each in found]


def _kept(things: Sequence[Thing]) -> frozenset[int]:
    """What each call of a network finds, by ``id``."""
    reachable = [*reached(things)]
    for each in reachable:
        if isinstance(each, Group) and each.kind == "iterator":
            each.kind = "spent"
    return frozenset(map(id, reachable))


def _reading(work: Work, found: Found, names: Names, kept: frozenset[int]) -> Reading:
    root = found.root
    draft = Draft(work.source, found.name)
    with draft.refusing():
        if isinstance(root, UnreadableError):
            raise root
        count = put(draft, _network(work, root, names, kept), _size(draft, found))
        work.add(_STEPS * (count + _LAYERS), root.at)
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


def _network(work: Work, root: Module, names: Names, kept: frozenset[int]) -> Network:
    def does(reader: Reader, _: Tensor) -> Tensor:
        doing = Forward(work, names, reader=reader, root=root, kept=kept)
        with doing.not_too_deep():
            return doing.network()

    name = root.of.name if isinstance(root, Made) else "Sequential"
    return Network(name, root.at, does)  # a class of its own is none that was published, whatever its name
