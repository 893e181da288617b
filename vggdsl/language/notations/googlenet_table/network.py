"""What the rows of GoogLeNet's table mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from vggdsl.language.elaborate import elaborate
from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.googlenet_table.rows import ALL_FILTERS, FIGURES, FILTERS, Layers, Table, short
from vggdsl.language.notations.registry import Reading
from vggdsl.network.infer import TypedNode, infer
from vggdsl.text.errors import VggdslError
from vggdsl.text.figures import Figure

INCEPTION = (
    "block inception(a, b, c, d, e, f)"
    " { concat[ conv1-$a | conv1-$b conv3-$c | conv1-$d conv5-$e | maxpool3/1 pad=1 conv1-$f ] }"
)
_UNTYPED = "what a row is that says no type, by its depth, its patch and its place, as in GoogLeNet's table"


@dataclass(frozen=True)
class _Meaning:
    """What the figures of a column count, and in which units."""

    counts: str
    binary: str = ""
    said: str = ""


_MEANINGS = {
    "params": (
        _Meaning("params"),
        _Meaning("weights", "", "the column leaves biases out"),
        _Meaning("params", "i", "the column's K is 1,024"),
        _Meaning("weights", "i", "the column's K is 1,024, and it leaves biases out"),
    ),
    "ops": (_Meaning("macs"), _Meaning("macs", "i", "the column's M is 1,048,576")),
}
"""Plainest first."""


def reading(table: Table) -> Reading:
    """The network of a table. What a column of figures counts is told by how many of them hold."""
    rows = _typed_rows(table)
    plain = _draft(table, rows, {}).reading()
    try:
        annotated = elaborate(plain.document)
        typed = infer(annotated.graph)
    except VggdslError:
        return plain
    counted = [[typed[name] for name in printed.nodes] for printed in annotated.printed]
    of_rows = [row for row in rows if row.kind != "input"]
    if len(counted) != len(of_rows):
        return plain
    meanings = {name: _likeliest(name, of_rows, counted) for name in FIGURES if name in table.columns}
    return _draft(table, rows, meanings).reading()


def _likeliest(column: str, rows: Sequence[Layers], counted: Sequence[Sequence[TypedNode]]) -> _Meaning:
    """The meaning under which most figures of a column hold."""

    def held(meaning: _Meaning) -> int:
        pairs = [
            (_figure(row.cells[column], meaning), nodes)
            for row, nodes in zip(rows, counted, strict=True)
            if column in row.cells
        ]
        return sum(Figure.parse(figure).holds(_count(meaning.counts, nodes)) for figure, nodes in pairs)

    return max(_MEANINGS[column], key=held)


def _count(of: str, nodes: Sequence[TypedNode]) -> int:
    match of:
        case "params":
            return sum(node.params.learnable for node in nodes)
        case "weights":
            return sum(node.params.weights for node in nodes)
        case _:
            return sum(node.macs for node in nodes)


def _figure(cell: Excerpt, meaning: _Meaning) -> str:
    text = cell.text.replace(" ", "")
    return text + meaning.binary if text[-1:].isalpha() and text[-1:] not in "bB" else text


# -- rows


def _typed_rows(table: Table) -> list[Layers]:
    """The rows, with a kind for each; those of which none can be told are refused."""
    for row in table.rows:
        if "output" not in row.cells and not table.refused:
            table.refuse(f"`{short(row.at)}` has no output size", row.at, "write it as `112x112x64`")
    if table.refused:
        return table.rows
    for at, row in enumerate(table.rows):
        if "type" not in table.columns:
            behind = any(other.number("depth") for other in table.rows[at + 1 :])
            row.kind = _kind(row, table.rows[at - 1] if at else None, is_last=not behind)
        if row.kind:
            _check(table, row)
        else:
            help = "name its type: `convolution`, `max pool`, `inception (3a)`, `linear`"
            table.refuse(f"what layer `{short(row.at)}` is can't be told", row.at, help)
    return table.rows


def _kind(row: Layers, before: Layers | None, *, is_last: bool) -> str:
    depth = row.number("depth")
    if len(row.filters) == len(FILTERS) and depth:
        return "inception"
    if row.patch is not None and depth:
        return "conv"
    if row.patch is not None and depth == 0 and not row.filters and before is not None:
        is_mean = before.size[:2] == row.patch[:2] and row.size[:2] == (1, 1)
        return "avgpool" if is_mean else "maxpool"
    if row.patch is None and not row.filters and row.size[:2] == (1, 1):
        return "FC" if depth == 1 else "" if depth else "softmax" if is_last else "dropout"
    return ""


def _check(table: Table, row: Layers) -> None:
    """Refuses what a row of its kind doesn't say, and what it lacks."""
    window = row.patch and f"{row.patch[0]}x{row.patch[1]}"
    allowed: tuple[tuple[str, ...], ...] = ((),)
    if row.kind == "inception":
        doubled = tuple(name for name in ALL_FILTERS if not name.startswith("5x5"))
        allowed = (doubled if set(doubled) <= {*table.columns} else FILTERS,)
        if row.pool and "proj" not in row.cells:
            allowed = (allowed[0][:-1],)
        if row.stride > 1 and (row.filters.get("1x1") or "proj" in row.cells):
            at = row.cells.get("proj", row.cells["stride"])
            table.refuse(f"`{short(row.at)}` strides, and a 1x1 convolution of it doesn't", at, "such have none there")
    elif row.kind == "conv" and window in FILTERS:
        allowed = ((), (window,), (f"{window} reduce", window)) if window != "1x1" else ((), (window,))
    filters = tuple(name for name in ALL_FILTERS if name in row.filters)
    if filters not in allowed:
        lacks = [name for name in allowed[-1] if name not in filters]
        if lacks:
            table.refuse(f"`{short(row.at)}` lacks its #{lacks[0]}", row.at, "an Inception module has all six numbers")
        else:
            table.refuse("a number of filters that this row has no layer for", row.cells[filters[0]], "leave it out")
    needs_patch, may_have = row.kind in ("conv", "maxpool"), row.kind in ("conv", "maxpool", "avgpool")
    if needs_patch and row.patch is None:
        table.refuse(f"`{short(row.at)}` has no patch size", row.at, "write it with its stride: `3x3/2`")
    elif row.patch is not None and not may_have:
        table.refuse(f"a row of {row.kind} has no patch size", row.cells["patch"], "leave it out")


