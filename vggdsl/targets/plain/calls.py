"""Which block each label of a spec calls, and with what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from vggdsl.language import syntax
from vggdsl.language.blocks import Blocks, Values, blocks_of, items_of, values_of
from vggdsl.language.spelling import element_text, repeat_text
from vggdsl.language.syntax import Argument
from vggdsl.network.ops import Identity, Input
from vggdsl.spec.spec import Spec
from vggdsl.text.printing import shown


@dataclass(frozen=True)
class Called:
    """A block with what its parameters are."""

    block: str = ""
    values: Mapping[str, Argument] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """
        >>> Called("basic", {"c": 64, "s": 2}).text
        'basic(c, s)'
        """
        return f"{self.block}({', '.join(self.values)})"


def calls_of(spec: Spec) -> dict[str, Called]:
    """Those that have a label, by the start that it gives to the names of their layers."""
    found: dict[str, Called] = {}
    blocks: Blocks = blocks_of(spec.whole.contents, [])
    heads = count(1)

    def walk(items: Iterable[syntax.Item], within: str, outside: Values) -> None:
        for item in items:
            label = f"{within}{item.label}" if item.label else ""
            for i in range(1, item.times + 1):
                path = f"{label}.{i}" if label and item.repeat else label
                element(item.element, path, within, outside)

    def element(each: syntax.Element, path: str, within: str, outside: Values) -> None:
        inside = f"{path}." if path else within
        match each:
            case syntax.Call(name):
                values = values_of(each, blocks[name], outside)
                if path:
                    found[path] = Called(str(name), {str(key): value for key, value in values.items()})
                walk(items_of(blocks[name]), inside, values)
            case syntax.Group(items):
                walk(items, inside, outside)
            case syntax.Merge(branches=branches):
                for branch in branches:
                    walk(branch, inside, outside)
            case syntax.Aux(items=items):
                number = next(heads)
                path = path or f"{within}aux{number}"
                found[path] = Called("auxiliary")
                if len(items) == 1 and not items[0].label:
                    element(items[0].element, path, within, outside)
                else:
                    walk(items, f"{path}.", outside)
            case syntax.Layer() | syntax.Input():
                pass

    walk(spec.whole.items, "", {})
    return found


def headings_of(spec: Spec) -> dict[str, str]:
    """What stands above the first layer of each call without a label: the call. Nothing but a blank line is above the
    first one behind it."""
    found = {}
    is_behind = False
    for each in spec.network.elements:
        first = next((name for name in each.nodes if not isinstance(spec.typed[name].node.op, Identity | Input)), None)
        if first is None:
            continue
        is_call = isinstance(each.item.element, syntax.Call) and not each.item.label
        if is_call:
            found[first] = shown(element_text(each.item.element) + repeat_text(each.item), 80)
        elif is_behind:
            found[first] = ""
        is_behind = is_call
    return found
