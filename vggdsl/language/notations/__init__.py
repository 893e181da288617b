"""Notations: how networks are written down.

Each module or package in here is one and registers itself, beside those that they share: ``registry`` (what there is),
``grammar`` (parsers), ``excerpt`` and ``grid`` (a pasted table as cells, without its markup), ``phrases`` (layers as
tables say them), ``calls`` and ``code`` (as Python calls them), ``summaries`` (as lists of shapes and parameters tell
them), ``branches`` and ``chains`` (graphs, and layers in a row), ``draft``, and of PyTorch's two ``torch_layers``,
``torch_modules``, ``torch_image`` and ``torch_written``. A package has ``read`` and ``written`` apart. A notation
rewords a text in the spec language, and each word keeps its place: what is wrong with a network is told where it was
pasted. Nobody else names one; those beside the spec language are loaded when they are needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vggdsl.language.notations import arch
from vggdsl.language.notations.arch import write
from vggdsl.language.notations.registry import (
    SPEC_LANGUAGE,
    Beside,
    Notation,
    PartlyReadError,
    Reading,
    elsewhere,
    names,
    notation,
    read,
    reading,
    readings,
    recognise,
    register,
    shown_by,
    strangers,
    writable,
    written_as,
)

if TYPE_CHECKING:
    from vggdsl.language.notations.arch.lexing import SIGNS, Lexeme, lexemes
    from vggdsl.language.notations.arch.partly import read_partly
    from vggdsl.language.notations.by_call import Way, ways
    from vggdsl.language.notations.grammar import all_tables, warm_up
    from vggdsl.language.notations.grid import is_marked_up, width
    from vggdsl.language.notations.meanings import tellable

__all__ = [
    "SIGNS",
    "SPEC_LANGUAGE",
    "Beside",
    "Lexeme",
    "Notation",
    "PartlyReadError",
    "Reading",
    "Way",
    "all_tables",
    "arch",
    "elsewhere",
    "is_marked_up",
    "lexemes",
    "names",
    "notation",
    "read",
    "read_partly",
    "reading",
    "readings",
    "recognise",
    "register",
    "shown_by",
    "strangers",
    "tellable",
    "warm_up",
    "ways",
    "width",
    "writable",
    "write",
    "written_as",
]

_LATER = {
    **dict.fromkeys(("SIGNS", "Lexeme", "lexemes"), "arch.lexing"),
    "read_partly": "arch.partly",
    "Way": "by_call",
    **dict.fromkeys(("all_tables", "warm_up"), "grammar"),
    "is_marked_up": "grid",
    "tellable": "meanings",
    "ways": "by_call",
    "width": "grid",
}
"""What only editors, texts in other notations than the spec language, or who hands out the package need, by its module:
most texts are specs."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
