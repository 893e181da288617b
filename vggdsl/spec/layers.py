"""The table of a network's layers, as text for whoever shows it."""

from collections.abc import Iterable, Iterator

from vggdsl.language import syntax
from vggdsl.language.elaborate import AnnotatedGraph
from vggdsl.language.spelling import element_text, repeat_text
from vggdsl.network.infer import TypedGraph, TypedHead, TypedNode
from vggdsl.network.ops import Input, Merge
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import bytes_text, plural

_COLUMNS = words("name", "layer") + numbers("output", "params", "macs", "activations", "field", "stride")
_WIDEST = 56
"""Characters that tell an element."""


def layer_table(network: AnnotatedGraph, typed: TypedGraph, every: bool = False) -> Table:
    """The layers with their figures for one image, and totals; auxiliary classifiers stand behind the total.

    A network that branches has a row an outermost element of its text, unless ``every`` layer is asked for.
    """
    branches = any(isinstance(t.node.op, Merge) for t in typed.training_nodes)
    return _by_layer(typed) if every or not branches else _by_element(network, typed)


def heads_of(network: AnnotatedGraph, typed: TypedGraph) -> Iterator[tuple[str, TypedHead]]:
    """The auxiliary classifiers with their labels: of those that name the same layers, the outermost."""
    for head in typed.heads:
        names = tuple(t.name for t in head.nodes)
        yield min((label for label, nodes in network.labels.items() if nodes == names), key=len), head


def _folded(nodes: Iterable[TypedNode]) -> list[list[TypedNode]]:
    """The layers, each with what is told beside it."""
    groups = list[list[TypedNode]]()
    for t in nodes:
        if t.is_beside:
            groups[-1].append(t)
        else:
            groups.append([t])
    return groups


def _by_layer(typed: TypedGraph) -> Table:
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

    trunk = list(rows(typed.nodes))
    return _table(typed, trunk, [row for head in typed.heads for row in rows(head.nodes)])


def _layer_row(group: list[TypedNode], source: str = "") -> list[str]:
    return _row(group[0].name, " ".join(t.node.spelled for t in group) + source, group[:1])


def _by_element(network: AnnotatedGraph, typed: TypedGraph) -> Table:
    """A row an outermost element; what isn't one of several layers has a row a layer as ever."""
    rows = list[list[str]]()
    trunk = {t.name for t in typed.nodes}
    for element in network.elements:
        nodes = [typed[name] for name in element.nodes if name in trunk]
        item = element.item
        if isinstance(item.element, syntax.Layer | syntax.Input):
            rows += map(_layer_row, _folded(nodes))
        elif nodes:
            rows.append(_row(item.label or "", _shortened(item), nodes))
    heads = []
    for name, head in heads_of(network, typed):
        source = head.nodes[0].node.inputs[0]
        heads.append(_row(name, f"aux {head.weight:g} from {_element_with(network, source)}", head.nodes))
    return _table(typed, rows, heads)


def _element_with(network: AnnotatedGraph, name: str) -> str:
    """The label of the outermost element that a layer ends; without one its name."""
    ends = (e.item.label for e in network.elements if e.nodes[-1:] == (name,) and e.item.repeat is None)
    return next((label for label in ends if label), name)


def _shortened(item: syntax.Item) -> str:
    """An element as it is spelled, without labels in it; if that is too wide, without arguments, or its insides."""
    match item.element:
        case syntax.Merge(kind, branches):
            least = f"{kind}[ {len(branches)} branches ]"
        case syntax.Group(items):
            least = f"( {plural(len(items), 'element')} )"
        case element:
            least = f"{element_text(element).split('(')[0]}(…)"
    texts = (_spelled(item, arguments) for arguments in (True, False))
    return next((text for text in texts if len(text) <= _WIDEST), least + repeat_text(item))


def _spelled(item: syntax.Item, arguments: bool) -> str:
    repeat = repeat_text(item)
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
    counts = [f"{n:,}" if n else "" for n in sums(nodes)]
    return [name, text, str(last.shape), *counts, last.receptive_field.short, last.stride.short]


def sums(nodes: Iterable[TypedNode]) -> tuple[int, int, int]:
    """Learnable parameters, multiply-adds and stored values, the input left out."""
    nodes = [t for t in nodes if not isinstance(t.node.op, Input)]
    return sum(t.params.learnable for t in nodes), sum(t.macs for t in nodes), sum(t.activations for t in nodes)


def _table(typed: TypedGraph, rows: list[list[str]], head_rows: list[list[str]]) -> Table:
    """The network's rows and their total; those of its auxiliary classifiers, and the total with them."""
    total, training = ([f"{n:,}" for n in sums(nodes)] for nodes in (typed.nodes, typed.training_nodes))
    layers, field = plural(typed.weight_layers, "weight layer"), typed.receptive_field.short
    groups = [RowGroup(rows), RowGroup([["total", layers, "", *total, field, ""]], is_total=True)]
    if head_rows:
        with_heads = ["training", "with auxiliary classifiers", "", *training, "", ""]
        groups += [RowGroup(head_rows), RowGroup([with_heads], is_total=True)]
    return Table(_COLUMNS, groups)


def notes(name: str, document: syntax.Document, typed: TypedGraph) -> Iterator[str]:
    """What stands below the table: parameters, bytes, and what the text follows."""
    statistics = typed.total_params - typed.params
    line = f"{name}: {typed.params:,} learnable parameters"
    if statistics:
        line += f" and {statistics:,} running statistics, {typed.total_params:,} in total"
    yield line
    if typed.heads:
        yield f"{typed.training_params:,} learnable parameters in training, with auxiliary classifiers"
    weights, activations = bytes_text(typed.total_params * 4), bytes_text(typed.activations * 4)
    yield f"{weights} of weights and {activations} of activations for one image, in fp32"
    if document.extends is not None:
        yield f"extends {document.extends.path}"
    if document.citation is not None:
        yield f"source: {document.citation}"
