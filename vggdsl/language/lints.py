"""Warnings: networks that compile, but probably not into what was meant."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from vggdsl.language.blocks import called_blocks
from vggdsl.language.expand import called
from vggdsl.language.options import OPTIONS
from vggdsl.language.syntax import Block, Default, Document
from vggdsl.network.heads import Flaw, flaws
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import LRN, BatchNorm, Conv, Dropout, Identity, Softmax, Widen
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.text.edits import Edit, added_behind, line_before
from vggdsl.text.errors import Diagnostic, Label, respelled
from vggdsl.text.facts import Twice
from vggdsl.text.source import Span


def lint(typed: TypedGraph, defaults: Iterable[Default] = (), *, is_trained: bool = False) -> list[Diagnostic]:
    """W2xx for everything that looks wrong in a network, auxiliary classifiers too; each place is told once.

    ``defaults`` are those of the text: what they say isn't implied. What ``is_trained`` is refused for its end, which
    isn't warned of, too.
    """
    defaults = tuple(defaults)
    turned = channels_first(typed.input, typed.nodes[0].node.span)
    findings = list[Diagnostic]([] if turned is None else [turned])
    says_padding = any(d.kind == "conv" and any(o.key == "pad" for o in d.options) for d in defaults)
    for node in typed.training_nodes:
        wrong = [*_of_others(node, defaults)]
        if not turned:  # by which windows are on other maps than those that are meant
            wrong = [*_padding_only(node), *_dropped(node), *_on_one_pixel(node), *wrong]
        if not says_padding:
            wrong += [*_swapped(node)] or _even(node)
        findings += (called(d, node.node.calls) for d in wrong)
    if not is_trained:
        findings += _behind_classifier(typed)
    findings += [*_linear(typed), *_few_activated(typed), *_twice(typed)]
    return list(_once_a_place(findings))


def _once_a_place(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What looks wrong in a block or a repeat is told of the first layer that it becomes."""
    seen = set()
    for finding in findings:
        key = finding.code, finding.labels[0].span
        if key not in seen:
            yield finding
        seen.add(key)


_FIRST = 1000
"""Windows that are looked at one by one where the first and the last don't tell of the others."""


def _padding_only(t: TypedNode) -> Iterator[Diagnostic]:
    """Only the first and the last window can miss the input, unless a dilation steps over it."""
    op = t.node.op
    window = op.sees(t.x)
    if window is None:
        return
    for axis, (size, positions) in enumerate(((t.x.h, t.shape.h), (t.x.w, t.shape.w))):
        steps_over = window.dilation[axis] > size
        places = (*range(min(positions, _FIRST) if steps_over else 1), positions - 1)
        if any(not _touches(window, axis, size, place) for place in places):
            message = f"{op.kind} has a window that sees only padding"
            most = window.extent[axis] - 1
            help = f"with `pad={most}`{' or less' if most else ''} every window sees some of the input"
            fixes = respelled(f"pad={window.pad.short}", f"pad={most}", t.node.span)
            yield Diagnostic("W201", message, (Label(t.node.span, f"on {t.x}"),), help, fixes=fixes)
            return


