"""A module of PyTorch as a plan of its layers, by ``torch.fx``: nothing is computed, and no weights are looked at."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from vggdsl.network.matching import AdaptiveAvgPool, Plan
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Function,
    Identity,
    MaxPool,
    Op,
    PReLU,
    Widen,
)
from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.text.errors import ShapeError


class Untraceable(Exception):  # noqa: N818  # no error but an answer
    """Says why a module can't be put in a spec's layers."""


def trace(module: nn.Module, shape: Shape) -> Plan:
    """A module's layers, called as its modules are, for an input of that shape, in the mode that the module is in.

    Of several outputs the first is the network's; the others are those of auxiliary classifiers.
    Raises ``Untraceable``.
    """
    try:
        traced = fx.Tracer().trace(module)
    except Exception as error:  # of any kind: a forward may do anything with what isn't a tensor
        raise Untraceable("what it does depends on its values") from error
    plan: Plan | None = None
    names: dict[str, str] = {}
    seen: set[str] = set()
    gathered: dict[str, tuple[Any, ...]] = {}
    for node in traced.nodes:
        if node.op == "placeholder" and plan is None:
            plan = Plan(node.name, shape)
            names[node.name] = node.name
        elif node.op == "output" and plan is not None:
            outputs = node.args[0]
            ends = outputs if isinstance(outputs, tuple) else gathered.get(str(outputs), (outputs,))
            if not all(isinstance(end, fx.Node) and end.name in names for end in ends):
                raise Untraceable("it gives no tensor")
            logits, *heads = (names[end.name] for end in ends)
            return plan.finish(logits, heads)
        elif isinstance(node.target, type) and issubclass(node.target, tuple):
            gathered[node.name] = node.args
        elif plan is not None:
            name = node.target if node.op == "call_module" else node.name
            if name in names.values():
                name = node.name  # a module without weights may be called again
            sources = _sources(node)
            inputs = [names[source.name] for source in sources]
            op = _op(node, module, plan.shape(inputs[0]) if inputs else shape)
            if isinstance(op, Conv | FC | BatchNorm | PReLU):
                if node.target in seen:
                    raise Untraceable(f"{node.target} is called twice")
                seen.add(node.target)
            try:
                plan.add(name, op, inputs)
            except ShapeError as error:
                raise Untraceable(f"{name}: {error.diagnostics[0].message}") from None
            names[node.name] = name
    raise Untraceable("it has no output")


def _sources(node: fx.Node) -> list[fx.Node]:
    found = list(node.args[0]) if node.args and isinstance(node.args[0], list | tuple) else list(node.args)
    return [each for each in found if isinstance(each, fx.Node)]


_MERGES: dict[object, Op] = {
    **dict.fromkeys((torch.cat, torch.concat, torch.concatenate), Concat()),
    **dict.fromkeys((operator.add, operator.iadd, torch.add), Add()),
}
_AS_MODULES: dict[object, Callable[..., nn.Module]] = {
    functional.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    functional.dropout: nn.Dropout,
    functional.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    functional.avg_pool2d: nn.AvgPool2d,
    functional.max_pool2d: nn.MaxPool2d,
    torch.flatten: nn.Flatten,
}
_ACTIVATIONS: dict[type[nn.Module], Function] = {
    nn.ReLU: "ReLU",
    nn.SiLU: "SiLU",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}


def _op(node: fx.Node, root: nn.Module, x: Shape) -> Op | AdaptiveAvgPool:
    """What a call in a traced module is."""
    if node.op == "call_module":
        return _layer(root.get_submodule(str(node.target)), x)
    rest = [each for each in node.args[1:] if not isinstance(each, fx.Node)]
    options = {key: value for key, value in node.kwargs.items() if key not in ("inplace", "training")}
    if node.op == "call_function" and node.target in _MERGES:
        op = _MERGES[node.target]
        axis = (*rest, *options.values())
        if axis == ((1,) if isinstance(op, Concat) else ()):
            return op
    if node.op == "call_function" and node.target is functional.pad:
        match (*rest, *options.values()):
            case [(0, 0, 0, 0, 0, int() as more)] | [(0, 0, 0, 0, 0, int() as more), "constant", None | 0] if more >= 0:
                return Widen(x.c + more)
    if node.op == "call_function" and node.target in _AS_MODULES:
        return _layer(_AS_MODULES[node.target](*rest, **options), x)
    raise Untraceable(f"no spec can say its {getattr(node.target, '__name__', node.target)}")


def _layer(module: nn.Module, x: Shape) -> Op | AdaptiveAvgPool:
    match module:
        case nn.Conv2d() if module.padding_mode == "zeros" and module.in_channels == x.c:
            window = _window(module.kernel_size, module.stride, module.padding, module.dilation)
            return Conv(module.out_channels, window, module.groups, module.bias is not None)
        case nn.Linear() if module.in_features == x.elements:
            return FC(module.out_features, module.bias is not None)
        case nn.Conv2d() | nn.Linear():
            raise Untraceable(f"{module} can't take {x}")
        case nn.BatchNorm2d() if module.affine and module.track_running_stats and module.num_features == x.c:
            return BatchNorm(module.eps)
        case nn.MaxPool2d():
            window = _window(module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
            return MaxPool(window)
        case nn.AvgPool2d() if module.count_include_pad or not any(_two(module.padding)):
            if module.divisor_override is None:
                return AvgPool(_window(module.kernel_size, module.stride, module.padding, 1, module.ceil_mode))
        case nn.AdaptiveAvgPool2d(output_size=int() | (int(), int()) as size):
            return AdaptiveAvgPool(_two(size))
        case nn.LocalResponseNorm():  # PyTorch divides alpha by n
            return LRN(module.size, module.k, module.alpha / module.size, module.beta)
        case nn.LeakyReLU(negative_slope=0.01):
            return Activation("LeakyReLU")
        case nn.PReLU() if module.num_parameters == x.c:
            return PReLU()
        case nn.ELU(alpha=1.0):
            return Activation("ELU")
        case nn.GELU(approximate="none"):
            return Activation("GELU")
        case nn.Flatten(start_dim=1, end_dim=-1) | nn.Identity() | nn.Dropout():
            return Identity()
        case _ if type(module) in _ACTIVATIONS:
            return Activation(_ACTIVATIONS[type(module)])
    raise Untraceable(f"no spec can say its {module}")


def _window(kernel: Any, stride: Any, pad: Any, dilation: Any, ceil: bool = False) -> Window:
    if isinstance(pad, str):
        raise Untraceable(f"no spec can say its padding {pad!r}")
    return Window(_two(kernel), _two(stride), _two(pad), _two(dilation), ceil)


def _two(value: Any) -> Pair:
    return Pair(*value) if isinstance(value, tuple) else Pair(value, value)
