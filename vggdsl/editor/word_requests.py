"""What an editor asks about words and names, and how it is answered: each request in a function."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from vggdsl.editor import messages
from vggdsl.editor.document import Document, Written
from vggdsl.editor.files import kept_from, specs_in
from vggdsl.editor.findings import range_of
from vggdsl.editor.renaming import Refusal, renamable, rename
from vggdsl.editor.server import Server
from vggdsl.editor.session import Session
from vggdsl.editor.words import Words
from vggdsl.language.library import noting, read_source, real_path
from vggdsl.text.errors import VggdslError

_log = logging.getLogger(__name__)

T = TypeVar("T")
S = TypeVar("S")

_TOO_MANY = "the folders that are open hold too many"
_REQUEST_FAILED = -32803
"""Of the protocol: what is asked is right, and can't be done; the editor shows why."""


async def _about(server: Server, uri: str, question: Callable[[Written], T], otherwise: S) -> T | S:
    """What is found in a spec; a table in another notation has none of its words and names."""
    found = await server.session.words.ask(uri, lambda text: question(text) if text.document.has_words else otherwise)
    return otherwise if found is None else found


def _at(text: Written, place: types.Position) -> int:
    return text.document.lines.offset(place.line, place.character)


async def completion(server: Server, params: types.CompletionParams) -> list[types.CompletionItem]:
    can = server.client_capabilities.text_document
    item = can.completion.completion_item if can is not None and can.completion is not None else None
    snippets = item is not None and bool(item.snippet_support)
    return await _about(
        server,
        params.text_document.uri,
        lambda text: messages.offered(text, _at(text, params.position), snippets),
        [],
    )


async def definition(server: Server, params: types.DefinitionParams) -> list[types.Location]:
    return await _about(
        server, params.text_document.uri, lambda text: messages.defined(text, _at(text, params.position)), []
    )


async def references(server: Server, params: types.ReferenceParams) -> list[types.Location]:
    def question(text: Written) -> list[types.Location]:
        others, are_all = _others(server.session, text.document)
        if not are_all:
            _log.warning("references are looked for in some files alone: %s", _TOO_MANY)
        return messages.used(text, _at(text, params.position), others, params.context.include_declaration)

    return await _about(server, params.text_document.uri, question, [])


async def prepare_rename(server: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    def question(text: Written) -> types.PrepareRenamePlaceholder | Refusal:
        found = renamable(text.words, _at(text, params.position))
        if isinstance(found, Refusal):
            return found
        return types.PrepareRenamePlaceholder(range_of(found.span, text.document), str(found))

    return _granted(await _about(server, params.text_document.uri, question, _NO_NAMES))


async def renaming(server: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    def question(text: Written) -> types.WorkspaceEdit | Refusal:
        others, are_all = _others(server.session, text.document)
        if not are_all:
            return Refusal(f"not all files are found in which the name may stand: {_TOO_MANY}")
        at = _at(text, params.position)
        edits = rename(text.words, at, params.new_name, others, partial(kept_from, folders=text.document.folders))
        return edits if isinstance(edits, Refusal) else messages.changes(edits, text.document)

    return _granted(await _about(server, params.text_document.uri, question, _NO_NAMES))


_NO_NAMES = Refusal("only specs and files of blocks have names that can be others")


def _granted(found: T | Refusal) -> T:
    if isinstance(found, Refusal):
        raise JsonRpcException(found.why, _REQUEST_FAILED)
    return found


def _others(session: Session, document: Document) -> tuple[list[Words], bool]:
    """The other texts that are open, and the specs in the folders that are, as they are open, if they are; and whether
    these are all."""
    found = {each.real_path or each.name: each.source for each in session.documents.values()}
    paths, are_all = specs_in(document.folders)
    with noting({}):  # what is found in a text depends on none that is only looked through
        for path in paths:
            if (real := real_path(path)) not in found:
                with suppress(VggdslError):
                    found[real] = read_source(path)
    found.pop(document.real_path or document.name, None)
    return [Words(source, document.folders) for source in found.values()], are_all


async def document_symbol(server: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    return await _about(server, params.text_document.uri, messages.outlined, [])


async def folding_range(server: Server, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    return await _about(server, params.text_document.uri, messages.foldable, [])


async def semantic_tokens(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    return types.SemanticTokens(await _about(server, params.text_document.uri, messages.coloured, []))
