"""The spec language: text <-> syntax."""

from vggdsl.language.notations.arch.read import parse
from vggdsl.language.notations.arch.write import write

__all__ = ["parse", "write"]
