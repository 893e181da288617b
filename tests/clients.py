"""What editors say to ``vggdsl lsp``, in a process of its own."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

from vggdsl.editor.document import Document


@asynccontextmanager
async def editor(folder: Path, name: str = "neovim", **options: object) -> AsyncIterator[LanguageClient]:
    """An editor in which a folder is open, with what such an editor can do. Neovim asks for findings, in UTF-8; it is
    told when to ask again, as newer ones are."""
    client = make_test_lsp_client()
    client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
    await client.start_io(sys.executable, "-m", "vggdsl", "lsp", cwd=folder)
    workspace = types.WorkspaceFolder(folder.as_uri(), folder.name)
    capabilities = client_capabilities(name)
    assert capabilities.workspace is not None
    capabilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    await client.initialize_session(
        types.InitializeParams(capabilities, workspace_folders=[workspace], initialization_options=options)
    )
    yield client
    await client.shutdown_session()


def open_text(client: LanguageClient, text: str, uri: str) -> None:
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "vggdsl", 1, text)))


def applied(document: Document, change: types.CodeAction | Sequence[types.TextEdit]) -> str:
    """A text as an editor makes it of edits, which don't overlap."""
    if isinstance(change, types.CodeAction):
        assert change.edit is not None
        assert change.edit.changes is not None
        assert list(change.edit.changes) == [document.uri]
        change = change.edit.changes[document.uri]
    text = document.text
    for each in sorted(change, key=lambda edit: edit.range.start, reverse=True):
        start, end = (document.lines.offset(at.line, at.character) for at in (each.range.start, each.range.end))
        text = text[:start] + each.new_text + text[end:]
    return text
