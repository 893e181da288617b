"""The size of the image that modules of PyTorch take, which no print and no code says: the first `Linear` tells it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from vggdsl.language.elaborate import elaborate
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.image import INPUT_HELP, Told
from vggdsl.language.notations.registry import Reading
from vggdsl.language.notations.torch_layers import CountError, FitError, Network, Reader, TooMuchError
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import ParseError
from vggdsl.text.source import Source, Span

TRAINED_AT = 224
_LARGEST = 2048


def put(draft: Draft, network: Network, size: Shape | None) -> int:
    """Writes a network, and gives how many layers it has; ``size`` is the image's, where it is said."""
    if draft.told is not None:
        draft.comment(f"told: {draft.told.by}")
    last = 0
    with draft.refusing():
        reader = Reader(draft, size if size is not None else _told(draft, network), network)
        last = reader.read()
        reader.layers.put(last)
    return last


def said_input(source: Source) -> tuple[Shape | None, Span]:
    """What is told of the image's size, or a line above that says it without a `#`: `input 32x32x3`."""
    if isinstance(source, Told):
        return source.size, source.at
    found = re.search(r"^[ \t]*input[ \t]+(\d{1,5})[x×*](\d{1,5})[x×*](\d{1,5})[ \t]*$", source.text, re.M)
    if found is None:
        return None, Span(source, 0, 0)
    h, w, c = (int(found[each]) for each in (1, 2, 3))
    return Shape(c, h, w), Span(source, found.start(), found.end())


def with_input(text: str, network: TypedGraph, read: Callable[[Source], Sequence[Reading]]) -> str:
    """What was written of a network, with a line that says the image's size where nothing else tells it."""
    outcome = read(Source("-", text))[0].outcome
    tells = not isinstance(outcome, ParseError) and elaborate(outcome).graph.input.size == network.input
    return text if tells else f"# input {network.input}\n{text}"


def _channels(draft: Draft, network: Network) -> int:
    """What the first layer takes that says so. Raises ``UnreadableError`` where it takes no map."""
    reader = Reader(Draft(draft.source), Shape(1, TRAINED_AT, TRAINED_AT), network)
    try:
        reader.read()
    except UnreadableError as error:
        if not reader.has_begun or isinstance(error, TooMuchError):
            raise
    if reader.channels is None:
        raise UnreadableError("the image's size isn't said", network.at, INPUT_HELP)
    return reader.channels


@dataclass(frozen=True)
class _Try:
    """A network that was read at one size of its image; ``surplus``: how many values more come to the first `Linear`
    than it takes, or -1 where none come."""

    reader: Reader
    fits: bool
    surplus: int


def _tried(reader: Reader) -> _Try:
    try:
        fits = reader.fits()
    except TooMuchError:
        raise
    except CountError as error:
        return _Try(reader, False, error.surplus)
    except FitError:
        return _Try(reader, False, 0)
    except UnreadableError:
        return _Try(reader, False, -1)
    return _Try(reader, fits, 0 if fits else -1)


def _told(draft: Draft, network: Network) -> Shape:
    """The image's size, which neither a print nor code says, where it can be told: said as assumed.

    A square one from which the values of the first `Linear` come, at whose windows nothing is left over.
    Raises ``UnreadableError`` where several could be meant.
    """
    channels = _channels(draft, network)

    @cache
    def tried(side: int) -> _Try:
        return _tried(reader_at(side))

    def reader_at(side: int) -> Reader:
        return Reader(Draft(draft.source), Shape(channels, side, side), network)

    def fitting(side: int) -> Reader | None:
        return tried(side).reader if tried(side).fits else None

    usual = fitting(TRAINED_AT)
    small = fitting(TRAINED_AT - 32) if usual is not None or not _is_told_by_one(tried(TRAINED_AT)) else None
    if network.published is not None and usual is not None and (usual.adaptive or small is not None):
        side = network.published
        text = f"an image of {side}x{side}, as the published {network.name} takes: its size isn't said"
        draft.assumed(text, network.at, INPUT_HELP)
        draft.line()
        return Shape(channels, side, side)
    fits = [] if small is not None and usual is not None else _sizes(tried)
    is_arithmetic = _is_told_by_one(tried(TRAINED_AT)) and bool(fits)
    fitted = tried(TRAINED_AT).reader if is_arithmetic else usual or small or (fitting(fits[0]) if fits else None)
    if fitted is not None and (not fits or fitted.adaptive):  # of what comes to the pool the first Linear tells nothing
        raise UnreadableError("images of many sizes fit: which is meant isn't said", network.at, INPUT_HELP)
    is_told = fitted is not None and not fitted.open
    if is_told and is_arithmetic:
        exact = [side for side in fits if tried(TRAINED_AT).reader.is_exact_at(side)]
    else:
        exact = [side for side in fits if is_told and (reader := fitting(side)) is not None and reader.exact]
    if len(fits) == 1 or len(exact) == 1:
        side = (exact or fits)[0]
        others = f"; images up to {fits[-1]}x{fits[-1]} would fit, too" if len(fits) > 1 and fits[-1] != side else ""
        text = f"a square image of {side}x{side}: so many values come to the first Linear{others}"
        draft.assumed(text, network.at, "its size isn't said: " + INPUT_HELP)
        draft.line()
        return Shape(channels, side, side)
    if fits:
        if fitting(fits[0]) is None:
            reader_at(fits[0]).read()  # tells what else is wrong
        message = f"square images of {fits[0]}x{fits[0]} to {fits[-1]}x{fits[-1]} fit: which is meant isn't said"
        raise UnreadableError(message, network.at, INPUT_HELP)
    try:
        reader_at(TRAINED_AT).read()  # tells what is wrong at any size
    except CountError as error:
        message = f"no square image fits: {error.message} of {TRAINED_AT}x{TRAINED_AT}"
        raise UnreadableError(message, error.at, error.help) from None
    raise UnreadableError("no square image fits what the first Linear takes", network.at, INPUT_HELP)


def _is_told_by_one(tried: _Try) -> bool:
    """Whether what was read at one size tells what comes to the first `Linear` at all others."""
    return bool(tried.reader.counted) and not (tried.reader.hangs or tried.reader.adaptive)


def _sizes(tried: Callable[[int], _Try]) -> list[int]:
    """The sides of square images with which as many values come to the first `Linear` as it takes: neighbours."""
    usual = tried(TRAINED_AT)
    return _neighbours(cache(usual.reader.surplus_at) if _is_told_by_one(usual) else lambda side: tried(side).surplus)


def _neighbours(surplus: Callable[[int], int]) -> list[int]:
    """The sides at which there is no surplus, where it grows with them."""
    low, high = 1, _LARGEST
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if surplus(middle) < 0 else (low, middle)
    step = 128
    last = low if surplus(low) == 0 else low - 1
    while step and last >= low:
        last += step * (last + step <= _LARGEST and surplus(last + step) == 0)
        step //= 2
    return [*range(low, last + 1)]
