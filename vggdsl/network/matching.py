"""Which of another's layers is which of ours: by what the layers do, not by what they are called.

Two networks are held against each other as normal forms: graphs of layers without what doesn't change an output in
evaluation (dropout, identities, a last softmax) and with one spelling for what computes the same (an average
over the whole map, a padding before a convolution). Every layer of both gets a number by what it is and by the
numbers of its inputs; those of a sum or a product may stand in any order. Walking back from the outputs then pairs
the layers, so that the order in which anyone registered or wrote them is of no account. What remains open are layers
that stand in for each other in a sum, such as the branches of ``add[ conv3-64 | conv3-64 ]``: either pairing computes
the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from vggdsl.network.foreign import AdaptiveAvgPool, Other, Padding
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import (
    Activation,
    Add,
    AvgPool,
    Concat,
    Facts,
    Function,
    GlobalAvgPool,
    Identity,
    Input,
    Layer,
    Merge,
    Mul,
    Softmax,
)
from vggdsl.network.shapes import Shape

_LISTED = 3


_GATED: Mapping[Facts, Function] = {Activation("sigmoid"): "SiLU", Activation("hard-sigmoid"): "hard-swish"}
"""What the product of a value and such a function of it is."""


@dataclass(frozen=True)
class Step:
    """A layer of a normal form, and the shape that it gives."""

    name: str
    op: Facts
    inputs: tuple[str, ...]
    shape: Shape


class NormalForm:
    """A network as far as its outputs depend on it, layer by layer in a topological order.

    ``heads`` are the outputs of auxiliary classifiers, ``ends`` is what the first output ends in, where that was asked
    (``ended``). One ``as_written`` keeps what a spec can say as it is, also what
    changes no output in evaluation.
    """

    def __init__(self, input: str, shape: Shape, *, as_written: bool = False) -> None:
        self.as_written = as_written
        self.steps = {input: Step(input, Input(shape), (), shape)}
        self._stands_for = {input: input}
        self.output = input
        self.heads: tuple[str, ...] = ()
        self.ends = ""

    def shape(self, name: str) -> Shape:
        return self.steps[self._stands_for[name]].shape

    def step(self, name: str) -> Step:
        """The layer that gives what a name stands for."""
        return self.steps[self._stands_for[name]]

    def add(self, name: str, op: Facts, inputs: Iterable[str]) -> None:
        """Raises ``ShapeError`` if a layer can't take its inputs."""
        sources = tuple(self._stands_for[name] for name in inputs)
        shapes = [self.steps[source].shape for source in sources]
        before = self.steps[sources[0]]
        if isinstance(before.op, Padding):
            inner = self.steps[before.inputs[0]].shape
            if (joined := before.op.before(op, inner)) is not None:
                op, sources, shapes = joined, before.inputs, [inner]
        plain = op.plain(shapes[0])
        op = op if self.as_written and isinstance(op, Layer | Merge) else plain
        if isinstance(op, Identity) or (isinstance(op, Merge) and len(sources) == 1):
            self._stands_for[name] = sources[0]
            return
        if isinstance(op, Concat):  # of a concat: its branches, one behind the other
            steps = [self.steps[source] for source in sources]
            sources = tuple(x for s in steps for x in (s.inputs if isinstance(s.op, Concat) else (s.name,)))
        self._stands_for[name] = name
        self.steps[name] = Step(name, op, sources, op.out_shape(*shapes))

    def finish(self, output: str, heads: Iterable[str] = ()) -> "NormalForm":
        """Says what the outputs are; softmaxes at the end are left out."""
        self.output, *others = (self._logits(name) for name in (output, *heads))
        self.heads = tuple(others)
        self.steps = dict(self._joined())
        return self

    def ended(self, *outputs: str) -> str:
        """What the first of several outputs ends in, and it is noted: `softmax`, `log-softmax` or `nothing`.

        Logarithms of probabilities are taken for these, as their softmax is left out.
        """
        said = ""
        for name in outputs:
            step = self.step(name)
            is_log = step.op == Other("log-softmax")
            if is_log:
                self.steps[step.name] = replace(step, op=Softmax())
            said = said or ("log-softmax" if is_log else "softmax" if isinstance(step.op, Softmax) else "nothing")
        self.ends = said
        return said

    def reached(self, *outputs: str) -> list[str]:
        """The layers that outputs depend on, in order; those of the network and its heads unless told."""
        found = set(outputs or (self.output, *self.heads))
        for step in reversed(self.steps.values()):
            if step.name in found:
                found.update(step.inputs)
        return [name for name in self.steps if name in found]

    def _joined(self) -> Iterator[tuple[str, Step]]:
        """One layer for what several calls may compute: a sum or a product of many, a function that is a product."""
        reached = self.reached()
        uses = Counter(x for name in reached for x in self.steps[name].inputs)
        uses.update((self.output, *self.heads))
        inner: dict[str, tuple[str, ...]] = {}
        for step in self.steps.values():
            inputs, op = step.inputs, step.op
            if isinstance(op, Add | Mul):
                steps = [self.steps[name] for name in inputs]
                alike = [type(s.op) is type(op) and uses[s.name] == 1 for s in steps]
                pairs = zip(steps, alike, strict=True)
                inputs = tuple(x for s, is_inner in pairs for x in (inner[s.name] if is_inner else (s.name,)))
                inner[step.name] = inputs
            if isinstance(op, Mul):
                while (gate := self._gate(inputs)) is not None:
                    name, (x, sigmoid) = step.name, gate
                    rest = list(inputs)
                    rest.remove(x)
                    rest.remove(sigmoid)
                    function = Activation(_GATED[self.steps[sigmoid].op])
                    if not rest:
                        op, inputs = function, (x,)
                        break
                    name = f"{step.name}.{sigmoid}"
                    yield name, Step(name, function, (x,), self.steps[x].shape)
                    inputs = (name, *rest)
            yield step.name, replace(step, op=op, inputs=inputs)

    def _gate(self, inputs: Sequence[str]) -> tuple[str, str] | None:
        """A factor, and the sigmoid of it, among those of a product."""
        for name in inputs:
            step = self.steps.get(name)
            if step is not None and step.op in _GATED and step.inputs[0] in inputs:
                return step.inputs[0], name
        return None

    def _logits(self, name: str) -> str:
        step = self.steps[self._stands_for[name]]
        return step.inputs[0] if isinstance(step.op, Softmax) else step.name


