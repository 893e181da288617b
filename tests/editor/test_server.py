"""A real client talks to the real process."""

from pathlib import Path

import pytest
from clients import open_text
from lsprotocol import types
from pytest_lsp import LanguageClient

from specs import WRONG

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_mistake_is_told(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "a.arch").as_uri()
    open_text(client, WRONG, uri)
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    (found,) = client.diagnostics[uri]
    assert (found.code, found.severity) == ("V101", types.DiagnosticSeverity.Error)
    assert (found.range.start, found.range.end) == (types.Position(0, 23), types.Position(0, 29))
