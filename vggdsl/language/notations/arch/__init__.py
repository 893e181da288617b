"""The spec language: text <-> syntax."""

from vggdsl.language.notations.arch.read import parse
from vggdsl.language.notations.arch.write import write
from vggdsl.language.notations.registry import SPEC_LANGUAGE, Notation, Reading, register

__all__ = ["parse", "write"]

register(
    Notation(
        SPEC_LANGUAGE,
        lambda source: source.name.lower().endswith(".arch"),
        lambda source: (Reading(parse(source)),),
        title="a spec",
    )
)