def normal_form(graph: TypedGraph, *, as_written: bool = False) -> NormalForm:
    """A network of ours; its auxiliary classifiers too."""
    form = NormalForm(graph.nodes[0].name, graph.input, as_written=as_written)
    for typed in graph.training_nodes[1:]:
        form.add(typed.name, typed.node.op, typed.node.inputs)
    return form.finish(graph.nodes[-1].name, (head.nodes[-1].name for head in graph.heads))


def pair(ours: NormalForm, theirs: NormalForm) -> dict[str, str] | None:
    """Our layers, each with theirs; None if the networks differ. Auxiliary classifiers are left out."""
    numbers: dict[object, int] = {}
    number = {id(form): numbered(form, numbers) for form in (ours, theirs)}
    a, b = number[id(ours)], number[id(theirs)]
    if a[ours.output] != b[theirs.output]:
        return None
    pairs: dict[str, str] = {}
    todo = [(ours.output, theirs.output)]
    while todo:
        here, there = todo.pop()
        if here in pairs:
            if pairs[here] != there:
                return None
            continue
        pairs[here] = there
        one, other = ours.steps[here], theirs.steps[there]
        if one.op.any_order:
            todo += zip(sorted(one.inputs, key=a.__getitem__), sorted(other.inputs, key=b.__getitem__), strict=True)
        else:
            todo += zip(one.inputs, other.inputs, strict=True)
    return pairs if len(set(pairs.values())) == len(pairs) else None


