"""The language server: what an editor sends, and what it is answered."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from vggdsl.editor.document import Reading
from vggdsl.editor.findings import diagnostics
from vggdsl.editor.session import Change, Session

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
        self._server.tell_soon(0, text.uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        text = params.text_document
        self._server.session.change(text.uri, text.version, map(_change, params.content_changes))
        self._server.tell_soon(_PAUSE, text.uri)

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
        self._changed = set[str]()
        """Texts of which nothing was told since they changed."""
        self._published: dict[str, types.PublishDiagnosticsParams] = {}
        """What is found in each text, as it was told last."""
        self._telling: asyncio.TimerHandle | None = None
        self._tasks = set[asyncio.Task[None]]()

    @property
    def asks_for_findings(self) -> bool:
        """Whether the editor asks for findings by itself: then it isn't told them, or it would show them twice."""
        text_document = self.client_capabilities.text_document
        return text_document is not None and text_document.diagnostic is not None

    async def ask(self, uri: str, question: Callable[[Reading], T]) -> T | None:
        """What a question finds in a text, as it is now; None of one that isn't open."""
        return await self.session.readings.ask(uri, question)

    def tell_soon(self, pause: float, *changed: str) -> None:
        """Tells the findings of texts that have changed and of those that lead to them, after a pause in which none
        changes."""
        self._changed.update(changed)
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.get_running_loop().call_later(pause, self._tell_all)

    def tell_again(self) -> None:
        """Files have changed: what is found may be other than was told."""
        self.session.refresh()
        self.tell_soon(0)

    def _tell_all(self) -> None:
        changed, concerned = self._changed, self.session.concerned
        self._changed, self.session.concerned = set(), set()
        if self.asks_for_findings:
            if concerned and self._is_to_ask_again:
                self.workspace_diagnostic_refresh(None)
            return
        for uri in changed | concerned:
            task = asyncio.ensure_future(self._tell(uri))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def _is_to_ask_again(self) -> bool:
        """Whether the editor can be told to ask for findings, though it changed nothing in a text."""
        workspace = self.client_capabilities.workspace
        findings = None if workspace is None else workspace.diagnostics
        return findings is not None and bool(findings.refresh_support)

    async def _tell(self, uri: str) -> None:
        try:
            found = await self.ask(uri, lambda reading: (reading.document, diagnostics(reading)))
        except Exception:
            _log.exception("%s could not be read", uri)
            return
        if found is None or self.session.documents.get(uri) is not found[0]:
            return
        document, items = found
        params = types.PublishDiagnosticsParams(uri, items, document.version)
        if self._published.get(uri) != params:
            self._published[uri] = params
            self.text_document_publish_diagnostics(params)

    def withdraw(self, uri: str) -> None:
        """What was told of a text that is no longer open."""
        told = self._published.pop(uri, None)
        if told is not None and told.diagnostics:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A mistake of our own is logged: a window for each key that is pressed would help nobody. That of a request is
        logged by pygls."""
        if source is not FeatureRequestError:
            _log.error("%s", error, exc_info=error)
