"""How a network's elements are spelled: one way for each, wherever they are shown or written.

Figures and sizes stay as they were printed, sizes with ``x``.
"""

from collections.abc import Iterable
from typing import assert_never

from vggdsl.language import syntax


def item_text(item: syntax.Item) -> str:
    """An element with its label, its repeat and what is printed about it: ``2b: conv3-64 x2 -> 56x56x64``."""
    return " ".join([bare_text(item), *(expects_pieces(item.expects) if item.expects else [])])


def bare_text(item: syntax.Item) -> str:
    """An item without what is printed about it."""
    return (f"{item.label}: " if item.label else "") + element_text(item.element) + repeat_text(item)


def repeat_text(item: syntax.Item) -> str:
    return f" x{item.repeat}" if item.repeat is not None else ""


def items_text(items: Iterable[syntax.Item]) -> str:
    """Items one after another."""
    return " ".join(map(item_text, items))


def element_text(element: syntax.Element) -> str:
    """An element alone, with what stands in it."""
    match element:
        case syntax.Layer():
            return " ".join([layer_text(element), *map(option_text, element.options)])
        case syntax.Input(size, words):
            return f"input ({size} {' '.join(words)})" if words else f"input {size}"
        case syntax.Merge(kind, branches):
            inner = " | ".join(map(items_text, branches))
            return f"{kind}[ {inner} ]"
        case syntax.Group(items):
            return f"( {items_text(items)} )"
        case syntax.Call(name, arguments):
            return f"{name}({', '.join(map(str, arguments))})"
        case syntax.Alternation(alternatives, name=name):
            named = f"{name}= " if name else ""
            return f"( {named}{' | '.join(map(items_text, alternatives))} )"
        case syntax.Aux(weight, items):
            return f"aux {weight.text} {{ {items_text(items)} }}"
        case _:
            assert_never(element)


def option_text(option: syntax.Option) -> str:
    """Of a layer or a default: elsewhere there is no bare ``ceil``."""
    return "ceil" if str(option) == "ceil=yes" else str(option)


def layer_text(layer: syntax.Layer) -> str:
    """The layer's word, without its options."""
    size = "" if layer.kernel is None else sides_text(layer.kernel)
    width = f"-{layer.width}" if layer.width is not None else ""
    stride = f"/{sides_text(layer.stride)}" if layer.stride is not None else ""
    rate = f"-{layer.rate}" if layer.rate is not None else ""
    return f"{layer.kind}{size}{width}{stride}{rate}"


def sides_text(sides: tuple[syntax.Value, syntax.Value]) -> str:
    """Height and width as a word has them: ``3`` if they are equal, else ``3x5``. Two choices without a name, even of
    the same options, are ``{1|3}x{1|3}``: each is made for itself."""
    h, w = sides
    is_one = h is w or (h == w and not (isinstance(h, syntax.Choice) and not h.name))
    return str(h) if is_one else f"{h}x{w}"


def expects_pieces(expects: syntax.Expects) -> list[str]:
    """``-> 28x28x256 weights=159Ki``, divided where a line can go on: before each figure but a first one."""
    size = [str(expects.size)] if expects.size else []
    first, *figures = [*size, *map(figure_text, expects.figures)]
    return [f"-> {first}", *figures]


def figure_text(measure: syntax.Measure) -> str:
    """As behind an arrow: ``weights=159Ki``."""
    disputed = "" if measure.disputed is None else f' disputed "{measure.disputed}"'
    return f"{measure.name}={measure.printed}{disputed}"


def measure_text(measure: syntax.Measure) -> str:
    """As in a claim: ``params 138M``."""
    return f"{measure.name} {measure.printed}"
