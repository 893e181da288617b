"""What is told of the place under the cursor: what a layer is as compiled, what a claim is held against, what a word
means."""

from collections.abc import Iterable, Iterator
from typing import Any

from vggdsl.editor import tree
from vggdsl.editor.document import Reading
from vggdsl.editor.findings import place_of
from vggdsl.editor.markdown import code, lines, plain, prose
from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, LayerKind
from vggdsl.language.options import OPTIONS
from vggdsl.language.schema import CallKind, EntryKind, Key
from vggdsl.language.spelling import element_text
from vggdsl.network.infer import TypedNode
from vggdsl.spec.arithmetic import READINGS, tell
from vggdsl.spec.claims import Verdict
from vggdsl.spec.explained import explain
from vggdsl.spec.layers import sums
from vggdsl.spec.protocol import PROTOCOL
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.recipe.entries import ENTRIES
from vggdsl.spec.spec import Spec
from vggdsl.text.codes import Code
from vggdsl.text.figures import Figure
from vggdsl.text.source import Span
from vggdsl.text.units import plural

_MOST = 6
"""Layers that one word became, that are named."""


def hover(reading: Reading, offset: int) -> tuple[str, Span | None] | None:
    """Markdown about an offset into what is read, and what it is about; None where there is nothing to tell."""
    document = reading.document
    found, about = list[str](), None
    wrong = [d for d in reading.findings if (place := place_of(d, document)) and _holds(place.span, offset)]
    if document.is_legible or not wrong:  # else something stands in for it
        chain = tree.at(document.legible, document.source, offset)
        for node in reversed(chain):
            if text := "\n\n".join(_told(node, chain, reading)):
                found, about = [text], node.span
                break
    found += dict.fromkeys(_code(each.row) for each in wrong)
    if about is None and wrong:
        about = next(place.span for each in wrong if (place := place_of(each, document)))
    return ("\n\n---\n\n".join(found), about) if found else None


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end


def _told(node: Any, chain: list[Any], reading: Reading) -> Iterator[str]:
    """Of a node of the syntax; nothing of one that says nothing by itself."""
    spec = reading.spec
    match node:
        case syntax.Option():
            yield from _option(node, chain)
        case syntax.Setting() | syntax.Atom():
            yield from _call(node, chain)
        case syntax.Entry():
            yield from _entry(ENTRIES[node.key]) if node.key in ENTRIES else ()
        case syntax.Measure():
            yield from _claim(node, spec)
        case syntax.Claim():
            for measure in node.measures[:_MOST]:
                yield from _claim(measure, spec)
        case syntax.Item():  # at its label, its repeat or its arrow
            yield from _told(node.element, chain, reading)
        case syntax.Layer():
            yield from _layer(node, spec)
        case syntax.Choice():
            yield _left_open(node.name, len(node.options), code(str(node)), reading)
        case syntax.Alternation():
            yield _left_open(node.name, len(node.alternatives), "", reading)
        case syntax.Input() if spec is not None:
            yield from _compiled(node.span, spec)
        case syntax.Call() | syntax.Merge() | syntax.Group() | syntax.Aux() if spec is not None:
            yield from _element(node, chain, spec)
            if isinstance(node, syntax.Merge):
                yield _kind(KINDS[node.kind])


def _left_open(name: str, options: int, text: str, reading: Reading) -> str:
    """A choice, and how many networks the text is."""
    spaces = [each.space for each in reading.checked if each.space is not None]
    named = f" {code(name)}" if name else ""
    of = f": the text is a space of {plural(spaces[0].networks, 'network')}" if spaces else ""
    return f"**a choice**{named} of {options:,} {'numbers' if text else 'alternatives'} {text}".rstrip() + of


# -- the network


def _layer(layer: syntax.Layer, spec: Spec | None) -> Iterator[str]:
    compiled = [] if spec is None else [*_compiled(layer.span, spec)]
    yield from compiled
    yield _kind(KINDS[layer.kind], with_options=not compiled)


def _kind(kind: LayerKind, with_options: bool = False) -> str:
    options = [f"{code(f'{key.name}=')} {_key(key)}" for key in OPTIONS.get(kind.word, ()) if with_options]
    return f"{code(kind.word)}: {prose(kind.meaning)}\n\n{lines(*options)}".rstrip()


def _compiled(span: Span, spec: Spec) -> Iterator[str]:
    """The layers that a word became: the first with its arithmetic, others by their names."""
    found = [each for each in explain(spec, span.line) if each.span == span]
    if not found:
        return
    first, *others = found
    shape = spec.typed[first.name].shape
    yield "\n".join(
        [
            f"**{plain(first.name)}** {code(first.spelled)} → {shape}",
            "",
            lines(*(f"*{about}*: {prose(text)}" for about, text in first.told)),
        ]
    )
    if others:
        names = [f"{plain(each.name)} {spec.typed[each.name].shape}" for each in others[:_MOST]]
        more = f", and {len(others) - _MOST} more" if len(others) > _MOST else ""
        yield f"It is also {', '.join(names)}{more}."


_OF_SEVERAL = {syntax.Merge: "branches", syntax.Group: "a group", syntax.Aux: "an auxiliary classifier"}


