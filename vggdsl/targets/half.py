"""Half precision for a file's numbers: onnxruntime's conversion, held against what such numbers can be."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
import onnx
import onnx_ir as ir

from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.packages import needed

LARGEST = float(np.finfo(np.float16).max)
_SINGLE = ("Softmax", "TopK", "LRN", "Pow")
"""Operators that stay: of probabilities half precision leaves three digits, and powers leave its range."""


def halve(model: onnx.ModelProto, keep: Collection[str]) -> ir.Model:
    """The model in half precision; inputs, outputs and the nodes to ``keep`` stay as they are."""
    with needed():
        from onnxruntime.transformers.float16 import convert_float_to_float16
    convert: Callable[..., onnx.ModelProto] = convert_float_to_float16
    of_softmax = {name for node in model.graph.node if node.op_type == "Softmax" for name in node.output}
    ends = [node.name for node in model.graph.node if node.op_type == "Flatten" and node.input[0] in of_softmax]
    made = convert(model, keep_io_types=True, op_block_list=[*_SINGLE], node_block_list=[*keep, *ends])
    once = dict[str, onnx.NodeProto]()
    for node in made.graph.node:  # the conversion casts a value anew for each node that takes it, by the same name
        once.setdefault(node.output[0], node)
    nodes = [*once.values()]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    new = ir.from_proto(made)
    new.graph.sort()  # the conversion appends what it adds
    _without_detours(new.graph)
    return new


def _without_detours(graph: ir.Graph) -> None:
    """Between two nodes that stay, what is rounded to half precision and back goes straight on."""
    for node in [*graph]:
        given = node.inputs[0] if node.op_type == "Cast" else None
        before = given.producer() if given is not None else None
        if before is None or before.op_type != "Cast" or _type(node) != ir.DataType.FLOAT:
            continue
        whole = before.inputs[0]
        if _type(before) == ir.DataType.FLOAT16 and whole is not None and whole.dtype == ir.DataType.FLOAT:
            replace(node.outputs[0], whole)
    for node in reversed([*graph]):
        if node.op_type == "Cast" and not any(v.uses() or v.is_graph_output() for v in node.outputs):
            graph.remove(node, safe=True)


def replace(value: ir.Value, by: ir.Value) -> None:
    """In all nodes and among the graph's outputs, whose names, types and shapes stay."""
    if value.is_graph_output():
        by.type, by.shape, name = value.type, value.shape, value.name
        value.replace_all_uses_with(by, replace_graph_outputs=True)
        value.name, by.name = f"{name}.rounded", name
    else:
        value.replace_all_uses_with(by)


def _type(cast: ir.Node) -> ir.DataType:
    return ir.DataType(cast.attributes["to"].as_int())


def check_range(
    shown: str,
    model: onnx.ModelProto,
    values: Mapping[str, float],
    weights: Mapping[str, float],
    keep: Collection[str],
) -> None:
    """Raises ``VggdslError`` V529 for values or weights beyond half precision's.

    ``values`` and ``weights`` are the largest magnitudes by name. What lies between nodes to ``keep`` may be larger.
    """
    what, layers = "", list[str]()
    order = {name: i for i, node in enumerate(model.graph.node) for name in node.output}
    for kind, magnitudes in (("gives", values), ("has", weights)):
        for name, largest in sorted(magnitudes.items(), key=lambda item: order.get(item[0], -1)):
            near = [n for n in model.graph.node if name in (*n.output, *n.input) and n.op_type not in _SINGLE]
            wide = [n.name for n in near if n.name not in keep]
            if largest > LARGEST and wide:
                what = what or f"{name} {kind} values up to {largest:,.0f}"
                layers += wide
    if what:
        message = f"{shown} can't be in half precision: {what}, and its largest number is {LARGEST:,.0f}"
        kept = ",".join(dict.fromkeys(layers))
        raise VggdslError(Diagnostic("V529", message, help=f"leave these layers as they are: `--keep {kept}`"))
