"""A finding, as text in rustc's manner, or as data for JSON."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import NoneType
from typing import Annotated, Literal, TypedDict

from vggdsl.text.codes import CODES, Code, CodeName
from vggdsl.text.edits import Edit
from vggdsl.text.facts import FindingFacts, Meant
from vggdsl.text.html import ERROR, PLACE, WARNING, escaped, framed
from vggdsl.text.printing import LINE, printable, shown, width_of
from vggdsl.text.source import Reworded, Span


@dataclass(frozen=True)
class Label:
    """A place and what is to be said of it; the primary one is where the mistake is."""

    span: Span
    text: str = ""
    primary: bool = True


@dataclass(frozen=True)
class Diagnostic:
    """One finding: a code, what is wrong, where, and how to mend it.

    A person reads the message and the help; what another room has to know are the ``facts``. ``fixes`` are what the
    help offers, as data: each mends it by itself, in the help's order. Raises ``ValueError`` for a code without a row,
    or for other facts than the row says.
    """

    code: CodeName
    message: str
    labels: tuple[Label, ...] = ()
    help: str | None = None
    facts: FindingFacts | None = None
    fixes: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no code {self.code}: vggdsl/text/codes has none")
        if not isinstance(self.facts, self.row.facts or NoneType):
            raise ValueError(f"{self.code} with the facts {self.facts}")

    def __repr__(self) -> str:
        return f"Diagnostic({self.in_a_line})"

    def _repr_html_(self) -> str:
        return framed(to_html([self]))

    @property
    def row(self) -> Code:
        """What is to be known of its code."""
        return CODES[self.code]

    @property
    def is_error(self) -> bool:
        return self.row.is_error

    @property
    def in_a_line(self) -> str:
        """``V201: message (net.arch:3:1)``; ``render`` shows it whole."""
        primary = next((label.span for label in self.labels if label.primary), None)
        place = f" ({primary.place})" if primary is not None else ""
        return f"{self.code}: {self.message}{place}"

    @property
    def unplaced(self) -> "Diagnostic":
        """What is wrong, wherever it is: the same of equal mistakes at several places."""
        return Diagnostic(self.code, self.message, facts=self.facts)

    def at(self, *labels: Label) -> "Diagnostic":
        """The same finding with further places."""
        return replace(self, labels=(*self.labels, *labels))

    def helped(self, help: str, *fixes: Edit) -> "Diagnostic":
        """The same finding with another help, and what that offers."""
        return replace(self, help=help, fixes=fixes)

    def meaning(self, meant: Meant, span: Span) -> "Diagnostic":
        """The same finding with what a place means in our words, offered where that is the same."""
        fixes = (Edit(span, meant.instead),) if meant.instead else ()
        return replace(self, help=meant.help, fixes=fixes, facts=meant)


class LabelData(TypedDict):
    """A place that a finding points to, and what is said of it."""

    file: Annotated[str, "the file, or `<stdin>`"]
    line: Annotated[int, "where it begins, from 1"]
    column: Annotated[int, "where it begins, from 1, in characters"]
    end_line: Annotated[int, "where it ends"]
    end_column: Annotated[int, "the column behind its last character"]
    text: Annotated[str, "what is said of it; may be empty"]
    primary: Annotated[bool, "whether the mistake is here"]


class EditData(TypedDict):
    """Characters, and what is to stand in their place."""

    file: Annotated[str, "the file, or `<stdin>`"]
    line: Annotated[int, "where they begin, from 1"]
    column: Annotated[int, "where they begin, from 1, in characters"]
    end_line: Annotated[int, "where they end"]
    end_column: Annotated[int, "the column behind the last; the first where something is added"]
    text: Annotated[str, "what is to stand there"]


class FindingData(TypedDict):
    """Something that is wrong or looks wrong."""

    code: Annotated[str, "such as `V301`"]
    severity: Annotated[Literal["error", "warning"], "errors make the exit code 1, or 2 where only the call is wrong"]
    message: Annotated[str, "what is wrong"]
    help: Annotated[str | None, "how to mend it"]
    labels: Annotated[list[LabelData], "the places"]
    fixes: Annotated[list[EditData], "what the help offers: each mends it by itself"]


_RED, _YELLOW, _BLUE, _BOLD, _OFF = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"
_WIDEST = 160


def render(diagnostic: Diagnostic, color: bool = False) -> str:
    """The finding with the lines that it is about, its places underlined."""

    def paint(style: str, text: str) -> str:
        return f"{style}{text}{_OFF}" if color and text else text

    kind, style = diagnostic.row.severity, _RED if diagnostic.is_error else _YELLOW
    head = paint(style, f"{kind}[{diagnostic.code}]") + paint(_BOLD, f": {shown(diagnostic.message, LINE)}")
    out = [head]
    groups: dict[str, list[Label]] = {}
    for label in sorted(diagnostic.labels, key=lambda item: not item.primary):
        groups.setdefault(label.span.source.name, []).append(label)
    for index, (name, labels) in enumerate(groups.items()):
        width = max(len(str(label.span.line)) for label in labels)
        first = labels[0].span
        arrow = "-->" if index == 0 else ":::"
        out.append(" " * width + paint(_BLUE, arrow) + f" {shown(name)}:{first.line}:{first.column}")
        bar = paint(_BLUE, "|")
        out.append(" " * (width + 1) + bar)
        previous = None
        for label in sorted(labels, key=lambda item: item.span.start):
            number = label.span.line
            if number != previous:
                if previous is not None and number > previous + 1:
                    out.append(paint(_BLUE, "..."))
                text, _ = _window(label)
                out.append(f"{paint(_BLUE, f'{number:>{width}}')} {bar} {text}".rstrip())
            previous = number
            _, underline = _window(label)
            mark_style = style if label.primary else _BLUE
            out.append(f"{' ' * width} {bar} " + underline[0] + paint(mark_style, underline[1]))
    if diagnostic.help:
        out.append(paint(_BOLD, "help") + f": {shown(diagnostic.help, LINE)}")
    return "\n".join(out)


def _window(label: Label) -> tuple[str, tuple[str, str]]:
    """The line (cut where it is very long), and the indent and marks under the label's place."""
    line = label.span.source.line(label.span.line)
    start = min(label.span.column - 1, len(line))
    cut = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    text = printable(line[cut : cut + _WIDEST])
    before = width_of(printable(line[cut:start]))
    first, last = label.span.written
    end = min(start + max(1, last - first), len(line), cut + _WIDEST)
    marks = max(1, width_of(printable(line[start:end])))
    mark = ("^" if label.primary else "-") * marks
    return text, (" " * before, f"{mark} {shown(label.text, LINE)}".rstrip())


