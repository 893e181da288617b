"""In which form a network is written as ONNX."""

from dataclasses import dataclass
from typing import TypedDict


class FormOptions(TypedDict, total=False):
    """The fields of a ``Form``, as keywords of those who write files."""

    fold: bool
    logits: bool
    opset: int | None


@dataclass(frozen=True)
class Form:
    """How a network is written.

    ``fold`` folds each batch normalisation into the layer before it, ``logits`` leaves the softmax out. Without
    ``opset`` it is the lowest that the network needs, from 13 on.
    """

    fold: bool = True
    logits: bool = False
    opset: int | None = None
