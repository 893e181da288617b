"""Links between files: `use` brings blocks, `extends` a network that edits change.

A document with links becomes one without; what was written stays what it was.
"""

from collections.abc import Callable, Iterator

from vggdsl.language import syntax
from vggdsl.language.blocks import called_blocks
from vggdsl.language.choices import has_choices
from vggdsl.language.deltas import changed
from vggdsl.language.syntax import Document, Line
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, NetworkError, VggdslError
from vggdsl.text.source import Source, Span

Load = Callable[[syntax.Link], Document]
"""The document that a link names. Raises ``VggdslError`` if there is none that may be read."""

DEEPEST = 20
"""Files that lead to each other; more are no experiment."""
_IN_BLOCKS = (syntax.Cites, syntax.Link, syntax.Block)


def flatten(document: Document, load: Load) -> Document:
    """The document without links: the blocks that it calls in it, edits made.

    Raises ``VggdslError`` for links that lead nowhere or in a circle, and for edits of what isn't there.
    """
    flat = _Links(load).flatten(document, ())
    if flat is document or is_blocks(flat):
        return flat
    source, called = document.source, called_blocks(flat)
    return Document(tuple(line for line in flat.lines if not _is_idle(line, source, called)))


def is_blocks(document: Document) -> bool:
    """Whether a file holds nothing but blocks, for others to use."""
    contents = document.contents
    brings = any(isinstance(c, syntax.Block | syntax.Link) for c in contents)
    return brings and all(isinstance(c, _IN_BLOCKS) and not _extends(c) for c in contents)


def _extends(content: syntax.Content) -> bool:
    return isinstance(content, syntax.Link) and content.verb == "extends"


def _is_idle(line: Line, source: Source | None, called: set[str]) -> bool:
    """Whether it is a block of another file that nothing calls here."""
    block = line.content
    return isinstance(block, syntax.Block) and block.span.source != source and block.name not in called


class _Links:
    """Follows links; a file that several lead to is flattened once."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.known: dict[Source, Document] = {}

    def flatten(self, document: Document, path: tuple[syntax.Link, ...]) -> Document:
        links = [c for c in document.contents if isinstance(c, syntax.Link)]
        edits = [c for c in document.contents if isinstance(c, syntax.Remove | syntax.Edit)]
        bases = [link for link in links if link.verb == "extends"]
        if len(bases) > 1:
            labels = (Label(bases[1].span, "again"), Label(bases[0].span, "first here", primary=False))
            raise NetworkError(Diagnostic("V242", "a second `extends`", labels, "a spec extends one other"))
        if edits and not bases:
            word = "remove" if isinstance(edits[0], syntax.Remove) else edits[0].verb
            help = 'say what it changes: `extends "base.arch"`'
            raise NetworkError(Diagnostic("V242", f"`{word}` without `extends`", (Label(edits[0].span, "here"),), help))
        if not links:
            return document
        lines: list[Line] = []
        for line in document.lines:
            if isinstance(line.content, syntax.Link) and line.content.verb == "use":
                seen = {block.content.span for block in lines if isinstance(block.content, syntax.Block)}
                lines += (block for block, span in self._blocks(line.content, path) if span not in seen)
            else:
                lines.append(line)
        if not bases:
            return Document(tuple(lines))
        base = self._follow(bases[0], path)
        if is_blocks(base):
            label = Label(bases[0].span, "has no network")
            use = f'use "{bases[0].path}"'
            wrong = Diagnostic("V242", "a file of blocks can't be extended", (label,))
            raise NetworkError(wrong.helped(f"write `{use}`", Edit(bases[0].span, use)))
        if has_choices(base):
            label = Label(bases[0].span, "leaves choices open")
            help = "extend a spec, and write choices here; or write choices into that file"
            raise NetworkError(Diagnostic("V242", "a space can't be extended", (label,), help))
        return changed(base, lines)

    def _follow(self, link: syntax.Link, path: tuple[syntax.Link, ...]) -> Document:
        """What a link names, flattened."""
        try:
            document = self.load(link)
            source = document.source
            _check_circle(link, source, path)
            if source is None:
                return document
            if source not in self.known:
                self.known[source] = self.flatten(document, (*path, link))
            return self.known[source]
        except VggdslError as error:
            place = Label(link.span, "by this link", primary=False)
            findings = (
                d.at(place) if d.labels and all(label.span != link.span for label in d.labels) else d
                for d in error.diagnostics
            )
            raise type(error)(findings) from None

    def _blocks(self, link: syntax.Link, path: tuple[syntax.Link, ...]) -> Iterator[tuple[Line, Span]]:
        document = self._follow(link, path)
        for content in document.contents:
            if not isinstance(content, _IN_BLOCKS):
                labels = (Label(link.span, "uses it"), Label(content.span, "not a block", primary=False))
                help = "move the blocks into a file of their own, or write `extends`"
                raise NetworkError(Diagnostic("V242", "`use` of a file that holds more than blocks", labels, help))
        for line in document.lines:
            if isinstance(line.content, syntax.Block):
                yield line, line.content.span


def _check_circle(link: syntax.Link, source: Source | None, path: tuple[syntax.Link, ...]) -> None:
    if source == link.span.source:
        message = f"a file that {'uses' if link.verb == 'use' else 'extends'} itself"
        raise NetworkError(Diagnostic("V240", message, (Label(link.span, "here"),), "name another file"))
    if any(before.span.source == source for before in path) or len(path) >= DEEPEST:
        message = "files that lead to each other in a circle"
        if len(path) >= DEEPEST:
            message = f"more than {DEEPEST} files, each led to by the one before"
        raise NetworkError(Diagnostic("V240", message, (Label(link.span, "here"),), "one of them must stand alone"))
