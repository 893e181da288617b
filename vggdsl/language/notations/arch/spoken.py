"""Layers and inputs as people put them, in several words: `3x3 conv, 64`, `[3x3, 64]x2`, `input: 3x32x32`."""

import re
from collections.abc import Callable

_KERNEL, _CHANNELS = r"(?P<kernel>[1-9]\d*[ \t]*x[ \t]*[1-9]\d*)", r"(?P<channels>[1-9]\d*)(?![\dx.])"
_STEP = r"(?:[ \t,]*(?:(?:stride|s)[ \t=]*|/[ \t]*)(?P<stride>[1-9]\d*(?:[ \t]*x[ \t]*[1-9]\d*)?))?(?![\dx])"
_CONV = r"\bconv(?:olution(?:al)?)?(?:[ -]layer)?(?:2d)?"
_POOL = r"(?P<pool>max|avg|average)[ -]?pool(?:ing)?"


def _conv(found: re.Match[str]) -> str:
    return f"conv{_side(found['kernel'])}-{found['channels']}{_stride(found)}"


def _pool(found: re.Match[str]) -> str:
    side = _side(found["kernel"])
    return f"{found['pool'].lower().replace('average', 'avg')}pool{side}{_stride(found) or f'/{side}'}"


def _fc(found: re.Match[str]) -> str:
    return f"FC-{found['features']}"


def _global(found: re.Match[str]) -> str:
    return f"global-{found['pool'].lower().replace('average', 'avg')}pool"


_PHRASES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), say)
    for pattern, say in (
        (rf"{_CONV}[ \t]+{_CHANNELS}[ \t,]+{_KERNEL}{_STEP}", _conv),
        (rf"{_CONV}[ \t]*{_KERNEL}[ \t,]+{_CHANNELS}{_STEP}", _conv),
        (rf"(?<![\w-]){_KERNEL}[ \t]*{_CONV}[ \t,]+{_CHANNELS}{_STEP}", _conv),
        (rf"(?<![\w-]){_KERNEL}[ \t]*,[ \t]*{_CHANNELS}{_STEP}", _conv),
        (rf"(?<![\w-]){_KERNEL}[ \t]+{_POOL}\b{_STEP}", _pool),
        (r"(?<![\w-])(?P<features>[1-9]\d*)-?d?[ \t]+(?:fc|fully[ -]connected|dense)(?![\w(:=-])", _fc),
        (rf"\bglobal[ \t]+{_POOL}\b", _global),
    )
)


def layer_said(line: str, at: int) -> tuple[int, int, str] | None:
    """The words of a line that say a layer where ``at`` is: where they begin and end, and how it is spelled.

    >>> layer_said("conv3-64 conv 3x3, 64", 14)
    (9, 21, 'conv3-64')
    """
    for phrase, say in _PHRASES:
        for found in phrase.finditer(line):
            if found.start() <= at <= found.end() + 1:
                return found.start(), found.end(), say(found)
    return None


def layers_bracketed(inside: str, behind: str) -> str | None:
    """What stands in [ ], with its repeat: convolutions of a table, or channels in a list, where `M` is a pool.

    >>> layers_bracketed("3x3, 64; 3x3, 64", "x2"), layers_bracketed("64, 'M'", "")
    ('( conv3-64 conv3-64 ) x2', 'conv3-64 maxpool')
    """
    parts = [part.strip(" \t'\"") for part in re.split(r"[;,/\n]", inside)]
    pairs = re.findall(rf"{_KERNEL}[ \t]*,[ \t]*(?P<channels>[1-9]\d*)", inside)
    if pairs and not re.sub(rf"{_KERNEL}[ \t]*,[ \t]*\d+|[\s;,/]", "", inside):
        layers = [f"conv{_side(kernel)}-{channels}" for kernel, channels in pairs]
    elif all(re.fullmatch(r"\d+|M|A", part, re.IGNORECASE) for part in parts) and "M" in inside.upper():
        pools = {"M": "maxpool", "A": "avgpool"}
        layers = [pools.get(part.upper(), f"conv3-{part}") for part in parts]
    else:
        return None
    repeat = re.match(r"[ \t]*[x*][ \t]*(\d+)", behind)
    return f"( {' '.join(layers)} ) x{repeat[1]}" if repeat else " ".join(layers)


_INPUT = re.compile(
    r"\s*input(?:[_-]?(?:shape|size|layer))?[ \t]*[:=]?[ \t]*(?:(?:shape|size)[ \t]*=[ \t]*)?[\[(]*[ \t]*"
    r"(?P<numbers>\d+(?:[ \t]*[x*, \t][ \t]*\d+){0,2})(?![\dx.])[ \t]*(?P<colour>rgb|colou?r|gr[ea]y(?:scale)?)?",
    re.IGNORECASE,
)


def input_said(line: str) -> tuple[int, int, str, str] | None:
    """Where a line that begins with an input says its size, what is to be said of it, and the colour behind it.

    >>> input_said("input: 3x32x32")
    (7, 14, 'sizes are height x width x channels: write `input 32x32x3`', '')
    """
    found = _INPUT.match(line)
    if found is None:
        return None
    numbers = [int(number) for number in re.findall(r"\d+", found["numbers"])]
    colour = (found["colour"] or "").lower()
    channels = [1 if colour.startswith("g") else 3] if colour else []
    match [*numbers, *channels] if len(numbers) == 2 else numbers:
        case [c, h, w] if c in (1, 3) and w not in (1, 3):
            help = f"sizes are height x width x channels: write `input {h}x{w}x{c}`"
        case [h, w, c]:
            help = f"write `input {h}x{w}x{c}`"
        case [h, w]:
            help = f"an input says its channels, too: `input {h}x{w}x3` of colours, `input {h}x{w}x1` of greys"
        case [side]:
            help = f"an input is height x width x channels: `input {side}x{side}x3` of colours"
        case _:
            return None
    return *found.span("numbers"), help, colour


def _side(kernel: str) -> str:
    """A window in the shortest form: `3x3` is 3."""
    h, w = re.split(r"[ \t]*x[ \t]*", kernel, flags=re.IGNORECASE)
    return h if h == w else f"{h}x{w}"


def _stride(found: re.Match[str]) -> str:
    stride = found["stride"]
    return "" if not stride else f"/{_side(stride)}" if "x" in stride.lower() else f"/{stride}"
