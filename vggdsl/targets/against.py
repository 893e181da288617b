"""Whether another program's model implements a spec: an ONNX file, a state dict, a model of torchvision.

Layers are held against layers (``network.comparing``), so that nothing is run, and no weight is read, unless outputs
are to be compared, too. Of a state dict only what its tensors are can be compared.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vggdsl.network.comparing import Comparison, Difference, compare, summary
from vggdsl.network.foreign import ARITHMETIC
from vggdsl.network.holding import compare_held
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.network.matching import NormalForm, normal_form, pair_heads
from vggdsl.network.ops import BatchNorm, Dropout, Input
from vggdsl.network.ordering import modules_of
from vggdsl.network.passes.fold_batch_norm import fold_batch_norm
from vggdsl.network.weights import COUNTER, weight_shapes
from vggdsl.spec.parsing import network_of
from vggdsl.spec.recipe import TORCHVISION
from vggdsl.spec.spec import Spec
from vggdsl.targets.unsaid import unsaid, untrained
from vggdsl.text.errors import Diagnostic, InputError, Label
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.packages import needed
from vggdsl.text.units import names_text, plural

if TYPE_CHECKING:
    from torch import nn

    from vggdsl.network.weights import Array
    from vggdsl.targets.expected import Expectation, Held
    from vggdsl.targets.reading.model import ReadModel

Kind = Literal["onnx", "state-dict", "torchvision"]


@dataclass(frozen=True)
class Verdict:
    """What came of holding a model against a network.

    ``differences`` tell where it isn't that, from the input on. ``compared`` is what was compared, ``untold`` what
    the model doesn't say, ``said`` what else is to be known; ``held`` are the outputs that were compared, too.
    """

    model: str
    kind: Kind
    graph: TypedGraph
    differences: tuple[Difference, ...]
    compared: str
    untold: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    held: "tuple[Held, ...]" = ()

    @property
    def implements(self) -> bool:
        return not self.differences

    @property
    def finding(self) -> Diagnostic | None:
        """V526 with the first difference, and its place in the spec."""
        if self.implements:
            return None
        first, *others = self.differences
        labels = self.labels(first)
        helps = ["all else is the same"]
        if others:
            helps = [f"{plural(len(self.differences), 'difference')} ({summary(self.differences)})"]
        message = f"{self.model} isn't this network: {first.text}"
        return Diagnostic("V526", message, labels, "; ".join((*helps, *self.said)))

    def labels(self, difference: Difference) -> tuple[Label, ...]:
        """Where a difference is in the spec."""
        name = difference.here or difference.behind
        if name is None or name not in self.graph.by_name:
            return ()
        node = self.graph[name].node
        what = "this layer" if difference.here else "behind this layer"
        calls = (Label(span, "called here", primary=False) for span in node.calls)
        return (Label(node.span, what), *calls)

    def __str__(self) -> str:
        return f"{self.model}: {'; '.join(d.text for d in self.differences) or self.compared}"


def against(
    network: Spec | TypedGraph | str | Path,
    model: str | Path,
    *,
    numerically: bool = False,
    expect: "Mapping[str, Array] | str | Path | None" = None,
) -> Verdict:
    """Whether a model implements a network, layer by layer; as ``vggdsl check SPEC --against MODEL``.

    ``model`` is an ONNX file, a state dict (safetensors, or what ``torch.save`` wrote), or ``torchvision:NAME``, whose
    weights aren't fetched. ``numerically`` runs both on images of noise, of a fixed seed: an ONNX file by
    onnxruntime, and its own weights in the network; a model of torchvision in PyTorch, with drawn ones. ``expect`` puts
    the model's weights into the network and holds what it gives against given outputs (see ``read_expected``).
    Neither is done where a layer differs.

    Raises ``InputError``: V501 if there is no file, V504 for a model that torchvision doesn't have, V513 and V520 for
    files that can't be read, V522 and V523 as ``export``, V527 for a model of which a part isn't known as a layer;
    ``TypeError`` for outputs of a state dict, which can't be run.
    """
    refuse_other_kinds(against, locals(), but=("network",))
    graph = network_of(network)
    name = str(model)
    if name.startswith(TORCHVISION):
        return _torchvision(graph, name, numerically, expect)
    path = Path(model)
    if is_onnx(path):
        return _onnx(graph, path, numerically, expect)
    if numerically:
        raise TypeError("a state dict can't be run: it is weights alone")
    return _state_dict(graph, path, expect)


def is_onnx(path: Path) -> bool:
    """Whether a file is an ONNX model by its name; others are taken for weights."""
    return path.suffix.lower() == ".onnx"


# -- ONNX


def _onnx(graph: TypedGraph, path: Path, numerically: bool, expect: "Expectation | None") -> Verdict:
    from vggdsl.targets.reading.model import read_onnx, shared_weights

    read = read_onnx(path, graph.input)
    ours = normal_form(graph if read.form.heads else graph.inference)
    found, held_as = compare(ours, read.form, folds=True), graph.inference
    norms: tuple[str, ...] = ()
    if found.differences and (partly := _partly_folded(graph, read.form)) is not None:
        found, held_as, norms = partly
    _refuse_unknown(path, found, ours, read.form)
    differences = [*found.differences, *_ends(graph, read), *_heads(graph, ours, read.form, found, bool(norms))]
    verdict = Verdict(str(path), "onnx", graph, tuple(differences), _compared(ours))
    pairs = {typed.name: found.pairs[typed.name] for typed in graph.nodes if typed.name in found.pairs}
    said = [*read.said, *_otherwise(graph, found), *shared_weights(read, pairs)]
    if differences:
        return replace(verdict, said=tuple(read.said))
    untold = []
    if found.folded or norms:
        untold.append(
            f"{_folded(norms or tuple(found.folded))}: epsilons can't be told, nor whether a BN was there at all"
        )
    if norms and read.form.heads:
        untold.append("whether its auxiliary classifiers are those of the spec: a part of the batch norms is folded")
    untold.append(untrained(graph))
    if graph.graph.has_softmax and read.ends == "nothing":
        said.append("it gives logits: the softmax of the spec isn't in it")
    if read.ends == "log-softmax":
        said.append("it gives logarithms of probabilities")
    if graph.heads and not read.form.heads:
        said.append("the auxiliary classifiers of the spec aren't in it: they are gone outside of training")
    held = _held_onnx(held_as, path, read, found, numerically, expect) if numerically or expect is not None else ()
    return replace(verdict, untold=tuple(untold), said=tuple(said), held=held)


def _partly_folded(graph: TypedGraph, theirs: NormalForm) -> tuple[Comparison, TypedGraph, tuple[str, ...]] | None:
    """Where theirs is our network with each BN folded that directly follows a convolution or FC, and others left behind
    such a layer, as behind a dropout between: how it is that, the network so, and its BN that are gone."""
    folded = fold_batch_norm(graph.graph)
    if not folded.folds:
        return None
    left = infer(folded.graph)
    found = compare(normal_form(left), theirs)
    return None if found.differences else (found, left, tuple(fold.norm for fold in folded.folds))


def _refuse_unknown(path: Path, found: Comparison, ours: NormalForm, theirs: NormalForm) -> None:
    """Raises ``InputError`` V527 where the first difference is arithmetic: a layer of ours may be written out in it in
    a way that isn't known."""
    if not found.differences:
        return
    first = found.differences[0]
    unknown = first.there is not None and isinstance(theirs.steps[first.there].op, ARITHMETIC)
    if unknown and first.there is not None:
        step = theirs.steps[first.there]
        behind = first.behind or (first.here and f"the place of {first.here}") or "the input"
        message = f"{path} can't be held against the spec: at {behind} it has {step.op.text} (`{first.there}`)"
        help = "a layer may be written out there in a way that isn't known: export it by another exporter, or opset"
        raise InputError(Diagnostic("V527", message, help=help))


