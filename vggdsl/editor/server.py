"""The language server: what an editor sends, and what it is answered."""

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from vggdsl.editor.actions import KINDS, actions
from vggdsl.editor.document import Document, Reading
from vggdsl.editor.edits import formatted
from vggdsl.editor.figures import shapes, totals
from vggdsl.editor.findings import diagnostics, range_of
from vggdsl.editor.hover import hover
from vggdsl.editor.session import Change, Session, StaleError

T = TypeVar("T")

_PAUSE = 0.15
"""Seconds after a key until findings are told, if no other comes."""

_log = logging.getLogger(__name__)


class _Protocol(LanguageServerProtocol):
    """The texts are kept in the session alone: lines end there as the protocol says, and places beyond an end are taken
    for it."""

    _server: "Server"

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        text = params.text_document
        self._server.session.open(text.uri, text.version, text.text)
        self._server.tell_soon(0)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        text = params.text_document
        self._server.session.change(text.uri, text.version, map(_change, params.content_changes))
        self._server.tell_soon(_PAUSE)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        self._server.session.close(uri)
        self._server.withdraw(uri)
        self._server.tell_soon(0)


def _change(change: types.TextDocumentContentChangeEvent) -> Change:
    if not isinstance(change, types.TextDocumentContentChangePartial):
        return Change(change.text)
    start, end = change.range.start, change.range.end
    return Change(change.text, (start.line, start.character), (end.line, end.character))


class Server(LanguageServer):
    """Answers about the texts of a session, and tells what is wrong with them as they change."""

    def __init__(self, version: str) -> None:
        super().__init__("vggdsl", version, protocol_cls=_Protocol)
        self.session = Session()
        self.is_shut_down = False
        self._told: dict[str, list[types.Diagnostic]] = {}
        self._telling: asyncio.TimerHandle | None = None
        self._tasks = set[asyncio.Task[None]]()

    @property
    def asks_for_findings(self) -> bool:
        """Whether the editor asks for findings by itself: then it isn't told them, or it would show them twice."""
        text_document = self.client_capabilities.text_document
        return text_document is not None and text_document.diagnostic is not None

    async def ask(self, uri: str, question: Callable[[Reading], T]) -> T | None:
        """What a question finds in a text, as it is now; None of one that isn't open."""
        try:
            return await self.session.ask(uri, question)
        except StaleError:
            raise JsonRpcContentModified from None

    def document(self, uri: str) -> Document | None:
        """A text as it is now, for what needs no reading."""
        return self.session.documents.get(uri)

    def tell_soon(self, pause: float) -> None:
        """Tells the findings of all texts after a pause, unless something changes within."""
        if self.asks_for_findings:
            return
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.get_running_loop().call_later(pause, self._tell_all)

    def _tell_all(self) -> None:
        for uri in self.session.documents:
            task = asyncio.ensure_future(self._tell(uri))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, uri: str) -> None:
        try:
            found = await self.session.ask(uri, lambda reading: (reading.document, diagnostics(reading)))
        except StaleError:
            return
        except Exception:
            _log.exception("%s could not be read", uri)
            return
        if found is not None and self.session.documents.get(uri) is found[0]:
            document, items = found
            if self._told.get(uri) != items:
                self._told[uri] = items
                params = types.PublishDiagnosticsParams(uri, items, document.version)
                self.text_document_publish_diagnostics(params)

    def withdraw(self, uri: str) -> None:
        """What was told of a text that is no longer open."""
        if self._told.pop(uri, None):
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A mistake of our own is logged: a window for each key that is pressed would help nobody."""
        _log.error("%s", error, exc_info=error)


def initialize(server: Server, params: types.InitializeParams) -> None:
    units = server.protocol.workspace.position_encoding
    server.session.units = "utf-8" if units == "utf-8" else "utf-32" if units == "utf-32" else "utf-16"
    folders = [each.uri for each in params.workspace_folders or ()]
    for uri in folders or [each for each in (params.root_uri,) if each]:
        server.session.add_folder(uri)
    open_settings(server, params.initialization_options)


def folders_changed(server: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    for folder in params.event.removed:
        server.session.remove_folder(folder.uri)
    for folder in params.event.added:
        server.session.add_folder(folder.uri)
    server.tell_soon(0)


def files_changed(server: Server, params: types.DidChangeWatchedFilesParams) -> None:
    server.session.refresh()
    server.tell_soon(_PAUSE)


def shutdown(server: Server, params: None) -> None:
    server.is_shut_down = True


async def document_diagnostic(
    server: Server, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport:
    found = await server.ask(params.text_document.uri, diagnostics)
    return types.RelatedFullDocumentDiagnosticReport(found or [])


def open_settings(server: Server, settings: Any) -> None:
    """What the editor's user chose, as it is sent: ``{"inlayHints": true}``, perhaps within ``vggdsl``."""
    if isinstance(settings, dict):
        settings = settings.get("vggdsl", settings)
    if isinstance(settings, dict) and isinstance(settings.get("inlayHints"), bool):
        server.session.shows_shapes = settings["inlayHints"]


async def settings_changed(server: Server, params: types.DidChangeConfigurationParams) -> None:
    open_settings(server, params.settings)
    workspace = server.client_capabilities.workspace
    if workspace is not None and workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
        await server.workspace_inlay_hint_refresh_async(None)


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
    session, only = server.session, params.context.only
    opened = tuple(session.documents.values())
    return (
        await server.ask(
            params.text_document.uri, lambda reading: actions(reading, params.range, only, session.folders, opened)
        )
        or []
    )


async def code_lens(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    return await server.ask(params.text_document.uri, totals) or []


async def inlay_hint(server: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    if not server.session.shows_shapes:
        return []
    return await server.ask(params.text_document.uri, lambda reading: [*shapes(reading, params.range)]) or []


async def formatting(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    return await server.ask(params.text_document.uri, lambda reading: formatted(reading.document))


_FEATURES: dict[str, Callable[..., Any]] = {
    types.INITIALIZE: initialize,
    types.SHUTDOWN: shutdown,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: folders_changed,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: files_changed,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: settings_changed,
    types.TEXT_DOCUMENT_DIAGNOSTIC: document_diagnostic,
    types.TEXT_DOCUMENT_HOVER: hovering,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action,
    types.TEXT_DOCUMENT_CODE_LENS: code_lens,
    types.TEXT_DOCUMENT_INLAY_HINT: inlay_hint,
    types.TEXT_DOCUMENT_FORMATTING: formatting,
}

_OPTIONS: dict[str, Any] = {
    types.TEXT_DOCUMENT_DIAGNOSTIC: types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=False, identifier="vggdsl"
    ),
    types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(KINDS),
}


def serve(version: str) -> int:
    """Talks over standard input and output until the editor ends it or is gone. What is logged goes to standard error.

    Returns the exit code: 0 where the editor asked for the end before, as the protocol says.
    """
    stdout, sys.stdout = sys.stdout, sys.stderr  # whatever prints, it doesn't come between messages
    server = Server(version)
    for name, handler in _FEATURES.items():
        server.feature(name, _OPTIONS.get(name))(partial(handler, server))
    server.start_io(sys.stdin.buffer, stdout.buffer)
    return 0 if server.is_shut_down else 1
