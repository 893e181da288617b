"""``vggdsl show``."""

from collections.abc import Iterable, Iterator

import click

from vggdsl.cli.common import echo_json, heads_of, print_table, report, reports_errors
from vggdsl.cli.schemas import AuxiliaryClassifier, Layer, Shown
from vggdsl.language import syntax
from vggdsl.language.spelling import element_text
from vggdsl.network.infer import TypedHead, TypedNode
from vggdsl.network.ops import Add, Concat, Input
from vggdsl.network.shapes import Pair
from vggdsl.spec.spec import Spec, load
from vggdsl.text.tables import Part, Table, numbers, to_csv, words
from vggdsl.text.units import bytes_text, plural

COLUMNS = words("name", "layer") + numbers("output", "params", "macs", "activations", "field", "stride")
_WIDEST = 56
"""Characters that tell an element."""


@click.command()
@click.argument("name", metavar="SPEC")
@click.option("--layers", is_flag=True, help="Every layer of blocks and branches, and what it takes from.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown", "latex"]),
    default="table",
    show_default=True,
)
@reports_errors
def command(name: str, layers: bool, form: str) -> None:
    """The table of layers: output sizes, parameters, multiply-adds, receptive fields, and totals.

    A network that branches has a row an element, as in a paper's table: the sums over a block, a
    merge or a group, and the output, field and stride of its last layer. --layers gives each layer
    a row. Auxiliary classifiers stand behind the total, which doesn't count them.

    Sizes are height x width x channels, in JSON lists of channels, height, width. Activations
    are values that a layer stores; what works in place stores none. The tables show an implied
    ReLU or dropout beside its layer; JSON and CSV give every layer a row.

    \b
    vggdsl show vgg_d
    vggdsl show googlenet --layers
    vggdsl show vgg_d --format latex > table.tex
    echo "input 32x32x3 conv3-64 maxpool FC-10 softmax" | vggdsl show - --format json
    """
    spec = load(name)
    found = spec.check()
    report(found)
    if form == "json":
        echo_json(_json(spec))
    elif form == "csv":
        click.echo(_csv(spec), nl=False)
    else:
        branches = any(isinstance(t.node.op, Concat | Add) for t in spec.typed.training_nodes)
        table = _by_layer(spec) if layers or not branches else _by_element(spec)
        print_table(table, form)
        if form == "table":
            click.echo("\n".join(_notes(spec)))
    if any(d.is_error for d in found):
        raise SystemExit(1)


def _folded(nodes: Iterable[TypedNode]) -> list[list[TypedNode]]:
    """The layers, each with what is told beside it."""
    groups = list[list[TypedNode]]()
    for t in nodes:
        if t.is_beside:
            groups[-1].append(t)
        else:
            groups.append([t])
    return groups


def _by_layer(spec: Spec) -> Table:
    """A row a layer, which says what it takes from where that isn't the row above."""
    names = dict[str, str]()

    def rows(nodes: Iterable[TypedNode]) -> Iterator[list[str]]:
        before = None
        for group in _folded(nodes):
            first = group[0]
            sources = [names[name] for name in first.node.inputs]
            source = f" from {', '.join(sources)}" if sources not in ([], [before]) else ""
            names.update((t.name, first.name) for t in group)
            yield _layer_row(group, source)
            before = first.name

    trunk = list(rows(spec.typed.nodes))
    return _table(spec, trunk, [row for head in spec.typed.heads for row in rows(head.nodes)])


def _layer_row(group: list[TypedNode], source: str = "") -> list[str]:
    return _row(group[0].name, " ".join(t.node.spelled for t in group) + source, group[:1])


def _by_element(spec: Spec) -> Table:
    """A row an outermost element; what isn't one of several layers has a row a layer as ever."""
    typed, rows = spec.typed, list[list[str]]()
    trunk = {t.name for t in typed.nodes}
    for element in spec.network.elements:
        nodes = [typed[name] for name in element.nodes if name in trunk]
        item = element.item
        if isinstance(item.element, syntax.Layer | syntax.Input):
            rows += map(_layer_row, _folded(nodes))
        elif nodes:
            rows.append(_row(item.label or "", _shortened(item), nodes))
    heads = []
    for name, head in heads_of(spec):
        source = head.nodes[0].node.inputs[0]
        heads.append(_row(name, f"aux {head.weight:g} from {_element_with(spec, source)}", head.nodes))
    return _table(spec, rows, heads)


def _element_with(spec: Spec, name: str) -> str:
    """The label of the outermost element that a layer ends; without one its name."""
    ends = (e.item.label for e in spec.network.elements if e.nodes[-1:] == (name,) and e.item.repeat is None)
    return next((label for label in ends if label), name)


def _shortened(item: syntax.Item) -> str:
    """An element as it is spelled, without labels in it; if that is too wide, without arguments, or its insides."""
    repeat = f" x{item.repeat}" if item.repeat is not None else ""
    match item.element:
        case syntax.Merge(kind, branches):
            least = f"{kind}[ {len(branches)} branches ]"
        case syntax.Group(items):
            least = f"( {plural(len(items), 'element')} )"
        case element:
            least = f"{element_text(element).split('(')[0]}(…)"
    texts = (_spelled(item, arguments) for arguments in (True, False))
    return next((text for text in texts if len(text) <= _WIDEST), least + repeat)


