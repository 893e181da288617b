"""The syntax of a text that is being written: of the lines that can be read."""

from collections.abc import Iterable

from vggdsl.language.notations.arch.read import parse
from vggdsl.language.notations.registry import PartlyReadError
from vggdsl.language.syntax import Document
from vggdsl.text.errors import Diagnostic, ParseError
from vggdsl.text.source import Source

_MOST_ROUNDS = 4
"""How often lines are left out: what then can't be read isn't nearly a spec."""


def read_partly(source: Source) -> tuple[Document, bool]:
    """The syntax of a text without the lines at which something is wrong, and whether there are none; its places are
    those in the text as written.

    >>> text = "input 8x8x3\\nclaim\\nb: FC-10 softmax\\n"
    >>> [item.span.line for item in read_partly(Source("a.arch", text))[0].items]
    [1, 3, 3]
    """
    for left_out in range(_MOST_ROUNDS):
        try:
            return parse(source), not left_out
        except PartlyReadError as error:
            if error.rest is not None:
                return error.rest, False
            source = _blanked(source, error.diagnostics)
        except ParseError as error:
            source = _blanked(source, error.diagnostics)
    return Document(()), False


def _blanked(source: Source, findings: Iterable[Diagnostic]) -> Source:
    """The text with spaces in the place of the lines that findings point to."""
    lines = source.written.split("\n")
    for finding in findings:
        for label in finding.labels[:1]:
            number = label.span.line - 1
            lines[number] = " " * len(lines[number])
    return Source(source.name, "\n".join(lines))
