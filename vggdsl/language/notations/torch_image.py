"""The size of the image that modules of PyTorch take, which no print and no code says: the first `Linear` tells it."""

import re
from collections.abc import Callable, Iterator, Sequence

from vggdsl.language.elaborate import elaborate
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.torch_modules import (
    FORMS,
    OF_ANY,
    CountError,
    FitError,
    Module,
    Reader,
    comes_in,
    word_of,
)
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import ParseError
from vggdsl.text.source import Source, Span

TRAINED_AT = 224
_LARGEST = 2048
INPUT_HELP = "write it on a line above: `# input 32x32x3`"


def put(draft: Draft, root: Module, size: Shape | None) -> None:
    """Writes a network; ``size`` is the image's, where it is said."""
    with draft.refusing():
        reader = Reader(draft, size if size is not None else _told(draft, root), root)
        reader.layers.put(reader.last)


def said_input(source: Source) -> tuple[Shape | None, Span]:
    """The line that says the image's size, above what doesn't: `input 32x32x3`, or so behind a `#`."""
    found = re.search(r"^[ \t]*#?[ \t]*input[ \t]+(\d{1,5})[x×*](\d{1,5})[x×*](\d{1,5})[ \t]*$", source.text, re.M)
    if found is None:
        return None, Span(source, 0, 0)
    h, w, c = (int(found[each]) for each in (1, 2, 3))
    return Shape(c, h, w), Span(source, found.start(), found.end())


def with_input(text: str, network: TypedGraph, read: Callable[[Source], Sequence[Reading]]) -> str:
    """What was written of a network, with a line that says the image's size where nothing else tells it."""
    outcome = read(Source("-", text))[0].outcome
    tells = not isinstance(outcome, ParseError) and elaborate(outcome).graph.input.size == network.input
    return text if tells else f"# input {network.input}\n{text}"


def _channels(module: Module) -> int | None:
    """What the first layer that says so takes; None where it takes no map."""
    for layer in _layers(module):
        if layer.name in ("Conv2d", "BatchNorm2d") and (count := comes_in(word_of(layer.call))) is not None:
            return int(count) if re.fullmatch(r"[1-9]\d{0,5}", count) else None
        if layer.name in ("Linear", "Flatten"):
            return None
    return None


def _layers(module: Module) -> Iterator[Module]:
    if not module.is_holder:
        yield module
    for _, inner in module.entries:
        yield from _layers(inner)


def _told(draft: Draft, root: Module) -> Shape:
    """The image's size, which neither a print nor code says, where it can be told: said as assumed.

    A square one from which the values of the first `Linear` come, at whose windows nothing is left over.
    Raises ``UnreadableError`` where several could be meant.
    """
    channels = _channels(root)
    if channels is None:
        raise UnreadableError("the image's size isn't said", root.call.at, INPUT_HELP)

    def tried(side: int) -> Reader | None:
        try:
            reader = Reader(Draft(draft.source), Shape(channels, side, side), root)
        except UnreadableError:
            return None
        return reader if reader.layers.shape(reader.last) is not None else None

    usual, small = tried(TRAINED_AT), tried(TRAINED_AT - 32)
    is_known = root.name in FORMS or root.name in OF_ANY
    if is_known and usual is not None and (usual.adaptive or small is not None):
        side = 32 if any(key == "linear" for key, _ in root.entries) else TRAINED_AT
        text = f"an image of {side}x{side}, as the published {root.name} takes: its size isn't printed"
        draft.assumed(text, root.at, INPUT_HELP)
        draft.line()
        return Shape(channels, side, side)
    if small is not None and usual is not None:
        raise UnreadableError("images of any size fit: the print doesn't say which", root.call.at, INPUT_HELP)
    fits = _sizes(root, channels, draft)
    exact = [side for side in fits if (reader := tried(side)) is not None and reader.exact]
    if len(fits) == 1 or len(exact) == 1:
        side = (exact or fits)[0]
        others = f"; images up to {fits[-1]}x{fits[-1]} would fit, too" if len(fits) > 1 and fits[-1] != side else ""
        text = f"a square image of {side}x{side}: so many values come to the first Linear{others}"
        draft.assumed(text, root.at, "its size isn't printed: " + INPUT_HELP)
        draft.line()
        return Shape(channels, side, side)
    if fits:
        Reader(Draft(draft.source), Shape(channels, fits[0], fits[0]), root)  # tells what else is wrong
        message = f"square images of {fits[0]}x{fits[0]} to {fits[-1]}x{fits[-1]} fit: which is meant isn't printed"
        raise UnreadableError(message, root.call.at, INPUT_HELP)
    Reader(Draft(draft.source), Shape(channels, TRAINED_AT, TRAINED_AT), root)  # tells what is wrong at any size
    raise UnreadableError("no square image fits what the first Linear takes", root.call.at, INPUT_HELP)


def _sizes(root: Module, channels: int, draft: Draft) -> list[int]:
    """The sides of square images with which as many values come to the first `Linear` as it takes: neighbours."""

    def surplus(side: int) -> int:
        try:
            reader = Reader(Draft(draft.source), Shape(channels, side, side), root)
        except CountError as error:
            return error.surplus
        except FitError:
            return 0
        except UnreadableError:
            return -1
        return 0 if reader.layers.shape(reader.last) is not None else -1

    low, high = 1, _LARGEST
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if surplus(middle) < 0 else (low, middle)
    found = list[int]()
    while low <= _LARGEST and len(found) < 256 and surplus(low) == 0:
        found.append(low)
        low += 1
    return found