def _ends(graph: TypedGraph, read: "ReadModel") -> list[Difference]:
    if read.ends == "nothing" or graph.graph.has_softmax:
        return []
    last = graph.nodes[-1].name
    text = f"behind {last} the model has {read.ends} (`{read.outputs[0]}`), and the spec has none"
    return [Difference(None, read.outputs[0], last, text, f"{read.ends} added")]


def _heads(
    graph: TypedGraph, ours: NormalForm, theirs: NormalForm, found: Comparison, partly: bool
) -> list[Difference]:
    """Further outputs than the spec has auxiliary classifiers, or others; ``partly``: some BN are folded, not all."""
    if not theirs.heads:
        return []
    if not graph.heads:
        text = f"the model has {plural(len(theirs.heads), 'output')} more, and the spec no auxiliary classifier"
        return [Difference(None, theirs.heads[0], None, text, "another output")]
    if len(graph.heads) != len(theirs.heads):
        text = f"the spec has {plural(len(graph.heads), 'auxiliary classifier')}, and the model {len(theirs.heads)}"
        last = graph.heads[-1].nodes[-1].name
        return [Difference(last, theirs.heads[0], None, text, "other auxiliary classifiers")]
    if not found.differences and not partly and not _same_heads(ours, theirs, found):
        first = graph.heads[0].nodes[0].name
        text = "the auxiliary classifiers of the model are others"
        return [Difference(first, theirs.heads[0], None, text, "other auxiliary classifiers")]
    return []


