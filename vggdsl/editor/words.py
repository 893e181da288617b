"""A text that is being written: its words, and what has a name in it and in the files that it leads to."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from vggdsl.editor.naming import Name, names_in
from vggdsl.editor.statements import Statement, Statements, statements
from vggdsl.language import notations, syntax
from vggdsl.language.blocks import inner_items
from vggdsl.language.elaborate import AnnotatedGraph, elaborate
from vggdsl.language.links import Load, flatten
from vggdsl.language.notations import SIGNS, Lexeme
from vggdsl.network.infer import infer
from vggdsl.network.weights import weight_shapes
from vggdsl.spec.chosen import layers_in, places_of
from vggdsl.spec.copies import loader
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Placed, Source, Span

_KEPT = 100
"""Texts of which is kept what was read, though only one of them changed."""


@lru_cache(_KEPT)
def legible(source: Source) -> tuple[syntax.Document, bool]:
    """What is written, without the lines that can't be read; and whether that is all."""
    return notations.read_partly(source)


@lru_cache(_KEPT)
def _lexemes(source: Source) -> Sequence[Lexeme]:
    return tuple(notations.lexemes(source))


@dataclass(frozen=True)
class Place:
    """Where a cursor stands: at which word of which statement, of which ``before`` are the words before that one."""

    cursor: Span
    word: Lexeme | None
    statement: Statement
    """As if the text ended before that word."""

    @property
    def before(self) -> Sequence[Lexeme]:
        return self.statement.words