def numbered(
    form: NormalForm, numbers: dict[object, int], of: Callable[[Facts], object] = lambda op: op
) -> dict[str, int]:
    """For each layer a number that it shares with those, of any form, that are the same of the same inputs; ``of`` says
    what of a layer is compared."""
    found: dict[str, int] = {}
    for step in form.steps.values():
        inputs = [found[name] for name in step.inputs]
        key = of(step.op), tuple(sorted(inputs) if step.op.any_order else inputs)
        found[step.name] = numbers.setdefault(key, len(numbers))
    return found


def pair_heads(ours: NormalForm, theirs: NormalForm, trunk: Mapping[str, str]) -> dict[str, str] | None:
    """The layers of our auxiliary classifiers, each with theirs; None if one of them has no counterpart.

    How a head averages its input may differ, as long as it leaves the same shape: heads are gone in evaluation.
    """
    pairs = dict(trunk)
    for head in ours.heads:
        found = next((f for other in theirs.heads if (f := _pair_head(ours, theirs, (head, other), pairs))), None)
        if found is None:
            return None
        pairs |= found
    return {here: there for here, there in pairs.items() if here not in trunk}


def _pair_head(
    ours: NormalForm, theirs: NormalForm, ends: tuple[str, str], known: Mapping[str, str]
) -> dict[str, str] | None:
    pairs: dict[str, str] = {}
    todo = [ends]
    while todo:
        here, there = todo.pop()
        if here in known or here in pairs:
            if (known.get(here) or pairs[here]) != there:
                return None
            continue
        one, other = ours.steps[here], theirs.steps[there]
        averages = all(isinstance(s.op, AvgPool | GlobalAvgPool | AdaptiveAvgPool) for s in (one, other))
        same = one.shape == other.shape if averages else one.op == other.op
        if not same or len(one.inputs) != len(other.inputs) or there in known.values():
            return None
        pairs[here] = there
        todo += zip(one.inputs, other.inputs, strict=True)
    return pairs


def differences(ours: NormalForm, theirs: NormalForm) -> str:
    """The first layers in which two networks differ, ours and theirs."""
    sides = [[(step, step.op.text) for step in _in_depth(form)] for form in (ours, theirs)]
    found = first_differences(*([(f"{s.name} is {text} -> {s.shape}", text) for s, text in side] for side in sides))
    return found or "their layers are the same, and follow each other in another way"


def first_differences(ours: Sequence[tuple[str, str]], theirs: Sequence[tuple[str, str]]) -> str:
    """The first differences of two sequences of (what is said of it, what is compared)."""
    found = []
    a, b = ([key for _, key in side] for side in (ours, theirs))
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            both = min(j - i, m - k)
            found += [f"{ours[i + n][0]} here, {theirs[k + n][0]} there" for n in range(both)]
            found += [f"{text}, and only here" for text, _ in ours[i + both : j]]
            found += [f"{text}, and only there" for text, _ in theirs[k + both : m]]
    rest = f"; and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    return "; ".join(found[:_LISTED]) + rest


def _in_depth(form: NormalForm) -> list[Step]:
    """What the output depends on, branch by branch; where any order does, the longest branch first."""
    depth: dict[str, int] = {}
    for step in form.steps.values():
        depth[step.name] = 1 + max((depth[name] for name in step.inputs), default=0)
    order: dict[str, Step] = {}
    todo = [form.output]
    while todo:
        step = form.steps[todo[-1]]
        inputs = sorted(step.inputs, key=lambda name: -depth[name]) if step.op.any_order else step.inputs
        missing = next((name for name in inputs if name not in order), None)
        if missing is not None:
            todo.append(missing)
            continue
        order[todo.pop()] = step
    return list(order.values())
