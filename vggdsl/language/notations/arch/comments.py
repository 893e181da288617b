"""Comments and blank lines: back to the lines that they stand by."""

import re
from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language.syntax import Block, Claims, Content, Line, Measured, Train
from vggdsl.text.source import Source

_COMMENT = re.compile(r'"[^"\n]*"|#[^\n]*')
"""A comment, or a string, in which none begins."""
_BLANK = Line(None)


def blanked(text: str) -> str:
    """The text with spaces in the place of comments."""
    return _COMMENT.sub(lambda match: " " * len(match[0]) if match[0][0] == "#" else match[0], text)


def strings_blanked(text: str) -> str:
    """The text with spaces in the place of comments and strings."""
    return _COMMENT.sub(lambda match: " " * len(match[0]), text)


def attach(contents: Sequence[Content | Claims], source: Source) -> tuple[Line, ...]:
    """Lines of contents with every comment of the source.

    A comment behind a line stays there, one on its own line stays between its neighbours, one
    inside brackets that span lines moves above them. Several blank lines become one. Of a block
    of claims the rows become lines; what stands at its head or end moves above or below.
    """
    text = source.text
    found = [m.span() for m in _COMMENT.finditer(text) if m[0][0] == "#"]
    return _arrange(contents, found, 0, len(text), text)


def _arrange(
    contents: Sequence[Content | Claims], comments: list[tuple[int, int]], start: int, end: int, text: str
) -> tuple[Line, ...]:
    lines: list[Line] = []
    waiting = [c for c in comments if start <= c[0] < end]
    at = start

    def own_lines(until: int) -> None:
        nonlocal at
        while waiting and waiting[0][0] < until:
            begin, stop = waiting.pop(0)
            blank(begin)
            lines.append(Line(None, text[begin:stop].rstrip()))
            at = max(at, stop)

    def blank(before: int) -> None:
        if lines and text.count("\n", at, before) > 1 and lines[-1] != _BLANK:
            lines.append(_BLANK)

    for content in contents:
        span = content.span
        own_lines(span.start)
        blank(span.start)
        note = None
        if isinstance(content, Block | Claims | Train | Measured):
            inside = [c for c in waiting if c[0] < span.end]
            opened = content.head.end  # what stands between is the brace, and blanks
            del waiting[: len(inside)]
            first = min([line.content.span.start for line in content.lines if line.content] or [span.end])
            if inside and inside[0][0] < first and "\n" not in text[opened : inside[0][0]]:
                begin, stop = inside.pop(0)
                note, opened = text[begin:stop].rstrip(), stop
            inner = [line.content for line in content.lines if line.content]
            arranged = _arrange(inner, inside, opened, span.end - 1, text)
            if isinstance(content, Claims):
                lines += [Line(None, note), *arranged] if note else arranged
                at = span.end
                continue
            content = replace(content, lines=arranged)
        else:
            own_lines(span.end)
            if waiting and "\n" not in text[span.end : waiting[0][0]]:
                begin, stop = waiting[0]
                if text[span.end : begin].isspace() or begin == span.end:
                    waiting.pop(0)
                    note = text[begin:stop].rstrip()
                    lines.append(Line(content, note))
                    at = stop
                    continue
        lines.append(Line(content, note))
        at = span.end
    own_lines(end)
    return tuple(lines)


def end_of_line(text: str, start: int) -> int:
    """The place of the end of the line that a place is in."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end
