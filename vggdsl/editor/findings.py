"""Findings as an editor shows them."""

import re
from collections.abc import Iterator

from lsprotocol import types

from vggdsl.editor.document import Document, Reading, uri_of
from vggdsl.editor.positions import Lines
from vggdsl.text.codes import Code
from vggdsl.text.diagnostics import Diagnostic, Label
from vggdsl.text.printing import LINE, shown
from vggdsl.text.resources import page_of_codes
from vggdsl.text.source import NOWHERE, Span


def diagnostics(reading: Reading) -> list[types.Diagnostic]:
    """All that is wrong or looks wrong with a text."""
    return [diagnostic(found, reading) for found in reading.findings]


def diagnostic(found: Diagnostic, reading: Reading) -> types.Diagnostic:
    """A finding where it stands in the text; what is wrong in another file stands at what leads there."""
    document, place = reading.document, place_of(found, reading.document)
    help = f"\nhelp: {shown(found.help, LINE)}" if found.help else ""
    columns = reading.columns(found)
    of = f"{shown(', '.join(columns))}: " if columns else ""
    href = page_of(found.row)
    return types.Diagnostic(
        range=first_line(document) if place is None else range_of(place.span, document),
        message=f"{of}{shown(found.message, LINE)}{help}",
        severity=types.DiagnosticSeverity.Error if found.is_error else types.DiagnosticSeverity.Warning,
        code=found.code,
        code_description=types.CodeDescription(href) if href else None,
        source="vggdsl",
        related_information=tuple(_related(found, place, document)) or None,
    )


def place_of(found: Diagnostic, document: Document) -> Label | None:
    """Where a finding stands in a text: where the mistake is, or else what leads to it; None where nothing does."""
    here = [label for label in found.labels if is_in(label.span, document)]
    return next((label for label in here if label.primary), here[0] if here else None)


def _related(
    found: Diagnostic, place: Label | None, document: Document
) -> Iterator[types.DiagnosticRelatedInformation]:
    for label in found.labels:
        location = None if label is place else location_of(label.span, document)
        if location is not None:
            yield types.DiagnosticRelatedInformation(location, shown(label.text, LINE) or "here")


def is_in(span: Span, document: Document) -> bool:
    """Whether a place is in this text."""
    return span.source.name == document.name and span.source.written == document.text


def range_of(span: Span, document: Document) -> types.Range:
    """A place in the text, or in another file, in the editor's units."""
    lines = document.lines if is_in(span, document) else Lines(span.source.written, document.units)
    start, end = (types.Position(*lines.position(at)) for at in span.written)
    return types.Range(start, end)


def location_of(span: Span, document: Document) -> types.Location | None:
    """A place with its file; None of what stands in none."""
    if is_in(span, document):
        return types.Location(document.uri, range_of(span, document))
    uri = None if span.source == NOWHERE.source else uri_of(span.source.name)
    return None if uri is None else types.Location(uri, range_of(span, document))


def first_line(document: Document) -> types.Range:
    end = document.lines.offset(0, len(document.text))
    return types.Range(types.Position(0, 0), types.Position(*document.lines.position(end)))


def page_of(code: Code) -> str | None:
    """The part of the page of codes that is about one; None where the page isn't on this machine."""
    page = page_of_codes()
    anchor = re.sub(r"[^\w\- ]", "", f"{code.name}: {code.title}").lower().replace(" ", "-")
    return None if page is None else f"{page.as_uri()}#{anchor}"
