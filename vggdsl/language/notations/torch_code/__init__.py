"""PyTorch code, as text: read by a grammar, never run."""

from vggdsl.language.notations.registry import Notation, register
from vggdsl.language.notations.torch_code.read import read, recognises
from vggdsl.language.notations.torch_code.written import TITLE, write

register(Notation("torch-code", recognises, read, write, TITLE))
