"""The closed union of layer kinds: shape, parameters, MACs and window of each, as arithmetic."""

from vggdsl.ops.activation import FUNCTIONS, Activation, Function, Softmax
from vggdsl.ops.conv import Conv
from vggdsl.ops.facts import Facts, Params
from vggdsl.ops.fc import FC
from vggdsl.ops.input import Input
from vggdsl.ops.norm import LRN, BatchNorm
from vggdsl.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from vggdsl.ops.regular import Dropout, Identity

Layer = Conv | MaxPool | AvgPool | GlobalAvgPool | FC | BatchNorm | LRN | Activation | Dropout | Softmax | Identity
Op = Input | Layer

__all__ = [
    "FC",
    "FUNCTIONS",
    "LRN",
    "Activation",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "Dropout",
    "Facts",
    "Function",
    "GlobalAvgPool",
    "Identity",
    "Input",
    "Layer",
    "MaxPool",
    "Op",
    "Params",
    "Softmax",
]