# -- layers


def _draft(table: Table, rows: Sequence[Layers], meanings: Mapping[str, _Meaning]) -> Draft:
    draft = Draft(table.source)
    for title in table.beside:
        draft.beside(title, "beside")
    for message, at, help in table.refused:
        draft.refuse(message, at, help)
    if draft.wrong:
        return draft
    if not rows:
        draft.refuse("the table has no rows", Excerpt.of(table.source, 0, 0), "paste it whole")
        return draft
    for text, at in table.repaired:
        draft.repaired(text, at)
        draft.line()
    rest = _input(draft, rows)
    if draft.wrong:
        return draft
    sizes = [*([rows[0].size] if rest is not rows else [_before(rest)]), *(row.size for row in rest)]
    into = sizes[:-1]
    pools = [(row, size) for row, size in zip(rest, into, strict=True) if row.kind == "maxpool"]
    is_up = all(_fits(row, size, up=True) for row, size in pools)
    is_up = is_up and not all(_fits(row, size) for row, size in pools)
    if is_up:
        row, size = next((row, size) for row, size in pools if not _fits(row, size))
        draft.put("default maxpool: ceil", row.at)
        draft.assumed(f"pools round sizes up, as those printed need: {size[0]} to {row.size[0]}", row.at)
        draft.line()
    if any(row.kind == "inception" and not _is_own(row) for row in rest):
        draft.put(INCEPTION, next(row for row in rest if row.kind == "inception" and not _is_own(row)).at)
        draft.line()
    for name, meaning in meanings.items():
        figures = [row.cells[name] for row in rest if name in row.cells]
        if meaning.said and figures:
            draft.assumed(f"{meaning.said}: most of its figures hold so", figures[0])
            draft.line()
    for row, size in zip(rest, into, strict=True):
        if "type" not in table.columns:
            draft.assumed(_UNTYPED, row.at, once=True)
        _row(draft, row, size, is_up=is_up)
        _printed(draft, row, meanings)
        draft.line()
    if table.total is not None:
        figure, word = table.total
        draft.put(f"claim params {figure.text.replace(' ', '')}", figure)
        if not word.text[0].isalpha() or " " in word.text:
            draft.repaired(f"`{figure.text} {word.text}` read as the network's parameters", word)
        draft.line()
    return draft