def _spelled(item: syntax.Item, arguments: bool) -> str:
    repeat = f" x{item.repeat}" if item.repeat is not None else ""
    match item.element:
        case syntax.Merge(kind, branches):
            inner = (" ".join(_spelled(each, arguments) for each in branch) for branch in branches)
            return f"{kind}[ {' | '.join(inner)} ]{repeat}"
        case syntax.Group(items):
            return f"( {' '.join(_spelled(each, arguments) for each in items)} ){repeat}"
        case syntax.Call(name, (_, *_)) if not arguments:
            return f"{name}(…){repeat}"
        case element:
            return element_text(element) + repeat


def _row(name: str, text: str, nodes: Iterable[TypedNode]) -> list[str]:
    nodes = list(nodes)
    last = nodes[-1]
    if isinstance(last.node.op, Input):
        return [name, "", str(last.shape), "", "", "", "", ""]
    counts = [f"{n:,}" if n else "" for n in _sums(nodes)]
    return [name, text, str(last.shape), *counts, _pair(last.receptive_field), _pair(last.stride)]


def _sums(nodes: Iterable[TypedNode]) -> tuple[int, int, int]:
    nodes = [t for t in nodes if not isinstance(t.node.op, Input)]
    return sum(t.params.learnable for t in nodes), sum(t.macs for t in nodes), sum(t.activations for t in nodes)


def _table(spec: Spec, rows: list[list[str]], head_rows: list[list[str]]) -> Table:
    """The network's rows and their total; those of its auxiliary classifiers, and the total with them."""
    typed = spec.typed
    total, training = ([f"{n:,}" for n in _sums(nodes)] for nodes in (typed.nodes, typed.training_nodes))
    layers, field = plural(typed.weight_layers, "weight layer"), _pair(typed.receptive_field)
    parts = [Part(rows), Part([["total", layers, "", *total, field, ""]], is_total=True)]
    if head_rows:
        with_heads = ["training", "with auxiliary classifiers", "", *training, "", ""]
        parts += [Part(head_rows), Part([with_heads], is_total=True)]
    return Table(COLUMNS, parts)


def _pair(pair: Pair) -> str:
    return str(pair.h) if pair.h == pair.w else str(pair)


def _notes(spec: Spec) -> Iterator[str]:
    typed = spec.typed
    statistics = typed.total_params - typed.params
    line = f"{spec.name}: {typed.params:,} learnable parameters"
    if statistics:
        line += f" and {statistics:,} running statistics, {typed.total_params:,} in total"
    yield line
    if typed.heads:
        yield f"{typed.training_params:,} learnable parameters in training, with auxiliary classifiers"
    weights, activations = bytes_text(typed.total_params * 4), bytes_text(typed.activations * 4)
    yield f"{weights} of weights and {activations} of activations for one image, in fp32"
    for content in spec.document.contents:
        if isinstance(content, syntax.Link) and content.verb == "extends":
            yield f"extends {content.path}"
    if spec.citation:
        yield f"source: {spec.citation}"


def _json(spec: Spec) -> Shown:
    typed = spec.typed
    return {
        "name": spec.name,
        "source": spec.citation,
        "input": typed.input.chw,
        "output": typed.output.chw,
        "params": typed.params,
        "training_params": typed.training_params,
        "total_params": typed.total_params,
        "weights": typed.weights,
        "macs": typed.macs,
        "activations": typed.activations,
        "weight_layers": typed.weight_layers,
        "layers": [_layer(t) for t in typed.nodes[1:]],
        "heads": [_head(name, head) for name, head in heads_of(spec)],
    }


def _head(name: str, head: TypedHead) -> AuxiliaryClassifier:
    params, macs, activations = _sums(head.nodes)
    return {
        "name": name,
        "weight": head.weight,
        "input": head.nodes[0].node.inputs[0],
        "params": params,
        "macs": macs,
        "activations": activations,
        "layers": [_layer(t) for t in head.nodes],
    }


def _layer(t: TypedNode) -> Layer:
    return {
        "name": t.name,
        "kind": t.node.op.kind,
        "spelled": t.node.spelled,
        "inputs": list(t.node.inputs),
        "file": t.node.span.source.name,
        "line": t.node.span.line,
        "implied": t.node.implied or None,
        "output": t.shape.chw,
        "params": t.params.learnable,
        "total_params": t.params.total,
        "macs": t.macs,
        "activations": t.activations,
        "receptive_field": _number(t.receptive_field),
        "stride": _number(t.stride),
    }


def _number(pair: Pair) -> int | list[int]:
    """One number where both axes agree, [height, width] otherwise."""
    return pair.h if pair.h == pair.w else list(pair)


def _csv(spec: Spec) -> str:
    """A row a layer; those of auxiliary classifiers say of which."""
    parts = [("", spec.typed.nodes[1:]), *((name, head.nodes) for name, head in heads_of(spec))]
    rows = []
    for name, nodes in parts:
        for t in nodes:
            cells = {
                **_layer(t),
                "inputs": " ".join(t.node.inputs),
                "output": str(t.shape),
                "receptive_field": _pair(t.receptive_field),
                "stride": _pair(t.stride),
                "head": name,
            }
            rows.append(cells.values())
    return to_csv([*_layer(spec.typed.nodes[0]), "head"], rows)
