"""What stands beside a text, in the editor: shapes behind elements, and a line of totals above."""

from collections.abc import Iterator

from lsprotocol import types

from vggdsl.editor import tree
from vggdsl.editor.document import Reading
from vggdsl.editor.findings import first_line, range_of
from vggdsl.language import syntax
from vggdsl.network.infer import TypedNode
from vggdsl.spec.spec import Spec
from vggdsl.text.printing import shown
from vggdsl.text.source import Span
from vggdsl.text.units import count_text, plural


def totals(reading: Reading) -> list[types.CodeLens]:
    """A line for each network: ``138,357,544 parameters · 15.5 G MACs · 12 claims hold``."""
    found = list[types.CodeLens]()
    for each in reading.checked:
        if each.spec is not None:
            of = f"{shown(each.column)}: " if each.column else ""
            command = types.Command(f"{of}{_totals(each.spec)}", "")
            found.append(types.CodeLens(first_line(reading.document), command))
    return found


def _totals(spec: Spec) -> str:
    counts = [f"{spec.typed.params:,} parameters", f"{count_text(spec.typed.macs)} MACs"]
    hold, refuted, disputed = (spec.count(status) for status in ("holds", "refuted", "disputed"))
    counts += [f"{plural(hold, 'claim')} {'holds' if hold == 1 else 'hold'}"] if hold else []
    counts += [f"{plural(refuted, 'claim')} {'is' if refuted == 1 else 'are'} wrong"] if refuted else []
    counts += [f"{disputed:,} disputed"] if disputed else []
    return " · ".join(counts)


def shapes(reading: Reading, asked: types.Range) -> Iterator[types.InlayHint]:
    """The shape behind each element of some lines, where it changes and isn't printed there."""
    document, spec = reading.document, reading.spec
    if spec is None or spec.is_reworded:
        return
    by_place = dict[Span, list[TypedNode]]()
    for t in spec.typed.training_nodes:
        for span in (t.node.span, *t.node.calls):
            if span.source == spec.source and not t.node.implied:
                by_place.setdefault(span, []).append(t)
    lines = range(asked.start.line, asked.end.line + 1)
    for item in tree.items(spec.document, spec.source):
        if item.expects is not None and item.expects.size is not None:
            continue
        nodes = by_place.get(item.element.span, [])
        shape = _shape(item, nodes)
        end = range_of(item.span, document).end
        if shape is not None and end.line in lines:
            yield types.InlayHint(end, shape, kind=types.InlayHintKind.Type, padding_left=True)


def _shape(item: syntax.Item, nodes: list[TypedNode]) -> str | None:
    """What comes out of an element; None where that differs from call to call, or is said already."""
    span, last = item.element.span, dict[tuple[Span, ...], TypedNode]()
    for t in nodes:
        calls = t.node.calls
        last[calls[calls.index(span) + 1 :] if span in calls else calls] = t
    if isinstance(item.element, syntax.Input):
        return None
    if isinstance(item.element, syntax.Layer) and all(t.shape == t.x and not t.macs for t in last.values()):
        return None
    found = {t.shape for t in last.values()}
    return str(found.pop()) if len(found) == 1 else None