def _touches(window: Window, axis: int, size: int, place: int) -> bool:
    start = place * window.stride[axis] - window.pad_before[axis]
    step = window.dilation[axis]
    first = max(0, -(start // step)) if start < 0 else 0
    return first < window.kernel[axis] and 0 <= start + first * step < size


def _dropped(t: TypedNode) -> Iterator[Diagnostic]:
    """More rows at the end than between two windows: where windows lie apart, as in ``maxpool1/2``, it is meant."""
    op = t.node.op
    window = op.sees(t.x)
    if window is None or op.weight_layer:
        return
    for axis, what, size, positions in ((0, "row", t.x.h, t.shape.h), (1, "column", t.x.w, t.shape.w)):
        last = (positions - 1) * window.stride[axis] - window.pad_before[axis] + window.extent[axis] - 1
        n = size - 1 - last
        if n > max(0, window.stride[axis] - window.extent[axis]):
            message = f"{op.kind} never sees the last {what if n == 1 else f'{n} {what}s'} of {t.x}"
            up = replace(window, ceil=True).positions(Pair(t.x.h, t.x.w))[axis]
            wrong = Diagnostic("W202", message, (Label(t.node.span, "this window"),), "widen the window to see it")
            if isinstance(window.pad, Sides):
                yield wrong.helped(f"pad more {'below' if axis == 0 else 'on the right'} to see it")
            elif up > positions:
                yield wrong.helped("add `ceil` to see it", added_behind(t.node.span, " ceil"))
            else:
                yield wrong
            return


def _on_one_pixel(t: TypedNode) -> Iterator[Diagnostic]:
    op = t.node.op
    if isinstance(op, Conv) and (t.x.h, t.x.w) == (1, 1) and op.window.extent != (1, 1):
        message = f"a convolution of {op.window.kernel} on a 1x1 map: only one of its weights sees the input"
        yield Diagnostic("W203", message, (Label(t.node.span, f"gets {t.x}"),), "remove a pool before it, or use conv1")


def _linear(typed: TypedGraph) -> Iterator[Diagnostic]:
    """Two layers with weights and nothing nonlinear between are one layer.

    Through a merge they are if that is so on each of its branches, and if nothing else takes from the first
    but by way of such layers: in a network of residuals the sum goes on.
    """
    origins: dict[str, tuple[TypedNode, ...]] = {}
    only_linear, depthwise = _only_linear(typed), _behind_depthwise(typed)
    for t in typed.training_nodes:
        before = [origins.get(name, ()) for name in t.node.inputs]
        linear = tuple(dict.fromkeys(o for each in before for o in each)) if all(before) else ()
        if not t.node.op.weight_layer:
            origins[t.name] = () if t.node.op.nonlinear else linear
            continue
        origins[t.name] = (t,)
        if linear and all(o.name in only_linear and not _factorised(o, t, depthwise) for o in linear):
            origin = linear[0]
            labels = (Label(t.node.span, "the second"), Label(origin.node.span, "the first", primary=False))
            message = f"nothing nonlinear between {origin.name} and {t.name}"
            help = "write an activation between them, or `after` rules"
            yield called(Diagnostic("W204", message, labels, help), t.node.calls)


def _factorised(first: TypedNode, second: TypedNode, depthwise: set[str]) -> bool:
    """Whether two linear layers are meant to be: depthwise and pointwise ones, or a bottleneck narrower than what comes
    in and goes out. One layer in their place would compute more, with more weights.

    What projects behind a depthwise convolution ends a unit without an activation (Sandler et al. 2018, sec. 3.2), also
    where that unit doesn't expand and the bottleneck is as wide as what comes in, as is MobileNetV3-Small's first.
    """
    ops = (first.node.op, second.node.op)
    if any(isinstance(op, Conv) and op.groups > 1 for op in ops):
        return True
    narrow = first.shape.c < second.shape.c and first.shape.c <= first.x.c
    projects = isinstance(ops[0], Conv) and ops[0].window.kernel == (1, 1) and first.node.inputs[0] in depthwise
    return narrow and (projects or first.shape.c < first.x.c)


def _behind_depthwise(typed: TypedGraph) -> set[str]:
    """What a depthwise convolution gives, also behind what has no weights of its own, and scaled by a gate."""
    found = set[str]()
    for t in typed.training_nodes:
        op = t.node.op
        is_depthwise = isinstance(op, Conv) and op.groups == t.x.c > 1
        if is_depthwise or (not op.weight_layer and any(name in found for name in t.node.inputs)):
            found.add(t.name)
    return found


def _only_linear(typed: TypedGraph) -> set[str]:
    """The layers that reach nothing nonlinear, and no output, but through another layer with weights."""
    consumers: dict[str, list[TypedNode]] = {t.name: [] for t in typed.training_nodes}
    for t in typed.training_nodes:
        for name in t.node.inputs:
            consumers[name].append(t)
    found = set[str]()
    for t in reversed(typed.training_nodes):
        after = consumers[t.name]
        if after and all(c.node.op.weight_layer or (not c.node.op.nonlinear and c.name in found) for c in after):
            found.add(t.name)
    return found


_USUAL_ELSEWHERE = 0.5
"""A larger momentum of a BN is another tool's: here it would be the share of a single batch."""
_KEPT = 0.8
"""So much is seldom dropped, and often kept."""
_LEAST = 0.01
"""Less than that in percent is a share, with a sign too much."""
_ALPHAS = (1e-4, 5e-5)
"""Those of Caffe's models, which are divided by n."""
_SMALLEST_SWAPPED, _MOST_SWAPPED = 12, 11
"""Rows of a kernel, and channels, that are probably written the other way round."""
_MOST_COLOURS = 4


def _of_others(t: TypedNode, defaults: Iterable[Default]) -> Iterator[Diagnostic]:
    """Values that are usual where the same word means something else; told where a default gives them."""
    node, op = t.node, t.node.op
    given = [option for each in defaults if each.kind == op.kind for option in each.options]
    places = {str(option.key): option.span for option in given if option.key not in node.written}

    def is_written(key: str) -> bool:
        return key in places or key in node.written

    match op:
        case BatchNorm(momentum=momentum) if _USUAL_ELSEWHERE <= momentum < 1:
            place = places.get("momentum", node.span)
            message = f"a BN that forgets {momentum:.4g} of its statistics with each batch"
            theirs = f"what is {momentum:g} there is `BN momentum={1 - momentum:.4g}`"
            help = f"Keras, TensorFlow and Caffe count the other way round: {theirs}"
            yield Diagnostic("W220", message, (Label(place, "here"),), help)
        case LRN(alpha=alpha) if alpha in _ALPHAS and is_written("alpha") and not (is_written("k") and op.k == 2):
            place = places.get("alpha", node.span)
            message = f"an LRN with alpha {alpha:g}, which isn't divided by n here"
            theirs = f"`{replace(op, k=1.0, alpha=alpha / op.n).text}`"
            help = f"Caffe's and PyTorch's is divided by n, with k=1: {theirs}; if it is Krizhevsky's, say k=2"
            yield Diagnostic("W220", message, (Label(place, "here"),), help)
        case Dropout(rate=rate) if 0 < rate < _LEAST and "percent" in node.written:
            message = f"a dropout of {100 * rate:.4g} % of the values"
            help = f"a share has no percent sign: {100 * rate:.4g} of them is `dropout-{100 * rate:.4g}`"
            yield Diagnostic("W220", message, (Label(node.span, "here"),), help)
        case Dropout(rate=rate) if rate >= _KEPT:
            message = f"a dropout that keeps {1 - rate:.4g} of the values"
            help = f"TensorFlow 1 and some papers say what is kept: {rate:g} there is `dropout-{1 - rate:.4g}`"
            yield Diagnostic("W220", message, (Label(node.span, "here"),), help)


def _swapped(t: TypedNode) -> Iterator[Diagnostic]:
    """`conv64-3` for `conv3-64`."""
    op = t.node.op
    if not isinstance(op, Conv) or "pad" in t.node.written:
        return
    kernel, channels = op.window.kernel, op.channels
    if min(kernel) >= _SMALLEST_SWAPPED and channels <= _MOST_SWAPPED and kernel.h == kernel.w:
        message = f"a kernel of {kernel} for {channels} channels"
        help = f"the kernel comes first: `conv{channels}-{kernel.h}` has one of {channels}x{channels}"
        yield Diagnostic("W221", message, (Label(t.node.span, "this layer"),), help)


def channels_first(size: Shape, span: Span) -> Diagnostic | None:
    """W206 for an input at that place like `input 3x224x224`, as code has it."""
    if (size.h in (1, 3) and size.w == size.c > size.h) or (size.h == 3 and min(size.w, size.c) > _MOST_COLOURS):
        message = f"an input {size.h} high and {size.w} wide, with {size.c} channels"
        turned = f"input {size.w}x{size.c}x{size.h}"
        wrong = Diagnostic("W206", message, (Label(span, "here"),))
        return wrong.helped(f"sizes are height x width x channels: write `{turned}`", Edit(span, turned))
    return None


def _behind_classifier(typed: TypedGraph) -> Iterator[Diagnostic]:
    for flaw in flaws(typed):
        labels, places = flaw.labels("what it gives are no logits"), ["at the end"]
        if flaw.softmax is not None:
            labels = (*flaw.labels("this layer"), Label(flaw.softmax.node.span, "the softmax", primary=False))
            places = ["right before softmax"]
        if len(flaw.layers) > 1:
            places = ["at the end of each branch", *(place for place in places if flaw.softmax is not None)]
        message = f"{flaw.zeros or flaw.kinds} {', '.join(places)}"
        found = Diagnostic("W205", message, labels, how_to_end(flaw, typed))
        yield called(found, flaw.first.node.calls)
    for t in typed.training_nodes:
        if isinstance(t.node.op, Softmax) and t.shape.elements == 1:
            message = "a softmax over one value, which is always 1"
            help = "give a value for each class: `FC-2 softmax`; or leave the softmax out"
            yield called(Diagnostic("W205", message, (Label(t.node.span, "here"),), help), t.node.calls)


def how_to_end(flaw: Flaw, typed: TypedGraph) -> str:
    """What is to be done about the end of a head."""
    ruled = flaw.first
    if isinstance(ruled.node.op, Widen):
        return f"let a layer with weights give all values: `FC-{ruled.node.op.channels}`"
    if ruled.node.implied:
        while ruled.node.implied:
            ruled = typed[ruled.node.inputs[0]]
        return f"write `{ruled.node.spelled} after=none`: a convolution keeps its rule, also as the classifier"
    if len(flaw.layers) > 1:
        return "leave it out in one branch, or move it before the classifier"
    move = "move it before the classifier"
    return move if flaw.softmax is not None else f"remove it, or {move}"


def _few_activated(typed: TypedGraph) -> Iterator[Diagnostic]:
    """A single activation takes the implied ones from all other layers: of a body that writes any, none is implied."""
    given = [t for t in typed.nodes if t.node.op.activation]
    if not given or any(t.node.implied == "implied" for t in given):
        return
    activated = set[str]()
    for t in reversed(typed.nodes):
        if t.node.op.activation or (t.name in activated and not t.node.op.weight_layer):
            activated |= {*t.node.inputs}
    convs = [t for t in typed.nodes if isinstance(t.node.op, Conv) and not t.node.classifier]
    if not convs or any(t.name in activated for t in convs):
        return
    kind = given[0].node.op.kind
    labels = (Label(given[0].node.span, "is written"), Label(convs[0].node.span, "has none", primary=False))
    message = f"no convolution has an activation, since {kind} is written elsewhere"
    help = f"a body that writes an activation gets none implied: write `after conv: {kind}` too, or each"
    if given[0].node.implied:
        message = f"no convolution has an activation, since a rule gives {kind} elsewhere"
        help = f"with rules exactly those apply: write `after conv: {kind}`, too"
    yield Diagnostic("W210", message, labels).helped(help, line_before(convs[0].node.span, f"after conv: {kind}"))


def _even(t: TypedNode) -> Iterator[Diagnostic]:
    """An even kernel can't be padded evenly, so that the map shrinks where nobody said so."""
    op = t.node.op
    if not isinstance(op, Conv) or op.window.stride != (1, 1) or "pad" in t.node.written:
        return
    if (t.shape.h, t.shape.w) != (t.x.h, t.x.w) and any(e % 2 == 0 for e in op.window.extent):
        message = f"a kernel of {op.window.kernel} can't keep the size: {t.x} becomes {t.shape}"
        yield Diagnostic("W207", message, (Label(t.node.span, "this layer"),), "say the padding, such as `pad=0`")


def _twice(typed: TypedGraph) -> Iterator[Diagnostic]:
    """A layer right behind one of its kind that nothing else takes from: both written, or one given by a rule."""
    takers = Counter(name for t in typed.training_nodes for name in t.node.inputs)
    for t in typed.training_nodes:
        node = t.node
        if not (node.op.activation or node.op.passing) or isinstance(node.op, Identity):
            continue
        before = typed[node.inputs[0]].node
        if before.op.kind != node.op.kind or takers[before.name] > 1:
            continue
        written, other = (before, node) if node.implied and not before.implied else (node, before)
        labels = [Label(written.span, "both" if other.span == written.span else "again")]
        if other.span != written.span:
            text = f"gives {other.op.kind}, too" if other.implied else "first here"
            labels.append(Label(other.span, text, primary=False))
        help = f"remove one {node.op.kind}"
        if other.implied and not written.implied:
            help = "remove it"
            ruled = other
            while ruled.implied:
                ruled = typed[ruled.inputs[0]].node
            if ruled.op.kind in OPTIONS:
                help += f", or write `{ruled.spelled} after=none` and all that is to follow it"
        message, facts = f"{node.op.kind} twice in a row", Twice(node.op.kind)
        yield called(Diagnostic("W209", message, tuple(labels), help, facts), node.calls)


def lint_blocks(own: Document, whole: Document) -> Iterator[Diagnostic]:
    """W208 for blocks that a file defines itself and that nothing in its network calls.

    ``own`` is what the file says, ``whole`` with what its links lead to.
    """
    called_by_layers = called_blocks(whole)
    for block in own.contents:
        if isinstance(block, Block) and block.name not in called_by_layers:
            place = Label(block.name.span, "not used")
            help = f"call it, as `{block.name}({', '.join(block.parameters)})`, or remove it"
            yield Diagnostic("W208", f"a block from which no layer comes: `{block.name}`", (place,), help)