def _same_heads(ours: NormalForm, theirs: NormalForm, found: Comparison) -> bool:
    if not found.folded:
        return pair_heads(ours, theirs, found.pairs) is not None
    wholes = [[_up_to(form, head) for head in form.heads] for form in (ours, theirs)]
    return all(any(not compare(one, other, folds=True).differences for other in wholes[1]) for one in wholes[0])


def _up_to(form: NormalForm, output: str) -> NormalForm:
    found = copy(form)
    found.output = output
    return found


def _compared(ours: NormalForm) -> str:
    """Of which kinds the layers are that were compared."""
    steps = [ours.steps[name] for name in ours.reached(ours.output) if not isinstance(ours.steps[name].op, Input)]
    counts = Counter(step.op.kind for step in steps)
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    return f"{plural(len(steps), 'layer')} compared: {kinds}"


def _folded(norms: Sequence[str]) -> str:
    """
    >>> _folded(("bn1",))
    'its batch norm (bn1) is folded into the layer before it'
    """
    return f"its batch norm ({names_text(norms, 3)}) is folded into the layer{'s' * (len(norms) > 1)} before it"


def _otherwise(graph: TypedGraph, found: Comparison) -> list[str]:
    if not found.otherwise:
        return []
    first, text = next(iter(found.otherwise.items()))
    more = f", and {len(found.otherwise) - 1} more" if len(found.otherwise) > 1 else ""
    ours = graph[first].node.op.text if first in graph.by_name else first
    return [f"{first}, {ours}, is {text} there, which computes the same on this map{more}"]


def _held_onnx(
    graph: TypedGraph, path: Path, read: "ReadModel", found: Comparison, runs: bool, expect: "Expectation | None"
) -> "tuple[Held, ...]":
    """Compares outputs; raises as ``hold``."""
    from vggdsl.targets.expected import hold, read_expected
    from vggdsl.targets.outputs import of_onnx, with_weights

    if runs and (why := read.why_not_compared):
        message = f"{path} can't be held numerically: {why}, so that its outputs can't be compared with the network's"
        raise InputError(Diagnostic("V527", message, help="leave --numerically out: its layers are compared without"))
    network = with_weights(graph, read, found)
    held = [hold(network, of_onnx(graph, path, read))] if runs else []
    if expect is not None:
        held.append(hold(network, read_expected(expect, graph)))
    return tuple(held)


# -- torchvision


def _torchvision(graph: TypedGraph, name: str, numerically: bool, expect: "Expectation | None") -> Verdict:
    from vggdsl.targets.foreign_weights import build_model, find_model
    from vggdsl.targets.modules import Untraceable
    from vggdsl.targets.tracing import trace

    model, entry = find_model(name.removeprefix(TORCHVISION))
    classes = len(entry.meta.get("categories") or ())
    module = build_model(model, **({"num_classes": classes} if classes else {}))
    has_heads = bool(graph.heads)
    ours = normal_form(graph)
    try:
        theirs = trace(module.train(has_heads), graph.input)
    except Untraceable as error:
        message = f"{name} can't be held against a spec: {error}"
        raise InputError(Diagnostic("V527", message, help="it has what no spec can say")) from None
    found = compare(ours, theirs)
    said = [*_otherwise(graph, found), *([] if found.differences else _in_training(graph, module))]
    if has_heads and not found.differences and (not theirs.heads or pair_heads(ours, theirs, found.pairs) is None):
        said.append("its auxiliary classifiers aren't those of the spec: they are gone outside of training")
    elif not has_heads and any("aux" in each for each, _ in module.named_children()):
        said.append("it has auxiliary classifiers in training, and the spec has none")
    verdict = Verdict(name, "torchvision", graph, found.differences, _compared(ours), (), tuple(said))
    if found.differences or not (numerically or expect is not None):
        return verdict
    from vggdsl.targets.expected import hold, read_expected
    from vggdsl.targets.foreign_weights import from_torchvision
    from vggdsl.targets.outputs import of_torchvision

    held = []
    if numerically:
        held.append(hold(*of_torchvision(graph.inference, model, classes, found.pairs, name)))
    if expect is not None:
        loaded = from_torchvision(graph, name.removeprefix(TORCHVISION), lambda said: None)
        held.append(hold(loaded.network, read_expected(expect, graph.inference), loaded.halved))
    return replace(verdict, held=tuple(held))


