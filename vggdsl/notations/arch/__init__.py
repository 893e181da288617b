"""The spec language: text <-> syntax."""

from vggdsl.notations.arch.read import parse
from vggdsl.notations.arch.write import write

__all__ = ["parse", "write"]
