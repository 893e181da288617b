"""What an editor asks of a text as it was read, and how it is answered: each request in a function."""

from lsprotocol import types

from vggdsl.editor.actions import actions
from vggdsl.editor.document import Reading
from vggdsl.editor.edits import formatted
from vggdsl.editor.figures import shapes, totals
from vggdsl.editor.findings import diagnostics, range_of
from vggdsl.editor.hover import hover
from vggdsl.editor.server import Server


async def document_diagnostic(
    server: Server, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport:
    found = await server.ask(params.text_document.uri, diagnostics)
    return types.RelatedFullDocumentDiagnosticReport(found or [])


async def hovering(server: Server, params: types.HoverParams) -> types.Hover | None:
    place = params.position

    def question(reading: Reading) -> types.Hover | None:
        document = reading.document
        found = hover(reading, document.offset(place.line, place.character))
        if found is None:
            return None
        text, about = found
        return types.Hover(
            types.MarkupContent(types.MarkupKind.Markdown, text), None if about is None else range_of(about, document)
        )

    return await server.ask(params.text_document.uri, question)


async def code_action(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    only = params.context.only
    found = await server.ask(params.text_document.uri, lambda reading: actions(reading, params.range, only))
    return found or []


async def code_lens(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    return await server.ask(params.text_document.uri, totals) or []


async def inlay_hint(server: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    if not server.session.shows_shapes:
        return []
    return await server.ask(params.text_document.uri, lambda reading: [*shapes(reading, params.range)]) or []


async def formatting(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    return await server.ask(params.text_document.uri, lambda reading: formatted(reading.document))