def to_json(diagnostic: Diagnostic) -> FindingData:
    """The finding as plain data; lines and columns count from 1, ``end_column`` is exclusive."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.row.severity,
        "message": shown(diagnostic.message, LINE),
        "help": diagnostic.help and shown(diagnostic.help, LINE),
        "labels": [
            {
                "file": printable(label.span.source.name),
                "line": label.span.line,
                "column": label.span.column,
                "end_line": label.span.source.position(label.span.written[1])[0],
                "end_column": label.span.source.position(label.span.written[1])[1],
                "text": printable(label.text),
                "primary": label.primary,
            }
            for label in diagnostic.labels
        ],
        "fixes": [
            {
                "file": printable(edit.span.source.name),
                "line": edit.span.line,
                "column": edit.span.column,
                "end_line": edit.span.source.position(edit.span.written[1])[0],
                "end_column": edit.span.source.position(edit.span.written[1])[1],
                "text": edit.text,
            }
            for edit in diagnostic.fixes
            if not isinstance(edit.span.source, Reworded)  # our words for another notation don't belong there
        ],
    }


def render_all(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """Several findings, a blank line between."""
    return "\n\n".join(render(d, color) for d in diagnostics)


_SHOWN = {
    _RED: f"color:{ERROR};font-weight:bold",
    _YELLOW: f"color:{WARNING};font-weight:bold",
    _BLUE: f"color:{PLACE};font-weight:bold",
    _BOLD: "font-weight:bold",
}


def to_html(diagnostics: Iterable[Diagnostic]) -> str:
    """Several findings as they are rendered; nothing for none."""
    text = escaped(render_all(diagnostics, color=True))
    for code, style in _SHOWN.items():
        text = text.replace(code, f'<span style="{style}">')
    return f"<pre>{text.replace(_OFF, '</span>')}</pre>" if text else ""
