"""What an editor asks about words and names, and how it is answered: each request in a function."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from vggdsl.editor import told
from vggdsl.editor.document import Reading
from vggdsl.editor.findings import is_in, range_of
from vggdsl.editor.renaming import Refusal, renamable, rename
from vggdsl.editor.server import Server
from vggdsl.editor.words import Words
from vggdsl.language.library import read_source
from vggdsl.text.edits import Edit
from vggdsl.text.errors import VggdslError

T = TypeVar("T")
S = TypeVar("S")

_MOST_FILES = 1000
"""Specs of a workspace that are looked through for a name."""
_REQUEST_FAILED = -32803
"""Of the protocol: what is asked is right, and can't be done; the editor shows why."""


async def _about(server: Server, uri: str, question: Callable[[Reading], T], otherwise: S) -> T | S:
    """What is found in a spec; a table in another notation has none of its words and names."""
    found = await server.ask(uri, lambda reading: question(reading) if reading.has_words else otherwise)
    return otherwise if found is None else found


def _at(reading: Reading, place: types.Position) -> int:
    return reading.document.lines.offset(place.line, place.character)


async def completion(server: Server, params: types.CompletionParams) -> list[types.CompletionItem]:
    can = server.client_capabilities.text_document
    item = can.completion.completion_item if can is not None and can.completion is not None else None
    snippets = item is not None and bool(item.snippet_support)
    return await _about(
        server,
        params.text_document.uri,
        lambda reading: told.offered(reading, _at(reading, params.position), snippets),
        [],
    )


async def definition(server: Server, params: types.DefinitionParams) -> list[types.Location]:
    return await _about(
        server, params.text_document.uri, lambda reading: told.defined(reading, _at(reading, params.position)), []
    )


async def references(server: Server, params: types.ReferenceParams) -> list[types.Location]:
    def question(reading: Reading) -> list[types.Location]:
        others = _others(server, reading)
        return told.used(reading, _at(reading, params.position), others, params.context.include_declaration)

    return await _about(server, params.text_document.uri, question, [])


async def prepare_rename(server: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    def question(reading: Reading) -> types.PrepareRenamePlaceholder | Refusal:
        found = renamable(reading.words, _at(reading, params.position))
        if isinstance(found, Refusal):
            return found
        return types.PrepareRenamePlaceholder(range_of(found.span, reading.document), str(found))

    return _granted(await _about(server, params.text_document.uri, question, _NO_NAMES))


async def renaming(server: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    def question(reading: Reading) -> types.WorkspaceEdit | Refusal:
        others = list(_others(server, reading))
        edits = rename(reading.words, _at(reading, params.position), params.new_name, others)
        if isinstance(edits, Refusal):
            return edits
        strange = next((edit for edit in edits if not _is_own(server, reading, edit)), None)
        if strange is not None:
            return Refusal(f"{strange.span.source.name} lies outside of the folders that are open")
        return told.changes(edits, reading.document)

    return _granted(await _about(server, params.text_document.uri, question, _NO_NAMES))


_NO_NAMES = Refusal("only specs and files of blocks have names that can be others")


def _granted(found: T | Refusal) -> T:
    if isinstance(found, Refusal):
        raise JsonRpcException(found.why, _REQUEST_FAILED)
    return found


def _is_own(server: Server, reading: Reading, edit: Edit) -> bool:
    """Whether an edit is of a text that is open, or of a file in a folder that is."""
    name = edit.span.source.name
    if is_in(edit.span, reading.document) or any(name == each.name for each in list(server.session.documents.values())):
        return True
    path = Path(name).absolute()
    return any(path.is_relative_to(folder) for folder in list(server.session.folders.values()))


def _others(server: Server, reading: Reading) -> Iterator[Words]:
    """The other texts that are open, and the specs in the folders that are; as they are open, if they are."""
    own, session = reading.document, server.session
    seen = {own.name}
    for document in list(session.documents.values()):
        if document.name not in seen:
            seen.add(document.name)
            yield Words(document.source, reading.folders)
    files = (path for folder in reading.folders for path in _specs_in(folder))
    for path in islice(files, _MOST_FILES):
        try:
            source = read_source(path)
        except VggdslError:
            continue
        if source.name not in seen:
            seen.add(source.name)
            yield Words(source, reading.folders)


def _specs_in(folder: Path) -> Iterator[Path]:
    """Specs in a folder and those within, but for hidden ones, and what packages are installed in."""
    try:
        inner = sorted(folder.iterdir())
    except OSError:
        return
    for path in inner:
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in _NO_FOLDERS:
                yield from _specs_in(path)
        elif path.suffix == ".arch":
            yield path


_NO_FOLDERS = ("node_modules", "site-packages", "__pycache__", "runs")


async def document_symbol(server: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    return await _about(server, params.text_document.uri, told.outlined, [])


async def folding_range(server: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    return await _about(server, params.text_document.uri, told.foldable, [])


async def semantic_tokens(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    return types.SemanticTokens(await _about(server, params.text_document.uri, told.coloured, []))


REQUESTS: dict[str, Callable[..., Any]] = {
    types.TEXT_DOCUMENT_COMPLETION: completion,
    types.TEXT_DOCUMENT_DEFINITION: definition,
    types.TEXT_DOCUMENT_REFERENCES: references,
    types.TEXT_DOCUMENT_PREPARE_RENAME: prepare_rename,
    types.TEXT_DOCUMENT_RENAME: renaming,
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: document_symbol,
    types.TEXT_DOCUMENT_FOLDING_RANGE: folding_range,
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: semantic_tokens,
}

OPTIONS: dict[str, Any] = {
    types.TEXT_DOCUMENT_COMPLETION: types.CompletionOptions(trigger_characters=["=", "(", '"', "$"]),
    types.TEXT_DOCUMENT_RENAME: types.RenameOptions(prepare_provider=True),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: told.LEGEND,
}
"""What the editor is told of a request beside that it is answered."""
