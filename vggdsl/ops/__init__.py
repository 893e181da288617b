"""The closed union of layer kinds: shape, parameters, MACs and window of each, as arithmetic."""

from vggdsl.ops.activation import ACTIVATIONS, FUNCTIONS, Activation, Function, PReLU, Softmax
from vggdsl.ops.conv import Conv
from vggdsl.ops.facts import Facts, Params
from vggdsl.ops.fc import FC
from vggdsl.ops.input import Input
from vggdsl.ops.merge import Add, Concat
from vggdsl.ops.norm import LRN, BatchNorm
from vggdsl.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from vggdsl.ops.regular import Dropout, Identity
from vggdsl.ops.widen import Widen

Layer = (
    Conv
    | MaxPool
    | AvgPool
    | GlobalAvgPool
    | FC
    | BatchNorm
    | LRN
    | Activation
    | PReLU
    | Dropout
    | Softmax
    | Identity
    | Widen
)
Merge = Concat | Add
Op = Input | Layer | Merge

__all__ = [
    "ACTIVATIONS",
    "FC",
    "FUNCTIONS",
    "LRN",
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "Concat",
    "Conv",
    "Dropout",
    "Facts",
    "Function",
    "GlobalAvgPool",
    "Identity",
    "Input",
    "Layer",
    "MaxPool",
    "Merge",
    "Op",
    "PReLU",
    "Params",
    "Softmax",
    "Widen",
]