def _element(element: syntax.Element, chain: list[Any], spec: Spec) -> Iterator[str]:
    """What several layers are together: a call of a block, branches, a group, an auxiliary classifier."""
    nodes = [*_nodes_of(element.span, spec)]
    if not nodes:
        return
    items = (node for node in reversed(chain) if isinstance(node, syntax.Item))
    label = next((item.label for item in items if item.element is element and item.label), "")
    name = f"**{plain(label)}** " if label else ""
    what = _OF_SEVERAL.get(type(element)) or code(element_text(element))
    params, macs, activations = sums(nodes)
    own = nodes[-1]
    yield f"{name}{what} → {own.shape}\n\n" + lines(
        f"*layers*: {len(nodes)}, from {plain(nodes[0].name)} to {plain(own.name)}",
        f"*params*: {params:,}",
        f"*macs*: {macs:,}",
        f"*stores*: {activations:,} activations",
        f"*field*: {own.receptive_field.short}, every {own.stride.short} pixels of the input",
    )


def _nodes_of(span: Span, spec: Spec) -> Iterator[TypedNode]:
    """The layers that are written in a place, or came by a call that is, with what rules put behind them."""
    is_of = False
    for t in spec.typed.training_nodes:
        places = (t.node.span, *t.node.calls)
        is_of = any(map(span.holds, places)) or (is_of and bool(t.node.implied))
        if is_of:
            yield t


# -- claims


def _claim(measure: syntax.Measure, spec: Spec | None) -> Iterator[str]:
    if spec is None:
        return
    found = [v for v in spec.verdicts if v.measure.span == measure.span and v.measure.name == measure.name]
    for verdict in found[:_MOST]:
        yield _verdict(verdict, spec)


def _verdict(verdict: Verdict, spec: Spec) -> str:
    name, part, printed = verdict.measure.name, verdict.part, verdict.measure.figure
    how = f" {READINGS[name]}" if name in READINGS else ""
    came = {"holds": "it holds", "disputed": "disputed: it holds under no reading", "refuted": "it doesn't hold"}
    head = f"**{plain(name)}**{how} of {plain(verdict.on)}: {code(verdict.measure.printed)}, {came[verdict.status]}"
    if part is None:
        return head
    arithmetic = tell(name, part, spec.typed)
    rows = [f"*it is*: {verdict.value}{f': {prose(arithmetic)}' if arithmetic else ''}"] if verdict.value else []
    if name in part.counts:
        for reading in part.readings(name):
            fits = isinstance(printed, Figure) and printed.holds(reading.value)
            if reading.value != part.counts[name]:
                rows.append(f"*{plain(reading.said)}*: {reading.value:,}{', as printed' if fits else ''}")
    return f"{head}\n\n{lines(*rows)}"


# -- words with options


def _option(option: syntax.Option, chain: list[Any]) -> Iterator[str]:
    for key in _keys(chain):
        if key.name == option.key.lower():
            yield f"{code(f'{key.name}=')} {_key(key)}"
            return


def _keys(chain: list[Any]) -> Iterable[Key]:
    """What the innermost that has options can have."""
    for node in reversed(chain):
        match node:
            case syntax.Layer() | syntax.Default():
                return OPTIONS.get(node.kind, ())
            case syntax.Setting():
                return _keys_of(_call_kind(node.name, chain))
            case syntax.Claim():
                return PROTOCOL
    return ()


def _keys_of(call: CallKind | None) -> tuple[Key, ...]:
    return () if call is None else (*call.placed, *([call.more] if call.more else ()), *call.keys)


def _key(key: Key) -> str:
    default = "" if key.default is None else f", by default {code(key.type.write(key.default))}"
    return f"{prose(key.meaning)} ({prose(key.type.says)}{default})"


def _call(node: syntax.Setting | syntax.Atom, chain: list[Any]) -> Iterator[str]:
    """A value of an entry, ``sgd(lr=0.1)`` or ``cifar10``."""
    call = _call_kind(node.name if isinstance(node, syntax.Setting) else node.text, chain)
    if call is not None:
        options = [f"{code(key.name)} {_key(key)}" for key in _keys_of(call)]
        yield f"{code(call.name)}: {prose(call.meaning)}\n\n{lines(*options)}".rstrip()


def _call_kind(name: str, chain: list[Any]) -> CallKind | None:
    entry = next((ENTRIES.get(node.key) for node in chain if isinstance(node, syntax.Entry)), None)
    calls = entry.calls if entry is not None else ()
    return next((call for call in calls if name.lower() in (call.name, *call.also)), None)


def _entry(entry: EntryKind) -> Iterator[str]:
    values = [f"{code(call.example)} {prose(call.meaning)}" for call in entry.calls]
    number = f", {prose(entry.number.says)}" if entry.number is not None else ""
    by_default = code(Recipe().written(entry.name))
    yield f"{code(entry.name)}: {prose(entry.meaning)}{number}; by default {by_default}\n\n{lines(*values)}".rstrip()


# -- findings


def _code(row: Code) -> str:
    return f"**{row.name}**: {prose(row.title)}\n\n{prose(row.meaning)}\n\nTo mend it: {prose(row.mend)}"
