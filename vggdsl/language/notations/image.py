"""The size of the images that a text leaves out, where something beside it says it: a line above it, or a call."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language.notations.meanings import InWords, in_words
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic, InputError, Label, ParseError
from vggdsl.text.source import Placed, Source, Span
from vggdsl.text.typography import Plain

ELSEWHERE = "on a line above, `# input 32x32x3`, or with `vggdsl import --input 32x32x3`"
"""Where the size of images can be told that a text doesn't print."""
INPUT_HELP = f"write it {ELSEWHERE}"
_SIZE = r"(?P<h>\d{1,5})[x×*](?P<w>\d{1,5})[x×*](?P<c>\d{1,5})"
_LINE = re.compile(rf"^(?P<indent>[ \t]*)#[ \t]*input:?[ \t]+{_SIZE}[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, repr=False, kw_only=True)
class Told(InWords):
    """A text without the lines that say its images' size; ``lines`` are where these stand."""

    size: Shape
    by: str
    """What says the size, as a comment has it."""
    lines: tuple[tuple[int, int], ...] = ()
    of: str | None = None
    """The network that it is told of, where a text holds several; None where it is told of all."""

    @property
    def at(self) -> Span:
        """The line that says it; where the text begins, if a call does."""
        return Span(self, *self.lines[0]) if self.lines else Span(self, 0, 0)


def told(source: Source, size: str | None = None, of: str | None = None) -> Source:
    """A text with what is told of its images: ``size`` is what a call says, `28x28x1`, ``of`` the network so called.

    Raises ``InputError`` V112 where that is no size, ``ParseError`` V115 where a line says another one, or none.
    """
    source = in_words(source)
    lines = _lines(source.text)
    if size is None and not lines:
        return source
    shape = _by_call(size) if size is not None else _shape(lines[0])
    for match in lines:
        if (other := _shape(match)) != shape or not other.elements:
            message = f"images of {other} are told here, and of {shape} " + ("by the call" if size else "before")
            message = message if other.elements else f"{other} is no size of images"
            label = Label(Span(source, *match.span()), "this line")
            raise ParseError(Diagnostic("V115", message, (label,), "say one size, such as `# input 32x32x3`"))
    return _without(source, lines, shape, f"--input {size}" if size is not None else "a line above says it", of)


def unlined(source: Source) -> Source:
    """A text without the lines that say its images' size, of which it has the first, in the words that others tell."""
    source = in_words(source)
    lines = _lines(source.text) if not isinstance(source, Told) else []
    return _without(source, lines, _shape(lines[0]), "a line above says it") if lines else source


def _without(source: Source, lines: Sequence[re.Match[str]], size: Shape, by: str, of: str | None = None) -> Told:
    text = source.text
    for start, end in (line.span() for line in lines):
        text = text[:start] + " " * (end - start) + text[end:]
    words = Plain(text, tuple(source.written_at(at) for at in range(len(text) + 1)))
    spans = tuple(line.span() for line in lines)
    meanings, heading = (source.meanings, source.heading) if isinstance(source, InWords) else ((), None)
    return Told(
        source.name, source.written, words, meanings=meanings, heading=heading, size=size, by=by, lines=spans, of=of
    )


def _lines(text: str) -> list[re.Match[str]]:
    """The lines that say a size. One that is indented below the first is a remark on a layer."""
    blanks = text[: len(text) - len(text.lstrip())]
    depth = len(re.split(r"[^ \t]", blanks)[-1])
    return [match for match in _LINE.finditer(text) if len(match["indent"]) <= depth]


def _shape(match: re.Match[str]) -> Shape:
    return Shape(*(int(match[each]) for each in "chw"))


def _by_call(size: str) -> Shape:
    match = re.fullmatch(_SIZE, size)
    if match is None or not _shape(match).elements:
        span = Placed.by_call("--input", size).span
        message, help = f"{size} is no size of images", "it is height x width x channels: `28x28x1`"
        raise InputError(Diagnostic("V112", message, (Label(span, "this"),), help))
    return _shape(match)
