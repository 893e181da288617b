"""A module of PyTorch in the normal form of its layers, by ``torch.fx``: nothing is computed, no weight is read."""

import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from vggdsl.network.foreign import Foreign
from vggdsl.network.matching import NormalForm
from vggdsl.network.ops import FC, Op
from vggdsl.network.shapes import Shape
from vggdsl.targets.modules import Untraceable, call_of, layer_of
from vggdsl.targets.moves import Behind, Map, moved
from vggdsl.targets.softmaxes import softmax_called, softmax_of
from vggdsl.text.errors import ShapeError

_METHODS: Mapping[str, Callable[..., torch.Tensor]] = {
    "add": torch.add,
    "add_": torch.add,
    "log_softmax": torch.log_softmax,
    "mul": torch.mul,
    "mul_": torch.mul,
    "relu": torch.relu,
    "relu_": torch.relu,
    "sigmoid": torch.sigmoid,
    "softmax": torch.softmax,
    "tanh": torch.tanh,
}
"""Methods of tensors that are functions, too."""


def trace(module: nn.Module, shape: Shape, *, as_written: bool = False) -> NormalForm:
    """A module's layers, called as its modules are, for an input of that shape, in the mode that the module is in.

    Of several outputs the first is the network's; the others are those of auxiliary classifiers. A form ``as_written``
    has what changes no output, too; ``ends`` of it is what its first output ends in.
    Raises ``Untraceable``.
    """
    try:
        traced = fx.Tracer().trace(module)
    except Exception as error:  # of any kind: a forward may do anything with what isn't a tensor
        help = "let its `forward` go one way, whatever the values are"
        raise Untraceable(f"what it does depends on its values{_where(error)}", help) from error
    form: NormalForm | None = None
    names: dict[str, str] = {}
    seen: set[str] = set()
    gathered: dict[str, tuple[Any, ...]] = {}
    between: dict[str, Any] = {}
    for node in traced.nodes:
        if node.op == "placeholder" and form is None:
            form = NormalForm(node.name, shape, as_written=as_written)
            names[node.name] = node.name
        elif node.op == "placeholder" and not node.users:
            continue  # what it may be given besides, and does nothing with
        elif node.op == "output" and form is not None:
            outputs = node.args[0]
            ends = outputs if isinstance(outputs, tuple) else gathered.get(str(outputs), (outputs,))
            if not all(isinstance(end, fx.Node) and end.name in names for end in ends):
                raise Untraceable("it gives no tensor")
            logits, *heads = (names[end.name] for end in ends)
            form.ended(logits, *heads)
            return form.finish(logits, heads)
        elif isinstance(node.target, type) and issubclass(node.target, tuple):
            gathered[node.name] = node.args
        elif form is not None and (moves := _moved(node, form, names, between)) is not None:
            if not isinstance(moves, Behind):
                between[node.name] = moves
                continue
            names[node.name] = node.name
            *before, last = moves.layers
            at = moves.of.name
            for i, layer in enumerate(before, 1):
                form.add(f"{node.name}.{i}", layer, [at])
                at = f"{node.name}.{i}"
            form.add(node.name, last, [at])
        elif form is not None:
            name = node.target if node.op == "call_module" else node.name
            if name in names.values():
                name = node.name  # a module without weights may be called again
            sources = _sources(node)
            if any(source.name not in names for source in sources):
                raise Untraceable(f"no spec can say its {_called(node)}{_place(node, module)}")
            inputs = [names[source.name] for source in sources]
            x = form.shape(inputs[0]) if inputs else shape
            op = _op(node, module, x, is_vector=bool(inputs) and _is_vector(form, inputs[0]))
            if op.parts(x):
                if node.target in seen:
                    help = "in a spec each layer has weights of its own: give each call a module of its own"
                    raise Untraceable(f"{node.target} is called twice", help)
                seen.add(node.target)
            try:
                form.add(name, op, inputs)
            except ShapeError as error:
                raise Untraceable(f"{name}: {error.diagnostics[0].message}") from None
            names[node.name] = name
    raise Untraceable("it has no output")


