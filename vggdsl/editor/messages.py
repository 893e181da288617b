"""Words, names and outlines as the protocol says them."""

from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types

from vggdsl.editor import offers, outline, tokens
from vggdsl.editor.completion import completions
from vggdsl.editor.document import Document, Written
from vggdsl.editor.findings import location_of, range_of
from vggdsl.editor.markdown import prose
from vggdsl.editor.names import definitions, name_at, uses
from vggdsl.editor.words import Words
from vggdsl.text.edits import Edit
from vggdsl.text.printing import LINE, shown
from vggdsl.text.source import Span

_Kind = types.CompletionItemKind
_OFFERED: dict[offers.What, types.CompletionItemKind] = {
    "block": _Kind.Function,
    "call": _Kind.Function,
    "choice": _Kind.TypeParameter,
    "data set": _Kind.Module,
    "directive": _Kind.Keyword,
    "entry": _Kind.Property,
    "file": _Kind.File,
    "kind": _Kind.Class,
    "label": _Kind.Variable,
    "layer": _Kind.Class,
    "measure": _Kind.Field,
    "merge": _Kind.Class,
    "option": _Kind.Property,
    "parameter": _Kind.TypeParameter,
    "recipe": _Kind.Struct,
    "spec": _Kind.Module,
    "value": _Kind.EnumMember,
    "word": _Kind.Keyword,
}
_Symbol = types.SymbolKind
_OUTLINED: dict[outline.What, types.SymbolKind] = {
    "block": _Symbol.Function,
    "claim": _Symbol.Field,
    "edit": _Symbol.Event,
    "element": _Symbol.Variable,
    "entry": _Symbol.Property,
    "file": _Symbol.File,
    "input": _Symbol.Variable,
    "measured": _Symbol.Constant,
    "recipe": _Symbol.Struct,
    "rule": _Symbol.Operator,
    "stage": _Symbol.Namespace,
}
LEGEND = types.SemanticTokensLegend(list(tokens.WHATS), ["definition"])


def offered(text: Written, at: int, takes_snippets: bool) -> list[types.CompletionItem]:
    """What may stand at a place, which is an offset into what is written."""
    return [_item(offer, text.document, takes_snippets) for offer in completions(text.words, at)]


def _item(offer: offers.Offer, document: Document, takes_snippets: bool) -> types.CompletionItem:
    is_snippet = takes_snippets and bool(offer.snippet)
    meaning = types.MarkupContent(types.MarkupKind.Markdown, prose(offer.meaning)) if offer.meaning else None
    return types.CompletionItem(
        label=offer.word,
        kind=_OFFERED[offer.what],
        detail=shown(offer.detail, LINE) or None,
        documentation=meaning,
        sort_text=f"{offer.rank:04}",
        filter_text=offer.text if offer.text.startswith('"') else offer.word,
        insert_text_format=types.InsertTextFormat.Snippet if is_snippet else types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(range_of(offer.span, document), offer.snippet if is_snippet else offer.text),
    )


def defined(text: Written, at: int) -> list[types.Location]:
    return locations(definitions(text.words, at), text.document)


def used(text: Written, at: int, others: Iterable[Words], with_definitions: bool) -> list[types.Location]:
    """Where the name at a place stands, in all texts."""
    name = name_at(text.words, at)
    if name is None:
        return []
    found = [each for _, each in uses(text.words, name, others) if with_definitions or not each.is_definition]
    return locations([each.word.span for each in found], text.document)


def locations(spans: Iterable[Span], document: Document) -> list[types.Location]:
    found = (location_of(span, document) for span in spans)
    return [location for location in found if location is not None]


def changes(edits: Iterable[Edit], document: Document) -> types.WorkspaceEdit:
    """Edits of this text and of others."""
    found = dict[str, Sequence[types.TextEdit]]()
    for edit in edits:
        location = location_of(edit.span, document)
        assert location is not None
        found[location.uri] = [*found.get(location.uri, ()), types.TextEdit(location.range, edit.text)]
    return types.WorkspaceEdit(found)


def outlined(text: Written) -> list[types.DocumentSymbol]:
    return [_symbol(symbol, text.document) for symbol in outline.symbols(text.words)]


def _symbol(symbol: outline.Symbol, document: Document) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=shown(symbol.name, LINE),
        kind=_OUTLINED[symbol.what],
        range=range_of(symbol.span, document),
        selection_range=range_of(symbol.head, document),
        detail=shown(symbol.detail, LINE) or None,
        children=[_symbol(inner, document) for inner in symbol.inner],
    )


def foldable(text: Written) -> list[types.FoldingRange]:
    """Lines as the protocol counts them: a return alone ends one there, and nothing here."""
    if "\r" in text.document.text.replace("\r\n", ""):
        return []
    return [
        types.FoldingRange(
            start_line=fold.first - 1,
            end_line=fold.last - 1,
            kind=types.FoldingRangeKind.Comment if fold.is_comment else types.FoldingRangeKind.Region,
        )
        for fold in outline.folds(text.words)
    ]


def coloured(text: Written) -> list[int]:
    """Tokens as the protocol writes them: each by how far it is behind the one before."""
    data, line, character = list[int](), 0, 0
    for token, at, length in _on_lines(tokens.tokens(text.words), text.document):
        behind = at.character - (character if at.line == line else 0)
        data += (at.line - line, behind, length, tokens.WHATS.index(token.what), int(token.is_definition))
        line, character = at.line, at.character
    return data


def _on_lines(found: Sequence[tokens.Token], document: Document) -> Iterator[tuple[tokens.Token, types.Position, int]]:
    """Where each token begins, and how long it is there: no editor has one that goes on behind a line's end."""
    for token in found:
        where = range_of(token.span, document)
        if where.start.line == where.end.line:
            yield token, where.start, where.end.character - where.start.character
