"""Random syntax documents over the whole language, in the form that ``parse`` gives."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Literal, TypeVar

from hypothesis import strategies as st
from strategies import composite

from vggdsl.language import syntax
from vggdsl.language.dictionary import KINDS, MERGES
from vggdsl.language.options import OPTIONS
from vggdsl.language.syntax import Item, Line, Measure, Option, Size
from vggdsl.network.measures import OF_A_CLASS, STRUCTURAL
from vggdsl.text.figures import Figure
from vggdsl.text.source import NOWHERE, Placed

RULED = [kind.word for kind in KINDS.values() if kind.ruled]
RESULTS = ("top-1-error", "top-5-error", "top-1-accuracy", "rank-5-accuracy", "balanced-accuracy", *OF_A_CLASS)
PROTOCOL = (
    "split=val",
    "scale=256,384",
    "view=dense+grid",
    "train=S256",
    "flip=yes",
    "seed=3",
    "class=cat",
    "average=macro",
)

T = TypeVar("T")


@cache
def perhaps(some: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | some


# -- small things


def placed(text: str) -> Placed:
    return Placed(text, NOWHERE)


sizes = st.integers(1, 600) | st.integers(1, 10**9)
names = st.sampled_from(["a", "s256", "no-such", "val-accuracy", "he", "g_1", "conv3_1", "lr", "data", "x-y"]).map(
    placed
)
labels = st.sampled_from(["3a", "1", "conv1", "x2", "_", "bn", "input", "A", "after", "12", "epoch"]).map(placed)
refs = st.sampled_from(["3a", "conv1_1", "2b.1", "a.b.c", "fc6", "5", "x3", "conv"]).map(placed)
lookalikes = st.sampled_from(["macs1", "params_", "outputs", "claim", "claims", "epoch", "x", "12", "as"]).map(placed)
"""Labels that look like other words where a claim names them."""
_places = st.none() | refs | lookalikes
strings = st.text(st.characters(exclude_characters='"\n', exclude_categories=["Cs"]), max_size=12)
reasons = strings.filter(str.strip) | st.sampled_from(["7·7·3·64 = 9,408 = 9.2Ki", "-> 5, " * 12, "x" * 120])
"""Why a figure is disputed; with long ones, lines are broken."""
comments = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12).map(
    lambda text: f"# {text}".rstrip()
)
_DIGITS = ["0", "7", "138", "4096", "1,728", "2,097,664", "8.1", "0.0001", ".5", "007", "1e-3", "1.5e3", "2e05"]


@composite
def _figures(draw: st.DrawFn) -> Figure:
    unit = draw(st.sampled_from(["", "", "K", "Ki", "m", "G", "%"]))
    return Figure.parse(draw(st.sampled_from(["", "", "~"])) + draw(st.sampled_from(_DIGITS)) + unit)


figures = _figures()
counts = st.integers(0, 10**9)
blocks = names.map(lambda name: placed(f"b_{name}"))
parameters = st.sampled_from(["a", "c2", "x", "k_1"]).map(syntax.Parameter)
rates = st.sampled_from(["0.5", "40%", ".25", "12.5%", "0.0"])
_parts = st.lists(sizes.map(str), min_size=2, max_size=3, unique=True) | st.sampled_from(
    [["1..4"], ["64..128:32"], ["7", "16..64:16"], ["1..3", "8"]]
)
choice_names = st.just("") | st.sampled_from(["w", "x", "d_2", "input_1", "conv", "epoch"])


@composite
def choices(draw: st.DrawFn, parts: st.SearchStrategy[list[str]] = _parts) -> syntax.Choice:
    return syntax.Choice(tuple(draw(parts)), NOWHERE, draw(choice_names))


values: st.SearchStrategy[syntax.Value] = st.one_of(sizes, sizes, parameters, choices())
_rate_choices = choices(st.sampled_from([["0.3", "0.5"], ["40%", ".25"], ["0.1..0.5:0.1"], ["0", "1..3"]]))
given_values: st.SearchStrategy[syntax.Argument] = values | rates | _rate_choices
printed_sizes = st.lists(sizes, min_size=1, max_size=3).map(lambda numbers: Size(tuple(numbers)))
full_sizes = st.lists(sizes, min_size=2, max_size=3).map(lambda numbers: Size(tuple(numbers)))


def option(text: str) -> Option:
    key, _, value = text.partition("=")
    return Option(placed(key), placed(value), NOWHERE)


_VALUES = ["1", "0x3", "yes", "1e-3", "1,2", "0,1,0,1", "256,384,512", "~5K", "1,234Ki", "a/b+c", "é", "-1", "."]
bare_values = st.sampled_from(_VALUES)
_KEYS = sorted({key.name for keys in OPTIONS.values() for key in keys} | {"lr", "foo-bar", "n1"})
option_keys = st.sampled_from(_KEYS).map(placed)


@composite
def _options(draw: st.DrawFn) -> Option:
    if draw(st.integers(0, 9)) == 9:
        choice = draw(choices(_parts | st.sampled_from([["yes", "no"], ["0x3", "same"]])))
        return Option(draw(option_keys), placed(str(choice)), NOWHERE, choice=choice)
    quoted = draw(st.booleans())
    return Option(draw(option_keys), placed(draw(strings if quoted else bare_values)), NOWHERE, quoted)


options = _options()
option_tuples = st.lists(options, max_size=2).map(tuple)
quoted_classes = strings.map(lambda name: Option(placed("class"), placed(name), NOWHERE, quoted=True))
protocols = st.lists(st.sampled_from(PROTOCOL).map(option) | quoted_classes, max_size=3).map(tuple)

# -- the network


_LAYERS = [kind for kind in KINDS.values() if kind.form != "MERGE"]
_kernels: st.SearchStrategy[tuple[syntax.Value, syntax.Value]] = st.one_of(
    st.tuples(sizes, sizes),
    st.one_of(sizes, parameters, choices()).map(lambda k: (k, k)),
    st.tuples(choices(), sizes | choices()),
)
_rates = st.one_of(st.sampled_from(["0.5", "40%", ".25", "12.5%", "0"]), parameters, _rate_choices)
_slopes = st.one_of(st.none(), st.sampled_from(["0.1", ".25", "1"]), parameters, _rate_choices)


@composite
def layers(draw: st.DrawFn) -> syntax.Layer:
    kind = draw(st.sampled_from(_LAYERS))
    kernel = width = stride = rate = None
    match kind.form:
        case "CONV":
            kernel, width, stride = draw(_kernels), draw(values), draw(perhaps(_kernels))
        case "POOL" if draw(st.booleans()):
            kernel, stride = draw(_kernels), draw(_kernels)
        case "SIZED":
            width = draw(values)
        case "RATED":
            rate = draw(_rates)
        case "CURVED":
            rate = draw(_slopes)
    return syntax.Layer(kind.word, NOWHERE, kernel, width, stride, rate, draw(option_tuples))


@composite
def measures(
    draw: st.DrawFn, kinds: tuple[str, ...], disputed: bool = False, sized: tuple[str, ...] = ("output",)
) -> Measure:
    """Measures of some kinds; those that are ``sized`` may have a size as their figure."""
    name = draw(st.sampled_from(kinds))
    if name in sized and draw(st.booleans()):
        return Measure(name, draw(full_sizes), NOWHERE)
    return Measure(name, draw(figures), NOWHERE, draw(perhaps(reasons)) if disputed else None)


@composite
def arrows(draw: st.DrawFn) -> syntax.Expects:
    size = draw(perhaps(printed_sizes))
    found = draw(st.lists(measures(STRUCTURAL, disputed=True), min_size=size is None, max_size=3))
    return syntax.Expects(size, tuple(found), NOWHERE)


@composite
def plain_items(draw: st.DrawFn) -> Item:
    """A layer or a call with what can stand around it."""
    return _item(draw, draw(layers()) if draw(st.booleans()) else draw(calls()))


def _item(draw: st.DrawFn, element: syntax.Element) -> Item:
    repeats = st.one_of(counts, counts, parameters, choices())
    return Item(element, NOWHERE, draw(perhaps(labels)), draw(perhaps(repeats)), draw(perhaps(arrows())))


@composite
def calls(draw: st.DrawFn) -> syntax.Call:
    return syntax.Call(draw(blocks), tuple(draw(st.lists(given_values, max_size=3))), NOWHERE)


@composite
def inputs(draw: st.DrawFn) -> Item:
    said = draw(st.lists(st.sampled_from(["RGB", "image", "grey", "foo"]), max_size=2))
    element = syntax.Input(draw(full_sizes), tuple(map(placed, said)), NOWHERE)
    return Item(element, NOWHERE, draw(perhaps(labels)), None, draw(perhaps(arrows())))


_exact = figures.filter(lambda figure: not figure.approximate)


@composite
def items(draw: st.DrawFn, deep: int = 2) -> Item:
    """Layers and calls, in groups, alternations, branches and auxiliary heads."""
    kind = draw(st.sampled_from(["plain"] * 5 + ["group", "merge", "aux", "either"])) if deep else "plain"
    match kind:
        case "group":
            return _item(draw, syntax.Group(draw(_several(deep - 1)), NOWHERE))
        case "merge":
            branches = draw(st.lists(_several(deep - 1), min_size=2, max_size=3))
            return _item(draw, syntax.Merge(draw(st.sampled_from(MERGES)), tuple(branches), NOWHERE))
        case "either":
            rows = draw(st.lists(_several(deep - 1), min_size=2, max_size=3))
            return _item(draw, syntax.Alternation(tuple(rows), NOWHERE, draw(choice_names)))
        case "aux":
            return _item(draw, syntax.Aux(draw(_exact), draw(_several(deep - 1)), NOWHERE))
        case _:
            return draw(plain_items())


@cache
def _several(deep: int) -> st.SearchStrategy[tuple[Item, ...]]:
    return st.lists(items(deep), min_size=1, max_size=2).map(tuple)


@composite
def item_tuples(draw: st.DrawFn) -> tuple[Item, ...]:
    first = [draw(inputs())] if draw(st.integers(0, 4)) == 4 else []
    return tuple(first + draw(st.lists(items(), min_size=not first, max_size=3)))


@composite
def item_lines(draw: st.DrawFn) -> syntax.Items:
    return syntax.Items(draw(item_tuples()), NOWHERE)


# -- sections


@composite
def atoms(draw: st.DrawFn, size: bool = False) -> syntax.Atom:
    match draw(st.sampled_from(["word", "number", "range", "string", *(["size"] if size else [])])):
        case "word":
            return syntax.Atom(draw(names), "word", NOWHERE)
        case "number":
            return syntax.Atom(draw(figures).text, "number", NOWHERE)
        case "range":
            return syntax.Atom(draw(st.sampled_from(["1..20", "256..512"])), "range", NOWHERE)
        case "size":
            return syntax.Atom(str(draw(full_sizes)), "size", NOWHERE)
        case _:
            return syntax.Atom(draw(strings), "string", NOWHERE)


@composite
def arguments(draw: st.DrawFn) -> syntax.Atom | Option | syntax.During:
    if draw(st.booleans()):
        return draw(atoms())
    if draw(st.booleans()):
        return syntax.During(draw(st.sampled_from(["1..5", "6..10"])), draw(figures).text, NOWHERE)
    return draw(options)


_CHOSEN = ["3a", "2b.1.conv1", "a.b.c", "conv1_1..conv4_3", "3a..4e", "all but fc8", "all but 12", "all but a.b..c"]
_arguments_of_from = arguments() | st.sampled_from(_CHOSEN).map(lambda text: syntax.Atom(text, "layers", NOWHERE))


@composite
def settings(draw: st.DrawFn) -> syntax.Setting:
    if draw(st.booleans()):
        return syntax.Setting(placed("from"), tuple(draw(st.lists(_arguments_of_from, max_size=4))), NOWHERE)
    return syntax.Setting(draw(names), tuple(draw(st.lists(arguments(), max_size=3))), NOWHERE)


@composite
def entries(draw: st.DrawFn) -> syntax.Entry:
    if draw(st.integers(0, 4)) == 0:
        kinds = {text: "word" if text.isalnum() and text[0].isalpha() else "layers" for text in [*_CHOSEN, "fc8"]}
        chosen = st.sampled_from(sorted(kinds)).map(lambda text: syntax.Atom(text, kinds[text], NOWHERE))  # type: ignore[arg-type]  # a literal
        times = st.sampled_from(["x10", "x.5", "x1e-2"]).map(lambda text: syntax.Atom(text, "times", NOWHERE))
        values = tuple(draw(st.lists(chosen | times, min_size=1, max_size=4)))
        return syntax.Entry(placed(draw(st.sampled_from(["freeze", "rate"]))), values, NOWHERE)
    return syntax.Entry(draw(names), tuple(draw(st.lists(_entry_values(), min_size=1, max_size=3))), NOWHERE)


@composite
def _entry_values(draw: st.DrawFn) -> syntax.Atom | Option | syntax.Setting:
    match draw(st.integers(0, 2)):
        case 0:
            return draw(atoms(size=True))
        case 1:
            return draw(options)
        case _:
            return draw(settings())


@composite
def result_lines(draw: st.DrawFn) -> syntax.ResultLine:
    accuracies = st.sampled_from([".5", "0.1234", "1.0", "0.9"])
    first, last = sorted((draw(sizes), draw(sizes)))
    return syntax.ResultLine(first, last, draw(accuracies), draw(accuracies), draw(accuracies), NOWHERE)


@composite
def results(draw: st.DrawFn) -> syntax.Results:
    found = draw(st.lists(measures(RESULTS), min_size=1, max_size=2))
    return syntax.Results(tuple(found), draw(protocols), NOWHERE)


@composite
def lines_of(draw: st.DrawFn, contents: st.SearchStrategy[syntax.Content], least: int = 0) -> tuple[Line, ...]:
    """Lines with comments behind and between them, and single blank lines between."""
    found: list[Line] = []
    for content in draw(st.lists(contents, min_size=least, max_size=4)):
        for comment in draw(st.lists(perhaps(comments), max_size=2)):
            if comment or (found and found[-1] != Line(None)):
                found.append(Line(None, comment))
        found.append(Line(content, draw(perhaps(comments))))
    return tuple(found + [Line(None, comment) for comment in draw(st.lists(comments, max_size=1))])


_measured_lines = st.one_of(entries(), result_lines(), results())


@composite
def sections(draw: st.DrawFn) -> syntax.Content:
    match draw(st.sampled_from(["train", "measured", "block"])):
        case "train":
            base, name = draw(perhaps(names)), draw(perhaps(names))
            return syntax.Train(draw(lines_of(entries())), NOWHERE, NOWHERE, name, base)
        case "measured":
            return syntax.Measured(draw(lines_of(_measured_lines)), NOWHERE, NOWHERE)
        case _:
            found = tuple(draw(st.lists(names, max_size=2)))
            return syntax.Block(draw(blocks), found, draw(lines_of(item_lines(), 1)), NOWHERE, NOWHERE)


# -- claims and directives


@composite
def claims(draw: st.DrawFn) -> syntax.Claim:
    kinds = (*STRUCTURAL, *RESULTS)
    found = draw(st.lists(measures(kinds, sized=kinds), min_size=1, max_size=3))
    if len(found) == 1 and draw(st.booleans()):
        found = [Measure(found[0].name, found[0].figure, NOWHERE, draw(reasons))]
    on = draw(_places)
    return syntax.Claim(tuple(found), NOWHERE, on, draw(protocols), draw(perhaps(strings)))


@composite
def figure_rows(draw: st.DrawFn) -> syntax.Claim:
    """What only a row of a block can say: several figures, each of which may be disputed."""
    found = draw(st.lists(measures(STRUCTURAL, disputed=True), min_size=1, max_size=3))
    return syntax.Claim(tuple(found), NOWHERE, draw(_places))


_rules = st.just(()) | item_tuples()


@composite
def directives(draw: st.DrawFn) -> syntax.Content:
    kind = st.sampled_from(RULED)
    match draw(st.sampled_from(["claim", "result", "source", "after", "default", "link", "remove", "edit"])):
        case "claim":
            return draw(claims())
        case "result":
            return syntax.ResultLineClaim(draw(result_lines()), NOWHERE, draw(perhaps(strings)))
        case "source":
            return syntax.Cites(draw(strings), NOWHERE)
        case "after":
            return syntax.After(draw(kind), draw(_rules), NOWHERE)
        case "default":
            return syntax.Default(draw(kind), tuple(draw(st.lists(options, min_size=1, max_size=3))), NOWHERE)
        case "link":
            return syntax.Link(draw(st.sampled_from(["use", "extends"])), placed(draw(strings)), NOWHERE)
        case "remove":
            last = draw(perhaps(labels))
            return syntax.Remove(draw(labels if last else refs), last, NOWHERE)
        case _:
            verbs: list[Literal["replace", "insert-after"]] = ["replace", "insert-after"]
            return syntax.Edit(draw(st.sampled_from(verbs)), draw(labels), draw(item_tuples()), NOWHERE)


_contents = st.sampled_from([item_lines(), item_lines(), directives(), directives(), sections()])


@composite
def contents(draw: st.DrawFn) -> syntax.Content:
    return draw(draw(_contents))


_rows = st.one_of(claims(), figure_rows(), result_lines().map(lambda line: syntax.ResultLineClaim(line, NOWHERE)))


@composite
def printed_tables(draw: st.DrawFn) -> tuple[Line, ...]:
    """Claims of one place, as a block holds them, and perhaps one of another among them."""
    place = draw(strings)
    same = _rows.map(lambda row: replace(row, where=place))
    return draw(lines_of(st.one_of(same, same, same, claims()), least=2))


documents = st.tuples(lines_of(contents()), st.just(()) | printed_tables()).map(
    lambda parts: syntax.Document(parts[0] + parts[1])
)

# -- texts with mistakes in them


_SPLITS: list[Callable[[str], list[str]]] = [
    list,
    lambda text: re.split(r"(\s+)", text),
    lambda text: text.splitlines(keepends=True),
]
_INSERTS = [*'()[]{}|,:="#$x~%/ \n\t\r\0½', "->", " x2 ", "conv3-64", " $a ", "disputed", "claim "]


@composite
def mutants(draw: st.DrawFn, text: str) -> str:
    """A text after one to three edits of characters, words or lines."""
    for _ in range(draw(st.integers(1, 3))):
        parts = draw(st.sampled_from(_SPLITS))(text) or [""]
        i, j = (draw(st.integers(0, len(parts) - 1)) for _ in "ij")
        match draw(st.sampled_from(["delete", "insert", "duplicate", "swap"])):
            case "delete":
                del parts[i]
            case "insert":
                parts.insert(i, draw(st.sampled_from(_INSERTS)))
            case "duplicate":
                parts.insert(i, parts[i])
            case "swap":
                parts[i], parts[j] = parts[j], parts[i]
        text = "".join(parts)
    return text