def _sources(node: fx.Node) -> list[fx.Node]:
    found = list(node.args[0]) if node.args and isinstance(node.args[0], list | tuple) else list(node.args)
    return [each for each in found if isinstance(each, fx.Node)]


def _moved(node: fx.Node, form: NormalForm, names: Mapping[str, str], between: Mapping[str, Any]) -> Any:
    """What a call gives that only moves values about; None for others."""
    if node.op not in ("call_function", "call_method"):
        return None

    def value(source: fx.Node) -> Any:
        if source.name in names:
            return Map(names[source.name], form.shape(names[source.name]))
        return between.get(source.name)

    given, options = fx.node.map_arg((node.args, node.kwargs), value)
    return moved(node.target, given, options)


def _where(error: Exception) -> str:
    """The last line of others than PyTorch that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    torchs = Path(torch.__file__).parent
    theirs = [frame for frame in frames if Path(frame.filename).is_relative_to(torchs) is False]
    theirs = [frame for frame in theirs if Path(frame.filename) != Path(__file__)]
    return f", in `{theirs[-1].line}` ({Path(theirs[-1].filename).name}:{theirs[-1].lineno})" if theirs else ""


def _is_vector(form: NormalForm, name: str) -> bool:
    """Whether a layer gives what an FC gives, (N, C)."""
    step = form.step(name)
    while step.op.in_place and len(step.inputs) == 1:
        step = form.step(step.inputs[0])
    return isinstance(step.op, FC)


def _op(node: fx.Node, root: nn.Module, x: Shape, *, is_vector: bool) -> Op | Foreign:
    """What a call in a traced module is."""
    if node.op == "call_module":
        module = root.get_submodule(str(node.target))
        try:
            return softmax_of(module, is_vector=is_vector) or layer_of(module, x)
        except Untraceable as error:
            raise error.at(_place(node, root)) from None
    function = _METHODS.get(str(node.target)) if node.op == "call_method" else node.target
    if node.op not in ("call_function", "call_method") or function is None:
        raise Untraceable(f"no spec can say its {_called(node)}{_place(node, root)}")
    first, *others = node.args or ((),)
    rest = [each for each in others if not isinstance(each, fx.Node)]
    if not isinstance(first, fx.Node | list | tuple):  # `2 * x`, which isn't `x`
        rest.insert(0, first)
    if function is functional.dropout and not root.training and node.kwargs.get("training", (*rest, 0, 0)[1]) is True:
        raise Untraceable(f"its {node.name} drops values in evaluation, too: `training` is always true there")
    options = {key: value for key, value in node.kwargs.items() if key not in ("inplace", "training", "_stacklevel")}
    if options.get("dtype", ...) is None:
        del options["dtype"]
    try:
        found = softmax_called(function, rest, options, is_vector=is_vector)
        return found or call_of(function, rest, options, x)
    except Untraceable as error:
        raise error.at(_place(node, root)) from None


def _called(node: fx.Node) -> str:
    return str(getattr(node.target, "__name__", node.target))


def _place(node: fx.Node, root: nn.Module) -> str:
    """The module whose ``forward`` holds a call, the innermost, if it isn't the whole; and the line there."""
    within = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
    return (f" (`{within[-1]}`)" if within else "") + ("" if node.op == "call_module" else _line(node, root))


def _line(node: fx.Node, root: nn.Module) -> str:
    """The line that holds a call: it is traced again, since to keep the places of all takes long."""
    tracer = fx.Tracer()
    tracer.record_stack_traces = True
    try:
        again = {each.name: each.stack_trace for each in tracer.trace(root).nodes}
    except Exception:  # of any kind: a forward may do something else the second time
        return ""
    frames = _FRAME.findall(again.get(node.name) or "")
    theirs = [frame for frame in frames if not Path(frame[0]).is_relative_to(Path(torch.__file__).parent)]
    if not theirs:
        return ""
    file, number, line = theirs[-1]
    return f", in {f'`{line}` ' if line else ''}({Path(file).name}:{number})"


_FRAME = re.compile(r'File "(.+?)", line (\d+), in .*(?:\n    (.+))?')
