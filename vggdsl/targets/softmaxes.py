"""How a softmax, or the logarithms of one, is known in a module that others wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from vggdsl.network.foreign import Foreign, Other
from vggdsl.network.ops import Op, Softmax


def softmax_of(module: nn.Module, *, is_vector: bool) -> Op | Foreign | None:
    """A softmax over the channels, or the logarithms of one, which a network may end in; None for another module."""
    match module:
        case nn.Softmax() | nn.LogSoftmax() if module.dim in (1, None) or (module.dim == -1 and is_vector):
            return Softmax() if isinstance(module, nn.Softmax) else Other("log-softmax")
        case _:
            return None


def softmax_called(
    function: object, rest: Sequence[Any], options: Mapping[str, Any], *, is_vector: bool
) -> Op | Foreign | None:
    """The same of a call."""
    kind = _SOFTMAXES.get(function)
    named = [(name, value) for name, value in options.items() if (name, value) != ("dtype", None)]
    match kind, (*rest, *named):
        case None, _:
            return None
        case _, [int() | None as dim] | [("dim", int() | None as dim)]:
            return softmax_of(kind(dim), is_vector=is_vector)
        case _:
            return None


_SOFTMAXES: Mapping[object, type[nn.Softmax | nn.LogSoftmax]] = {
    functional.softmax: nn.Softmax,
    torch.softmax: nn.Softmax,
    functional.log_softmax: nn.LogSoftmax,
    torch.log_softmax: nn.LogSoftmax,
}