def _input(draft: Draft, rows: Sequence[Layers]) -> Sequence[Layers]:
    """The network's input; gives the rows behind it."""
    first = rows[0]
    h, w, c = first.size
    if first.kind == "input":
        draft.put(f"input {h}x{w}x{c}", first.at)
        draft.line()
        return rows[1:]
    h, w, c = _before(rows)
    at = first.cells["output"]
    maps = [row for row in rows if row.size[:2] != (1, 1)]
    last = maps[-1].size if maps else first.size
    total = prod(row.patch[2] if row.patch is not None else row.stride for row in maps)
    if (last[0] * total, last[1] * total) != (h, w):
        message = (
            f"the input isn't printed: the first row tells {h}x{w}, the last map {last[0] * total}x{last[1] * total}"
        )
        draft.refuse(message, at, "print it in a row above: `input`, and its size as the output's")
        return rows
    why = f"input {h}x{w}x{c}, which isn't printed: the first row's size by its stride, of 3 colours"
    draft.put_images((h, w), at, why)
    draft.line()
    return rows


def _before(rows: Sequence[Layers]) -> tuple[int, int, int]:
    """The input that the first row's output size and stride tell."""
    first = rows[0]
    stride = first.patch[2] if first.patch is not None else 1
    return first.size[0] * stride, first.size[1] * stride, 3


