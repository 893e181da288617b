"""A real client asks the real process about words and names."""

import asyncio
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import pytest
from clients import editor, open_text
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient

from vggdsl.editor.tokens import WHATS

pytestmark = pytest.mark.asyncio(loop_scope="module")

NETWORK = 'use "own.arch"\ninput 8x8x1\nstem: conv3-4  # 😀 one\na: unit(4) FC-10 softmax\nclaim stem params 40\n'
BLOCKS = "block unit(c) { conv3-$c }\n"


def named(uri: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


def place(line: int, character: int) -> types.Position:
    return types.Position(line, character)


@pytest.fixture
def network(client: LanguageClient, tmp_path: Path) -> str:
    """Its blocks are on the disk, and the network only in the editor."""
    (tmp_path / "own.arch").write_text(BLOCKS, "utf-8")
    uri = (tmp_path / "net.arch").as_uri()
    open_text(client, NETWORK, uri)
    return uri


async def test_words_are_offered_with_what_they_take_the_place_of(client: LanguageClient, network: str) -> None:
    at_layer = await client.text_document_completion_async(types.CompletionParams(named(network), place(2, 13)))
    behind = await client.text_document_completion_async(types.CompletionParams(named(network), place(2, 14)))
    assert isinstance(at_layer, Sequence)
    assert isinstance(behind, Sequence)
    call = next(item for item in at_layer if item.label == "unit")
    assert call.text_edit == types.TextEdit(types.Range(place(2, 6), place(2, 13)), "unit(${1:c})")
    option = next(item for item in behind if item.label == "pad")
    assert option.text_edit == types.TextEdit(types.Range(place(2, 14), place(2, 14)), "pad=1")
    assert sorted(behind, key=lambda item: item.sort_text or "") == list(behind)


async def test_a_name_is_defined_and_used_in_other_files(client: LanguageClient, network: str) -> None:
    at = place(3, 5)
    found = await client.text_document_definition_async(types.DefinitionParams(named(network), at))
    blocks = network.replace("net.arch", "own.arch")
    assert found == [types.Location(blocks, types.Range(place(0, 6), place(0, 10)))]
    context = types.ReferenceContext(include_declaration=True)
    used = await client.text_document_references_async(types.ReferenceParams(context, named(network), at))
    assert [(each.uri, each.range.start.line) for each in used or ()] == [(network, 3), (blocks, 0)]


async def test_a_name_becomes_another_in_all_files(client: LanguageClient, network: str) -> None:
    at = place(2, 1)
    told = await client.text_document_prepare_rename_async(types.PrepareRenameParams(named(network), at))
    assert told == types.PrepareRenamePlaceholder(types.Range(place(2, 0), place(2, 4)), "stem")
    edit = await client.text_document_rename_async(types.RenameParams(named(network), at, "first"))
    assert edit is not None
    assert edit.changes is not None
    assert [(each.range.start, each.new_text) for each in edit.changes[network]] == [
        (place(2, 0), "first"),
        (place(4, 6), "first"),
    ]


async def test_a_name_becomes_another_also_where_the_folder_is_open_by_a_link(tmp_path: Path) -> None:
    """Of two files that lead to it one is open, by the link, and one only on the disk."""
    home, link = tmp_path / "home", tmp_path / "link"
    home.mkdir()
    link.symlink_to(home)
    texts = {
        "base.arch": "input 8x8x1\nstem: conv3-4\nFC-10 softmax\n",
        "open.arch": 'extends "base.arch"\ninsert-after stem: conv3-4\n',
        "shut.arch": 'extends "base.arch"\nclaim stem params 40\n',
        "began.arch": 'input 8x8x1\nstem: conv3-4\nFC-10 softmax\ntrain { init from("base.arch", stem) }\n',
    }
    for name, text in list(texts.items())[:3]:
        (home / name).write_text(text, "utf-8")
    async with editor(link) as client:
        base, is_open = ((link / name).as_uri() for name in ("base.arch", "open.arch"))
        for uri in (base, is_open):
            open_text(client, texts[uri.rpartition("/")[2]], uri)
        edit = await client.text_document_rename_async(types.RenameParams(named(base), place(1, 1), "trunk"))
        assert edit is not None
        assert edit.changes is not None
        assert edit.changes.keys() == {base, is_open, (home / "shut.arch").as_uri()}
        (home / "began.arch").write_text(texts["began.arch"], "utf-8")
        with pytest.raises(JsonRpcException, match=r"unknown layer of base `stem` \(.*began\.arch:4:"):
            await client.text_document_rename_async(types.RenameParams(named(base), place(1, 1), "trunk"))


async def test_why_a_name_stays_is_told(client: LanguageClient, network: str) -> None:
    """A file beside the folder that is open is nobody's to change."""
    for at, new, why in (((0, 7), "x", "renamed on the disk"), ((2, 1), "a", "`a` already"), ((3, 5), "b", "outside")):
        with pytest.raises(JsonRpcException, match=why):
            await client.text_document_rename_async(types.RenameParams(named(network), place(*at), new))


async def test_a_text_is_outlined_folded_and_coloured(client: LanguageClient, network: str) -> None:
    parts = await client.text_document_document_symbol_async(types.DocumentSymbolParams(named(network)))
    assert [each.name for each in parts or ()] == ['use "own.arch"', "input", "stem", "a", "claim stem"]
    assert await client.text_document_folding_range_async(types.FoldingRangeParams(named(network))) == ()
    told = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(named(network)))
    assert told is not None
    lines = list(accumulate(told.data[::5]))
    kinds = [WHATS[each] for each in told.data[3::5]]
    assert list(zip(lines, kinds, strict=True))[4:8] == [(2, "variable"), (2, "type"), (2, "comment"), (3, "variable")]


async def test_a_table_in_another_notation_has_no_such_words(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "table.txt").as_uri()
    open_text(
        client, "| layer | output |\n| --- | --- |\n| input | 8x8x3 |\n| conv3-4 | 8x8x4 |\n| FC-10 | 10 |\n", uri
    )
    assert await client.text_document_completion_async(types.CompletionParams(named(uri), place(3, 4))) == []
    assert await client.text_document_document_symbol_async(types.DocumentSymbolParams(named(uri))) == []


async def test_links_are_offered_what_is_only_open(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "net.arch").as_uri()
    open_text(client, BLOCKS, (tmp_path / "unsaved.arch").as_uri())
    open_text(client, 'use "', uri)
    found = await client.text_document_completion_async(types.CompletionParams(named(uri), place(0, 5)))
    assert isinstance(found, Sequence)
    assert found[0].label == "unsaved.arch"


async def test_words_are_told_while_a_text_is_checked(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "long.arch").as_uri()
    open_text(client, "input 224x224x3\n" + "conv3-64\n" * 19_000 + "FC-10 softmax\n", uri)
    check = asyncio.ensure_future(client.text_document_diagnostic_async(types.DocumentDiagnosticParams(named(uri))))
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(named(uri)))
    assert folds == ()
    assert not check.done()
    await check
