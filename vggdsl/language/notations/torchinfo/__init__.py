"""What torchinfo and torchsummary print of a PyTorch module: a row a module, the shape that it gives, its parameters.

Rows of modules within modules are indented. What a module's own code does with those in it isn't printed: only those
of a Sequential follow each other for sure. Kernels and strides are told by shapes and parameters.
"""

from vggdsl.language.notations.registry import Notation, register
from vggdsl.language.notations.torchinfo.read import read, recognises
from vggdsl.language.notations.torchinfo.written import TITLE, write

register(Notation("torchinfo", recognises, read, write, title=TITLE))