class Words:
    """The words and names of a text. It needn't be right; what can't be read has no names.

    Its links may also lead into the folders of what is ``beside``. What is open in an editor is read as it is there,
    if asked for within ``library.opened``.
    """

    def __init__(self, source: Source, beside: Iterable[str | Path] = ()) -> None:
        self.source, self.beside = source, tuple(beside)

    @cached_property
    def load(self) -> Load:
        return loader(self.source, self.beside)

    # -- words

    @cached_property
    def lexemes(self) -> Sequence[Lexeme]:
        return _lexemes(self.source)

    @cached_property
    def statements(self) -> Statements:
        return statements(self.lexemes)

    @cached_property
    def _ends(self) -> Sequence[int]:
        return [each.span.end for each in self.lexemes]

    def place(self, written: int) -> Place:
        """Of a cursor, by its offset into what was written."""
        cursor = self.source.cursor(written)
        at = cursor.start
        first = bisect_left(self._ends, at)
        word = next((each for each in self.lexemes[first : first + 2] if _touches(each, at)), None)
        before = self.lexemes[: bisect_right(self._ends, at if word is None else word.span.start)]
        return Place(cursor, word, statements(before).open)

    # -- names

    @cached_property
    def document(self) -> syntax.Document:
        """What is written, without the lines that can't be read."""
        return legible(self.source)[0]

    @cached_property
    def linked(self) -> Sequence[syntax.Document]:
        """The files that it leads to, also by way of others, each once; those that can't be read are left out."""
        found, todo = dict[Source, syntax.Document](), [self.document]
        while todo:
            for link in links_of(todo.pop(0)):
                document = self.follow(link)
                if document is not None and document.source not in (None, *found, self.source):
                    assert document.source is not None
                    found[document.source] = document
                    todo.append(document)
        return tuple(found.values())

    def follow(self, link: syntax.Link) -> syntax.Document | None:
        """What a link leads to, if that can be read."""
        try:
            return self.load(link)
        except VggdslError:
            return None

    def text_of(self, path: Placed) -> "Words | None":
        """The file that a path in it names, if that is a spec that can be read."""
        document = self.follow(syntax.Link("extends", path, path.span))
        return None if document is None or document.source is None else Words(document.source, self.beside)

    @cached_property
    def others(self) -> "Sequence[Words]":
        """The words of these files."""
        return [Words(document.source) for document in self.linked if document.source is not None]

    def mentions(self, name: str) -> bool:
        """Whether something is written like a name, in capitals or not."""
        return name.lower() in self.source.text.lower()

    @cached_property
    def names(self) -> Sequence[Name]:
        """The names that stand in it, each where it does."""
        return [name for statement in self.statements.all for name in names_in(statement) if statement.words]

    @cached_property
    def numbers_left_open(self) -> Sequence[str]:
        """The names of choices of numbers, in small letters, those of the files that it leads to among them."""
        names = (name for text in (self, *self.others) for name in text.names if name.what == "choice")
        found = (name.word.lower() for name in names if name.is_definition and not name.is_of_elements)
        return tuple(dict.fromkeys(found))

    @cached_property
    def blocks(self) -> Mapping[str, syntax.Block]:
        """Those that can be called in it; of those with one name the nearest."""
        found = dict[str, syntax.Block]()
        for document in (self.document, *self.linked):
            for content in document.contents:
                if isinstance(content, syntax.Block):
                    found.setdefault(str(content.name), content)
        return found

    @cached_property
    def recipes(self) -> Sequence[str]:
        """The names of its recipes, those that it inherits among them."""
        extended = [each for each in self.linked if each in self._extended]
        contents = [c for document in (self.document, *extended) for c in document.contents]
        return tuple(dict.fromkeys(str(c.name) for c in contents if isinstance(c, syntax.Train) and c.name))

    @cached_property
    def _extended(self) -> Sequence[syntax.Document]:
        found, link = list[syntax.Document](), self.document.extends
        while link is not None and (base := self.follow(link)) is not None and base not in found:
            found.append(base)
            link = base.extends
        return found

    @cached_property
    def network(self) -> AnnotatedGraph | None:
        """The network, if what can be read is one."""
        return self._made(self.document)

    @cached_property
    def base(self) -> AnnotatedGraph | None:
        """The network that it changes, if it extends one."""
        return self._made(self._extended[0]) if self._extended else None

    def _made(self, document: syntax.Document) -> AnnotatedGraph | None:
        try:
            return elaborate(flatten(document, self.load))
        except VggdslError:
            return None

    @cached_property
    def layers(self) -> Mapping[str, str]:
        """What a claim can name, with what it is: labels, and the names of layers in tables."""
        return self._named(self.network, self.document)

    @cached_property
    def weighted(self) -> Mapping[str, str]:
        """What a recipe can name: layers with weights, and what holds some."""
        if self.network is None:
            return self.layers
        try:
            names = places_of(layers_in(weight_shapes(infer(self.network.graph))))
        except VggdslError:
            return self.layers
        return {name: self.layers.get(name, "label") for name in names}

    @cached_property
    def changeable(self) -> Mapping[str, str]:
        """What an edit can name in the network that it changes."""
        labels = dict.fromkeys(_labels(self._extended[0].items if self._extended else ()), "label")
        return {**labels, **self._named(self.base, None)}

    def _named(self, network: AnnotatedGraph | None, document: syntax.Document | None) -> Mapping[str, str]:
        if network is None:
            return dict.fromkeys(_labels(document.items if document is not None else ()), "label")
        labels = dict.fromkeys(network.labels, "label")
        layers = {node.name: node.spelled or node.op.text for node in network.graph.training_nodes}
        return {**labels, **{name: what for name, what in layers.items() if name not in labels}}


_SIGNS = (*SIGNS, "ARROW", "_NL")
"""What no word is continued by."""


def _touches(word: Lexeme, at: int) -> bool:
    """Whether a cursor is at a word: also right before or behind it, but within a string or a comment."""
    start, end = word.span.start, word.span.end
    if word.kind == "STRING":
        return start < at < end
    if word.kind in ("UNCLOSED", "COMMENT"):
        return start < at <= end
    if word.kind in ("LABEL", "INNER_LABEL"):  # behind the colon something else begins
        return start <= at < end
    return word.kind not in _SIGNS and start <= at <= end


def links_of(document: syntax.Document) -> Iterator[syntax.Link]:
    return (content for content in document.contents if isinstance(content, syntax.Link))


def _labels(items: Iterable[syntax.Item], prefix: str = "") -> Iterator[str]:
    """Labels, and those inside labelled elements as `outer.inner`."""
    for item in items:
        inner = prefix
        if item.label is not None:
            yield f"{prefix}{item.label}"
            inner = f"{prefix}{item.label}."
        yield from _labels(inner_items(item.element), inner)