def _fits(row: Layers, size: tuple[int, int, int], *, pad: bool = False, up: bool = False) -> bool:
    """Whether a window gives the size that is printed, padded by (k - 1)/2 or not, rounded up or down."""
    if row.patch is None:
        return True
    *window, stride = row.patch
    for side, before, behind in zip(window, size, row.size, strict=False):
        free = before + (side - 1) // 2 * 2 * pad - side
        if free < 0 or stride < 1 or (-(-free // stride) if up else free // stride) + 1 != behind:
            return False
    return True


def _row(draft: Draft, row: Layers, size: tuple[int, int, int], *, is_up: bool) -> None:
    match row.kind:
        case "conv":
            _convolution(draft, row, size)
        case "maxpool" | "avgpool":
            _pool(draft, row, size, is_up=is_up)
        case "inception" if _is_own(row):
            _module(draft, row, is_up=is_up)
        case "inception":
            numbers = ", ".join(str(row.filters[name]) for name in FILTERS)
            draft.put(f"{f'{row.label}: ' if row.label else ''}inception({numbers})", row.at)
        case "dropout":
            draft.put(
                f"dropout-{row.rate or '40%'}" if "." not in row.rate or "%" in row.rate else f"dropout-{row.rate}",
                row.at,
            )
            if not row.rate:
                draft.assumed("a rate of 40%, as GoogLeNet's: none is printed", row.at)
        case "FC":
            draft.put(f"FC-{row.size[2]}", row.cells["output"])
        case kind:
            draft.put(kind, row.at)


def _is_own(row: Layers) -> bool:
    """Whether a module is another than GoogLeNet's."""
    return bool(row.pool) or row.stride > 1 or "double 3x3" in row.filters


def _module(draft: Draft, row: Layers, *, is_up: bool) -> None:
    """A module that has two 3x3 convolutions for the 5x5, or strides, or pools by the mean."""
    filters, by, kind = row.filters, f"/{row.stride}" if row.stride > 1 else "", row.pool or "maxpool"
    is_padded = row.stride == 1 or not is_up or kind != "maxpool"
    branches = [f"conv1-{filters['1x1']}"] if filters["1x1"] else []
    branches.append(f"conv1-{filters['3x3 reduce']} conv3-{filters['3x3']}{by}")
    if "double 3x3" in filters:
        width = filters["double 3x3"]
        branches.append(f"conv1-{filters['double 3x3 reduce']} conv3-{width} conv3-{width}{by}")
    else:
        branches.append(f"conv1-{filters['5x5 reduce']} conv5-{filters['5x5']}{by}")
    proj = f" conv1-{filters['proj']}" if "proj" in filters else ""
    branches.append(f"{kind}3/{row.stride}{' pad=1' if is_padded else ''}{proj}")
    draft.put(f"{f'{row.label}: ' if row.label else ''}concat[ {' | '.join(branches)} ]", row.at)
    draft.assumed(
        "3x3 windows of the pools in modules, and both 3x3 of one width: as BN-Inception's", row.at, once=True
    )
    if not row.pool:
        draft.assumed("maximum pools in modules, as GoogLeNet's: which they are isn't printed", row.at, once=True)
    if row.stride > 1:
        draft.assumed("a module strides in its last 3x3 convolutions and its pool", row.at, once=True)


def _convolution(draft: Draft, row: Layers, size: tuple[int, int, int]) -> None:
    assert row.patch is not None
    h, w, stride = row.patch
    window, by = (f"{h}" if h == w else f"{h}x{w}"), (f"/{stride}" if stride != 1 else "")
    name = f"{h}x{w}"
    width, at = row.filters.get(name, row.size[2]), row.cells.get(name, row.cells["output"])
    is_bare = not _fits(row, size, pad=True) and _fits(row, size)
    reduce = row.filters.get(f"{name} reduce")
    if reduce is not None:
        draft.put(f"( conv1-{reduce}", row.cells[f"{name} reduce"])
    draft.put(f"conv{window}-{width}{by}{' pad=0' if is_bare else ''}", at)
    if reduce is not None:
        draft.put(")", at)
    if is_bare:
        draft.assumed(f"no padding, as the size that is printed needs: {size[0]} to {row.size[0]}", row.cells["output"])


def _pool(draft: Draft, row: Layers, size: tuple[int, int, int], *, is_up: bool) -> None:
    if row.patch is None:
        draft.put("global-avgpool", row.at)
        return
    h, w, stride = row.patch
    text = f"{row.kind}{h if h == w else f'{h}x{w}'}/{stride}"
    pad = (h - 1) // 2 if h == w else 0
    if _fits(row, size) or (is_up and row.kind == "maxpool"):
        draft.put(text, row.at)
    elif pad and _fits(row, size, pad=True) and (stride == 1 or not _fits(row, size, up=True)):
        draft.put(f"{text} pad={pad}", row.at)
        draft.assumed(f"a padding of {pad}, as the size that is printed needs", row.cells["output"])
    elif _fits(row, size, up=True):
        draft.put(f"{text} ceil", row.at)
        draft.assumed(
            f"sizes rounded up, as the size that is printed needs: {size[0]} to {row.size[0]}", row.cells["output"]
        )
    else:
        draft.put(text, row.at)


def _printed(draft: Draft, row: Layers, meanings: Mapping[str, _Meaning]) -> None:
    h, w, c = row.size
    draft.put(f"-> {h}x{w}x{c}", row.cells["output"])
    if "depth" in row.cells:
        draft.put(f"weight-layers={row.number('depth')}", row.cells["depth"])
    for name, meaning in meanings.items():
        if name in row.cells:
            draft.put(f"{meaning.counts}={_figure(row.cells[name], meaning)}", row.cells[name])
