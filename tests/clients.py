"""What editors say to ``vggdsl lsp``, in a process of its own."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client


@asynccontextmanager
async def editor(folder: Path, name: str = "visual-studio-code", **options: object) -> AsyncIterator[LanguageClient]:
    """An editor in which a folder is open, with what such an editor can do."""
    client = make_test_lsp_client()
    await client.start_io(sys.executable, "-m", "vggdsl", "lsp", cwd=folder)
    workspace = types.WorkspaceFolder(folder.as_uri(), folder.name)
    await client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(name), workspace_folders=[workspace], initialization_options=options
        )
    )
    yield client
    await client.shutdown_session()


def open_text(client: LanguageClient, text: str, uri: str) -> None:
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "vggdsl", 1, text)))
