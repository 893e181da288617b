"""Rows that are named after weights, `conv1.weight | 32x3x3x3`, as rows of layers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.columns import TENSOR, UNREAD, Column

_SHAPE = re.compile(r"(?:torch\.Size\()?[\[(]? ?(\d{1,7}(?: ?[x,] ?\d{1,7}){0,3}) ?,? ?[\])]?\)?")


@dataclass(frozen=True)
class _Weights:
    """Weights of a convolution, four numbers of which the last two are its window, or of an FC, two; the other two
    are what comes and what it gives, in the order that all shapes of a table have."""

    row: Row
    name: Cell
    shape: Cell
    numbers: tuple[int, ...]
    bias: int | None

    def holds(self, takes: int) -> bool:
        """Whether its bias is as wide as what it gives; ``takes`` says which number is of what comes, 0 or 1."""
        return self.bias in (None, self.numbers[1 - takes])

    def gives(self, after: "_Weights", takes: int) -> bool:
        """Whether what it gives comes to another, whose values are those of all places of a map before an FC."""
        out, comes = self.numbers[1 - takes], after.numbers[takes]
        return comes % out == 0 if len(self.numbers) > len(after.numbers) else comes == out


def layers(draft: Draft, rows: Sequence[Row], found: Sequence[Column]) -> tuple[list[Row], list[Column]]:
    """A row a layer, whose window is written before its channels, and the columns of these; what can't be told is
    refused. The order of all shapes is the one in which each layer takes what the one before gives."""
    roles = [each.role for each in found]
    of_names = roles.index("tensor")
    columns = [replace(each, roles=("kind",)) if each.role == "tensor" else each for each in found]
    if "filter" not in roles:
        draft.refuse("no column says the shapes of these weights", found[of_names].at, "head it `Shape`")
        return [], columns
    read = {id(each.row): each for each in _weights(draft, rows, of_names, roles.index("filter"))}
    weights = list(read.values())
    links = [sum(a.gives(b, takes) for a, b in pairwise(weights)) for takes in (0, 1)]
    biases = [sum(each.holds(takes) for each in weights) for takes in (0, 1)]
    held = [links[takes] + biases[takes] for takes in (0, 1)]
    if held[0] == held[1] and any(each.numbers[0] != each.numbers[1] for each in weights):
        message = "which number of these shapes is of what comes, and which of what is given, isn't told"
        draft.refuse(message, weights[0].shape.text, "print the biases, too")
        return [], columns
    takes = 0 if held[0] >= held[1] else 1
    if weights:
        order = "what comes, then what is given" if not takes else "what is given, then what comes"
        draft.assumed(f"shapes of weights are {order}, as the rows need", weights[0].shape.text, once=True)
        if all(TENSOR.fullmatch(cell.text.text) for row in rows for cell in row if cell.columns.start == of_names):
            draft.assumed("nothing stands between these layers: rows of weights say no pools", weights[0].name.text)
    lines = list[Row]()
    for row in rows:
        if (each := read.get(id(row))) is not None:
            if not each.holds(takes):
                message = f"its bias has {each.bias} values, and it gives {each.numbers[1 - takes]}"
                draft.refuse(message, each.shape.text, "correct the one or the other")
            lines.append(_reworded(each, takes))
        elif not any(cell.columns.start == of_names and TENSOR.fullmatch(cell.text.text) for cell in row):
            lines.append(row)
        else:
            _holds_no_more(draft, row, roles)
    return lines, columns


def _holds_no_more(draft: Draft, row: Row, roles: Sequence[str]) -> None:
    """Refuses what the row of a bias says besides its name and its shape: a number of parameters is that."""
    shape = next((cell.text.text for cell in row if roles[cell.columns.start] == "filter"), "")
    for cell in row:
        role, said = roles[cell.columns.start], re.fullmatch(r"[-\s.]*|n/?a", cell.text.text, re.IGNORECASE) is None
        is_count = role == "params" and re.findall(r"\d+", cell.text.text) == re.findall(r"\d+", shape)
        if said and role not in ("tensor", "filter", "name", *UNREAD) and not is_count:
            draft.refuse(f"`{cell.text.text}` is of a bias, which has but its values", cell.text, "leave it out")


def _weights(draft: Draft, rows: Sequence[Row], of_names: int, of_shapes: int) -> Iterator[_Weights]:
    """The weights of layers, with their biases."""
    tensors = dict[str, tuple[Row, Cell, Cell, tuple[int, ...]]]()
    for row in rows:
        name = next((cell for cell in row if cell.columns.start == of_names), None)
        if name is None or (tensor := TENSOR.fullmatch(name.text.text)) is None:
            continue
        shape = next((cell for cell in row if cell.columns.start == of_shapes), name)
        numbers = _numbers(shape.text)
        key = f"{tensor['layer']}.{tensor['part'].lower()}"
        is_bias = tensor["part"].lower() == "bias"
        if key in tensors or len(numbers) not in ((1,) if is_bias else (2, 4)):
            message = (
                f"`{shape.text.text}` is no shape of a bias"
                if is_bias
                else f"`{shape.text.text}` is no shape of weights"
            )
            message = f"a second tensor `{key}`" if key in tensors else message
            help = "`64x3x3x3` is a convolution's, `512x10` an FC's, and `64` the bias of either"
            draft.refuse(message, name.text if key in tensors else shape.text, help)
            continue
        tensors[key] = row, name, shape, numbers
    for key, (row, name, shape, numbers) in tensors.items():
        layer, _, part = key.rpartition(".")
        other = tensors.get(f"{layer}.{'weight' if part == 'bias' else 'bias'}")
        if other is None:
            lacks = "weights" if part == "bias" else "bias"
            draft.refuse(f"no row says the {lacks} of `{layer}`", name.text, "layers have weights and a bias")
        elif part == "weight":
            yield _Weights(row, name, shape, numbers, other[3][0])


def _numbers(shape: Excerpt) -> tuple[int, ...]:
    found = _SHAPE.fullmatch(shape.text)
    numbers = tuple(int(each) for each in re.findall(r"\d+", found[1])) if found is not None else ()
    return numbers if all(numbers) else ()


def _reworded(weights: _Weights, takes: int) -> Row:
    """`conv | 3x3x64x128`, and the other cells of its row."""
    first, second, *window = weights.numbers
    channels = (first, second) if not takes else (second, first)
    texts = {
        weights.name.columns: ("conv" if window else "FC", weights.name),
        weights.shape.columns: ("x".join(map(str, (*window, *channels))), weights.shape),
    }
    return [
        replace(cell, text=_said(cell.text, texts[cell.columns][0])) if cell.columns in texts else cell
        for cell in weights.row
    ]


def _said(cell: Excerpt, text: str) -> Excerpt:
    return cell.sub(r"(?s).+", text)