def _in_training(graph: TypedGraph, module: "nn.Module") -> list[str]:
    """What of a training alone is other in a module, whose auxiliary classifiers count if there are ours."""
    with needed():
        from torch import nn
    parts = [part for name, part in module.named_modules() if graph.heads or "aux" not in name]
    ops = [typed.node.op for typed in graph.training_nodes]
    theirs = Counter(part.p for part in parts if isinstance(part, nn.Dropout) and part.p)
    ours = Counter(op.rate for op in ops if isinstance(op, Dropout) and op.rate)
    found = []
    if ours != theirs:
        found.append(f"its dropout is {_rates(theirs)}, and the spec's {_rates(ours)}: it is gone outside of training")
    momenta = {part.momentum for part in parts if isinstance(part, nn.BatchNorm2d)}
    norms = {op.momentum for op in ops if isinstance(op, BatchNorm)}
    if momenta != norms and momenta and norms:
        shown = [", ".join(map(str, sorted(each, key=str))) for each in (momenta, norms)]
        found.append(f"the momentum of its BN is {shown[0]}, and of the spec's {shown[1]}: it counts in training alone")
    if any(type(part).__name__ == "StochasticDepth" and getattr(part, "p", 0) for part in parts):
        found.append("in training it leaves out units by chance, which no spec can say")
    return found


def _rates(counts: Mapping[float, int]) -> str:
    """
    >>> _rates({0.2: 1, 0.5: 2}), _rates({})
    ('0.2 and 2 × 0.5', 'none')
    """
    return names_text([f"{count} × {rate:g}" if count > 1 else f"{rate:g}" for rate, count in counts.items()]) or "none"


# -- state dicts


def _state_dict(graph: TypedGraph, path: Path, expect: "Expectation | None") -> Verdict:
    from vggdsl.targets.foreign_weights import names_in
    from vggdsl.targets.weight_files import read_shapes

    file = read_shapes(path, set(weight_shapes(graph).values()))
    shapes = {name: tuple(array.shape) for name, array in file.weights.items() if not name.endswith(COUNTER)}
    tries = [
        _by_weights(each, shapes, file.ordered) for each in ((graph, graph.inference) if graph.heads else (graph,))
    ]
    fitting = next((each for each in tries if not each.differences), tries[0])
    differences = fitting.differences
    said = list(file.said)
    names = names_in(graph, file)
    if names is not None and names.module is not None:
        said.append(f"its names and shapes are those of torchvision's {names.model}")
        found = _of_torchvision(graph.inference, names.module.eval())
        if found and differences:  # the same, and more, with their places
            differences = found
        elif found:
            said.append(f"torchvision's own differs in what weights don't say: {found[0].text}")
    if graph.heads and not differences and fitting is not tries[0]:
        said.append("there are no weights for the auxiliary classifiers: they are gone outside of training")
    held = modules_of(weight_shapes(graph))
    compared = f"{plural(len(shapes), 'weight')} of {plural(len(held), 'layer')} compared, by shape and "
    compared += "order" if file.ordered else "number: the file keeps no order"
    verdict = Verdict(str(path), "state-dict", graph, differences, compared, said=tuple(said))
    if differences:
        return verdict
    verdict = replace(verdict, untold=(unsaid(graph), untrained(graph)))
    if expect is None:
        return verdict
    from vggdsl.targets.expected import hold, read_expected
    from vggdsl.targets.foreign_weights import from_file

    loaded = from_file(graph, path, lambda said: None)
    return replace(verdict, held=(hold(loaded.network, read_expected(expect, graph.inference), loaded.halved),))


def _by_weights(graph: TypedGraph, shapes: Mapping[str, tuple[int, ...]], ordered: bool) -> Comparison:
    """By names where they are the spec's, else by order."""
    ours = modules_of(weight_shapes(graph))
    theirs = modules_of(shapes)
    if theirs.keys() == ours.keys():
        theirs, ordered = {name: theirs[name] for name in ours}, True
    return compare_held(ours, theirs, ordered=ordered)


def _of_torchvision(graph: TypedGraph, module: "nn.Module") -> tuple[Difference, ...]:
    """Where torchvision's own model isn't the network; nothing where it is none of a spec's layers."""
    from vggdsl.targets.modules import Untraceable
    from vggdsl.targets.tracing import trace

    try:
        return compare(normal_form(graph), trace(module, graph.input)).differences
    except Untraceable:
        return ()
