"""The closed union of layer kinds: shape, parameters, MACs and window of each, as arithmetic."""

from vggdsl.network.ops.activation import CONSTANTS, FUNCTIONS, Activation, Function, PReLU, Softmax
from vggdsl.network.ops.channels import ENDS, Shuffle, Take
from vggdsl.network.ops.conv import Conv
from vggdsl.network.ops.facts import Facts, Params, Part
from vggdsl.network.ops.fc import FC
from vggdsl.network.ops.input import Input
from vggdsl.network.ops.merge import Add, Concat, Mul
from vggdsl.network.ops.norm import LRN, BatchNorm, GroupNorm
from vggdsl.network.ops.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from vggdsl.network.ops.regular import Dropout, Identity
from vggdsl.network.ops.widen import Widen

Layer = (
    Conv
    | MaxPool
    | AvgPool
    | GlobalAvgPool
    | GlobalMaxPool
    | FC
    | BatchNorm
    | GroupNorm
    | LRN
    | Activation
    | PReLU
    | Dropout
    | Softmax
    | Identity
    | Widen
    | Shuffle
    | Take
)
Merge = Concat | Add | Mul
Op = Input | Layer | Merge

__all__ = [
    "CONSTANTS",
    "ENDS",
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
    "GlobalMaxPool",
    "GroupNorm",
    "Identity",
    "Input",
    "Layer",
    "MaxPool",
    "Merge",
    "Mul",
    "Op",
    "PReLU",
    "Params",
    "Part",
    "Shuffle",
    "Softmax",
    "Take",
    "Widen",
]
