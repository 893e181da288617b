"""A real client talks to the real process."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from clients import editor, open_text
from edits import LEADING, OTHER, TEXTS, edited, edits_of, place
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types
from profiles import THOROUGH
from pytest_lsp import LanguageClient

from specs import BLOCKS, GOOD, WRONG
from vggdsl.editor.document import Document, path_of, read
from vggdsl.editor.findings import diagnostics
from vggdsl.language.library import LARGEST_FILE, opened, real_path

pytestmark = pytest.mark.asyncio(loop_scope="module")


def named(uri: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


def span(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))


async def found_in(client: LanguageClient, uri: str) -> list[types.Diagnostic]:
    report = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(named(uri)))
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    return list(report.items)


async def fixes(client: LanguageClient, uri: str, at: types.Range, *only: str) -> list[types.CodeAction]:
    context = types.CodeActionContext([], list(only) or None)
    found = await client.text_document_code_action_async(types.CodeActionParams(named(uri), at, context))
    return [each for each in found or () if isinstance(each, types.CodeAction)]


async def test_a_mistake_is_told_with_what_mends_it(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "a.arch").as_uri()
    open_text(client, WRONG, uri)
    (found,) = await found_in(client, uri)
    assert (found.code, found.severity, found.range) == ("V101", types.DiagnosticSeverity.Error, span(0, 23, 29))
    (fix,) = await fixes(client, uri, found.range)
    assert fix.edit is not None
    assert fix.is_preferred
    assert fix.edit.changes == {uri: (types.TextEdit(found.range, "maxpool"),)}


async def test_what_is_found_is_sent_to_editors_that_do_not_ask(tmp_path: Path) -> None:
    async with editor(tmp_path, "visual-studio-code") as client:
        uri = "untitled:Untitled-1"
        open_text(client, WRONG, uri)
        await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        assert [found.code for found in client.diagnostics[uri]] == ["V101"]
        client.text_document_did_close(types.DidCloseTextDocumentParams(named(uri)))
        await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        assert not client.diagnostics[uri]


async def test_links_lead_to_texts_that_are_open(client: LanguageClient, tmp_path: Path) -> None:
    """Neither file is on disk. A change of one is seen in the other."""
    blocks, uri = (tmp_path / "blocks.arch").as_uri(), (tmp_path / "net.arch").as_uri()
    open_text(client, 'use "blocks.arch"\ninput 8x8x1 pair(2, 3) FC-10 softmax\n', uri)
    assert [found.code for found in await found_in(client, uri)] == ["V243"]
    open_text(client, BLOCKS, blocks)
    assert await found_in(client, uri) == []
    change = types.TextDocumentContentChangePartial(span(0, 0, 5), "blok")
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, blocks), [change])
    )
    (found,) = await found_in(client, uri)
    assert found.range == span(0, 0, 17)  # at the link
    assert found.related_information is not None
    assert [each.location.uri for each in found.related_information] == [blocks]


async def test_a_layer_is_told_as_compiled_with_totals_and_shapes(tmp_path: Path) -> None:
    async with editor(tmp_path) as client:
        uri = (tmp_path / "a.arch").as_uri()
        open_text(client, GOOD, uri)
        told = await client.text_document_hover_async(types.HoverParams(named(uri), types.Position(0, 16)))
        assert told is not None
        assert told.range == span(0, 14, 22)
        assert isinstance(told.contents, types.MarkupContent)
        assert "64·(3·3·3) + 64 = 1,792" in told.contents.value
        (lens,) = await client.text_document_code_lens_async(types.CodeLensParams(named(uri))) or ()
        assert lens.command is not None
        assert lens.command.title == "165,642 parameters · 1.9 M MACs"
        hints = await client.text_document_inlay_hint_async(types.InlayHintParams(named(uri), span(0, 0, 50)))
        assert [hint.label for hint in hints or ()] == ["32x32x64", "16x16x64", "1x1x10"]


async def test_a_text_is_formatted_with_its_ends_of_lines(client: LanguageClient, tmp_path: Path) -> None:
    uri, options = (tmp_path / "a.arch").as_uri(), types.FormattingOptions(2, True)
    open_text(client, "input 32x32x3  # an image\r\nCONV3-64   maxpool FC-10 softmax\r\n", uri)
    edits = await client.text_document_formatting_async(types.DocumentFormattingParams(named(uri), options))
    assert edits is not None
    assert [(each.range.start.line, each.new_text) for each in edits] == [(1, "conv3-64 maxpool FC-10 softmax\r\n")]


async def test_all_that_is_sure_is_mended_at_once(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "a.arch").as_uri()
    open_text(client, "input 32x32x3\nconv3-64 maxpol\nFC 10 softmax\n", uri)
    (fix,) = await fixes(client, uri, span(0, 0, 0), types.CodeActionKind.SourceFixAll.value)
    assert fix.edit is not None
    assert fix.edit.changes is not None
    (edit,) = fix.edit.changes[uri]
    assert edit.new_text == "conv3-64 maxpool\nFC-10 softmax\n"


async def test_what_is_too_large_or_no_text_is_told(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "a.arch").as_uri()
    open_text(client, "conv3-64 " * (LARGEST_FILE // 9 + 1), uri)
    assert [found.code for found in await found_in(client, uri)] == ["V502"]
    open_text(client, "\0\ufffd\x7f" * 100, uri)
    assert [found.severity for found in await found_in(client, uri)] == [types.DiagnosticSeverity.Error]


@settings(max_examples=10_000 if THOROUGH else 40)
@given(data=st.data())
async def test_after_any_edits_what_is_found_is_that_of_a_fresh_check(
    client: LanguageClient, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """In two texts, of which one may lead to the other; neither has a file."""
    folder, texts = tmp_path_factory.getbasetemp(), dict[str, str]()
    for name, choices in ((OTHER, TEXTS), ("net.arch", (*TEXTS, *LEADING))):
        texts[(folder / name).as_uri()] = data.draw(st.sampled_from(choices))
    for uri, text in texts.items():
        open_text(client, text, uri)
    for version in range(2, 2 + data.draw(st.integers(1, 6))):
        uri = data.draw(st.sampled_from(list(texts)))
        edit = data.draw(edits_of(texts[uri]))
        start, end = (types.Position(*place(texts[uri], at, "utf-8")) for at in (edit.start, edit.end))
        change = types.TextDocumentContentChangePartial(types.Range(start, end), edit.text)
        identifier = types.VersionedTextDocumentIdentifier(version, uri)
        client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        texts[uri] = edited(texts[uri], edit)
        with opened({real_path(path): text for each, text in texts.items() if (path := path_of(each)) is not None}):
            for each, text in texts.items():
                assert await found_in(client, each) == diagnostics(read(Document(each, version, text, "utf-8")))


async def test_weights_of_a_file_that_appears_are_found(client: LanguageClient, tmp_path: Path) -> None:
    """Nobody says that it does."""
    uri, base = (tmp_path / "net.arch").as_uri(), tmp_path / OTHER
    open_text(client, LEADING[-1], uri)
    assert [found.code for found in await found_in(client, uri)] == ["W401"]
    base.write_text(LEADING[-1], "utf-8")
    assert await found_in(client, uri) == []
    base.unlink()
    assert [found.code for found in await found_in(client, uri)] == ["W401"]
    open_text(client, LEADING[-1], base.as_uri())
    assert await found_in(client, uri) == []


async def test_who_asks_for_findings_is_told_to_ask_again_where_another_text_has_changed(
    client: LanguageClient, tmp_path: Path
) -> None:
    uri = (tmp_path / "net.arch").as_uri()
    open_text(client, LEADING[0], uri)
    await found_in(client, uri)
    before = client.diagnostic_refresh_count
    open_text(client, BLOCKS, (tmp_path / "alone.arch").as_uri())
    open_text(client, BLOCKS, (tmp_path / OTHER).as_uri())
    async with asyncio.timeout(30):
        while client.diagnostic_refresh_count == before:
            await asyncio.sleep(0.01)
    assert client.diagnostic_refresh_count == before + 1


async def test_settings_are_asked_for_and_taken(tmp_path: Path) -> None:
    async with editor(tmp_path, inlayHints=False) as client:
        uri = (tmp_path / "a.arch").as_uri()
        open_text(client, GOOD, uri)
        asked = types.InlayHintParams(named(uri), span(0, 0, 50))
        assert not await client.text_document_inlay_hint_async(asked)
        client.set_configuration({"inlayHints": True, "other": 1}, section="vggdsl")
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        async with asyncio.timeout(30):
            while not await client.text_document_inlay_hint_async(asked):  # the server asks for them first
                pass


async def test_files_that_change_on_disk_are_read_again(client: LanguageClient, tmp_path: Path) -> None:
    uri, blocks = (tmp_path / "net.arch").as_uri(), tmp_path / "blocks.arch"
    open_text(client, 'use "blocks.arch"\ninput 8x8x1 pair(2, 3) FC-10 softmax\n', uri)
    assert [found.code for found in await found_in(client, uri)] == ["V243"]
    before = client.diagnostic_refresh_count
    blocks.write_text(BLOCKS, "utf-8")
    event = types.FileEvent(blocks.as_uri(), types.FileChangeType.Created)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    assert await found_in(client, uri) == []
    assert client.diagnostic_refresh_count == before + 1


async def test_a_text_that_takes_long_keeps_no_other_waiting(client: LanguageClient) -> None:
    slow, quick = "untitled:slow", "untitled:quick"
    open_text(client, "input 224x224x3\n" + "conv3-64\n" * 28_000 + "FC-10 softmax\n", slow)
    open_text(client, WRONG, quick)
    asked = asyncio.ensure_future(found_in(client, slow)), asyncio.ensure_future(found_in(client, slow))
    await asyncio.sleep(0.2)  # of more than a second that it takes: a thread has begun with the long text
    assert len(await found_in(client, quick)) == 1
    assert not any(each.done() for each in asked)
    open_text(client, GOOD, slow)
    assert await found_in(client, slow) == []
    assert [len(each) for each in await asyncio.gather(*asked)] == [1, 0]  # the second of the newest text


@pytest.mark.parametrize("ends", ["exit", "$/nothing"])
async def test_the_process_ends_with_its_editor(tmp_path: Path, ends: str) -> None:
    """Though a text is being read, and the editor asked for no end before; or said nothing at all."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vggdsl", "lsp", cwd=tmp_path, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    large = "input 224x224x3\n" + "conv3-64\n" * 19_000
    item = {"uri": "untitled:a", "languageId": "vggdsl", "version": 1, "text": large}
    messages: list[dict[str, object]] = [
        {"id": 1, "method": "initialize", "params": {"capabilities": {}}},
        {"method": "textDocument/didOpen", "params": {"textDocument": item}},
        {"method": ends},
    ]
    for message in messages:
        body = json.dumps({"jsonrpc": "2.0", **message})
        process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    process.stdin.write_eof()
    out, _ = await process.communicate()
    assert process.returncode == 1
    assert all(line.startswith(("Content-", "{")) for line in out.decode().splitlines() if line)
