"""A text, read as far as it goes, and what is wrong with it: what ``vggdsl check`` says, without printing."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vggdsl.language import notations, syntax
from vggdsl.language.blocks import blocks_of
from vggdsl.language.links import flatten, is_blocks
from vggdsl.spec.copies import loader
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.space import Made, Most, Space, space_of, tried_networks
from vggdsl.spec.space_check import check_space
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.facts import OpenSpace
from vggdsl.text.source import Source

_BLOCK = re.compile(r"^[ \t]*block\b", re.IGNORECASE | re.MULTILINE)


AT_ONCE = Most(20, 2_000)
"""What is made of a space where an answer is awaited at each key: a tenth of a second."""
IN_SECONDS = Most(1_000, 50_000)
"""What is made of it where somebody waits for a command."""


@dataclass(frozen=True)
class Checked:
    """What is wrong with a network of a text, or with a file of blocks.

    ``column`` is what a table of several networks calls it, and else empty; ``spec`` is there if it can be read, or
    ``space`` if it leaves choices open, with the networks that were made of it; ``blocks`` is how many a file has that
    holds nothing else.
    """

    findings: list[Diagnostic] = field(default_factory=list)
    column: str = ""
    spec: Spec | None = None
    blocks: int | None = None
    space: Space | None = None
    made: Sequence[Made] = ()


def check_text(source: Source, beside: Iterable[str | Path] = (), most: Most = AT_ONCE) -> Iterator[Checked]:
    """Each network of a text; its links may also lead into the folders of what is ``beside``.

    Of a space as many networks are made as ``most`` allows: all, or a sample.
    """
    beside = tuple(beside)
    try:
        if (blocks := _blocks(source, beside)) is not None:
            yield blocks
            return
        for column, found in parse_all(source.written, source.name, beside=beside):
            if isinstance(found, Spec):
                yield Checked(found.check(), column, found)
            elif any(isinstance(d.facts, OpenSpace) for d in found.diagnostics):
                space = space_of(source, beside)
                made = tried_networks(space, most)
                yield Checked(check_space(space, made), column, space=space, made=made)
            else:
                yield Checked(list(found.diagnostics), column)
    except VggdslError as error:
        yield Checked(list(error.diagnostics))


def _blocks(source: Source, beside: Iterable[str | Path]) -> Checked | None:
    """Of a file of blocks what is wrong with them; None for any other file."""
    if not _BLOCK.search(source.text):  # spares the others the reading
        return None
    document = notations.read(source)
    if not is_blocks(document):
        return None
    findings = list[Diagnostic]()
    blocks_of(flatten(document, loader(source, beside)).contents, findings)
    return Checked(findings, blocks=sum(isinstance(content, syntax.Block) for content in document.contents))
