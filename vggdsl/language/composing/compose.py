"""A network's layers -> the text of a spec that says them, and nothing else.

Several ways to say them are tried: which rules stand for what follows each layer, which options are defaults. Of those
whose text, read as any spec is, gives the same network the shortest is taken.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vggdsl.language import notations, syntax
from vggdsl.language.composing.branches import Branches, Items
from vggdsl.language.composing.folding import folded
from vggdsl.language.composing.repeats import units
from vggdsl.language.composing.rules import Style, styles
from vggdsl.language.composing.words import Unsayable, option, with_defaults, word_of
from vggdsl.language.dictionary import KINDS
from vggdsl.language.elaborate import elaborate
from vggdsl.language.spelling import items_text
from vggdsl.network.comparing import compare
from vggdsl.network.infer import infer
from vggdsl.network.matching import NormalForm, Step, normal_form, pair
from vggdsl.network.ops import Merge, Softmax
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import NOWHERE, Source

WIDEST = 100
"""Characters of a line of layers."""


@dataclass(frozen=True)
class Composed:
    """The text of a spec, and its layers each with that of the form that it says."""

    text: str
    pairs: dict[str, str]


def compose(form: NormalForm, *, softmax: bool = False, comments: Iterable[str] = ()) -> Composed:
    """The spec of a network, which may end in a ``softmax`` that its form leaves out, with comments before it.

    Raises ``Unsayable`` with the first layer that no spec can say, by its name in the form.
    """
    branches = Branches(form)
    for step in branches.steps.values():
        if step.inputs and not isinstance(step.op, Merge):
            _sayable(step)
    heading = [f"# {comment}" for comment in comments]
    texts = {notations.write(_document(branches, style, softmax, heading)) for style in styles(branches)}
    why = ""
    for text in sorted(texts, key=lambda text: (len(text), text)):
        found = _pairs(text, form)
        if isinstance(found, dict):
            return Composed(text, found)
        why = why or found
    raise Unsayable(why)


def _sayable(step: Step) -> None:
    try:
        word_of(step.op)
    except Unsayable as error:
        raise Unsayable(f"`{step.name}`: {error}") from None


def _pairs(text: str, form: NormalForm) -> dict[str, str] | str:
    """The layers of what a text says, each with that of the form; why it is another network.

    All is compared, also what changes no output in evaluation.
    """
    try:
        network = infer(elaborate(notations.read(Source("", text), notations.SPEC_LANGUAGE)).graph)
    except VggdslError as error:
        return error.diagnostics[0].message
    ours = normal_form(network, as_written=True)
    pairs = pair(ours, form)
    if pairs is not None:
        return pairs
    differences = compare(ours, form).differences
    return differences[0].text if differences else "its layers can't be told apart"


# -- the document


def _document(branches: Branches, style: Style, softmax: bool, heading: Iterable[str]) -> syntax.Document:
    def layer(step: Step) -> syntax.Layer | None:
        return None if step.name in style.left_out else with_defaults(step.op, style.defaults)

    items = branches.written(layer)
    if softmax:
        items += (syntax.Item(syntax.Layer(Softmax.word, NOWHERE), NOWHERE),)
    whole = folded(items)
    x = branches.steps[branches.start].shape
    given = syntax.Input(syntax.Size((x.h, x.w, x.c)), (), NOWHERE)
    rules = [*_defaults(style), *_rules(style)]
    blank = syntax.Line(None)
    lines = [syntax.Line(None, comment) for comment in heading]
    lines += [_line((syntax.Item(given, NOWHERE),)), *rules]
    if whole.blocks:
        lines += [blank, *map(syntax.Line, whole.blocks)]
    lines += [blank] if rules or whole.blocks else []
    lines += map(_line, _rows(whole.items))
    return syntax.Document(tuple(lines))


def _line(items: Items) -> syntax.Line:
    return syntax.Line(syntax.Items(items, NOWHERE))


def _defaults(style: Style) -> Iterator[syntax.Line]:
    for kind, options in style.defaults.items():
        given = tuple(option(key, value) for key, value in options.items())
        yield syntax.Line(syntax.Default(kind, given, NOWHERE))


def _rules(style: Style) -> Iterator[syntax.Line]:
    for kind, rule in style.rules.items():
        items = tuple(syntax.Item(with_defaults(op, style.defaults), NOWHERE) for op in rule)
        yield syntax.Line(syntax.After(kind, items, NOWHERE))


def _rows(items: Items) -> Iterator[Items]:
    """The lines of a network: convolutions up to a pool, calls of different blocks, and by themselves pools, FC and
    what holds branches."""
    row: list[syntax.Item] = []
    for unit in units(items):
        if row and (_begins(row, unit[0]) or len(items_text((*row, *unit))) > WIDEST):
            yield tuple(row)
            row = []
        row += unit
    if row:
        yield tuple(row)


def _begins(row: Sequence[syntax.Item], item: syntax.Item) -> bool:
    """Whether an element begins a line behind a row."""
    calls = [each.element.name for each in row if isinstance(each.element, syntax.Call)]
    if isinstance(item.element, syntax.Call) and calls:
        return item.element.name in calls
    return _is_alone(item) or _is_alone(row[0])


def _is_alone(item: syntax.Item) -> bool:
    element = item.element
    if not isinstance(element, syntax.Layer):
        return True
    return KINDS[element.kind].stem in ("pool", "fc", "softmax", "drop")
