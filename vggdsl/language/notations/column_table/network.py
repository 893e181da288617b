"""One network of a table, in the spec language."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from shlex import quote

from vggdsl.language.notations import vgg_params
from vggdsl.language.notations.column_table import figures
from vggdsl.language.notations.column_table.cells import WEIGHTED, layers_of
from vggdsl.language.notations.column_table.image import image_in
from vggdsl.language.notations.column_table.table import COUNTED, Line, Table
from vggdsl.language.notations.column_table.words import CALLED, NORMED
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.layer_table import rows
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, Layer
from vggdsl.language.notations.registry import Reading
from vggdsl.text.errors import listed

_ALONE = "write it in each column that has it; where only the first has it, write `N/A` in the others"

_SLIDES = re.compile(r"conv|pool", re.IGNORECASE)
_RESIDUAL = re.compile(r"residual (?:units?|blocks?)\b.*\bbrackets", re.IGNORECASE)
"""A line above a table that says what stands in brackets."""
_DENIED = re.compile(r"\b(?:no|non|not|none|never|without|instead|unlike)\b|n['’]t\b", re.IGNORECASE)
"""What makes of such a line one that says something else."""
_SPELLED = re.compile(r"conv\d{1,2}-\d{1,5}", re.IGNORECASE)
_WIDEST = 11
"""Sides of the widest window, AlexNet's."""


def readings(table: Table) -> list[Reading]:
    """A spec a column. Whether FLOPs count a multiply-add once or twice, all of them tell together."""
    columns = range(len(table.names))
    found = [_draft(table, index).reading() for index in columns]
    if not table.figures:
        return found
    twice = [each.counts_flops and figures.counts_twice(each, found) for each in table.figures]
    return [_claimed(table, index, twice) for index in columns]


def _claimed(table: Table, index: int, twice: Sequence[bool]) -> Reading:
    draft = _draft(table, index)
    for each, is_twice in zip(table.figures, twice, strict=True):
        figures.claim(draft, each, index, twice=is_twice)
    return draft.reading()


def _draft(table: Table, index: int) -> Draft:
    """A column without the figures of its foot, but for parameters."""
    name = table.names[index]
    draft = Draft(table.source, name.text)
    for text, where in [*((each, "above") for each in table.above), *((each, "around") for each in table.around)]:
        draft.beside(text, where)
    layers = list(_layers(draft, table, index))
    has_image = any(layer.kind == "input" for layer in layers[:1])
    if not has_image and draft.told is None and not draft.wrong:
        help = f"write it in a row `Input`, or {ELSEWHERE}; of one column with `--column {quote(name.text)}`"
        draft.refuse("the size of the images isn't printed", name, help)
    if not has_image and draft.told is not None and draft.told.of is None and len(sets := _data_sets(table)) > 1:
        message = f"images of {draft.told.size} are told of networks for {listed(sets)}"
        help = f"tell those of one network: `--column {quote(name.text)} --input {draft.told.size}`"
        draft.refuse(message, name, help)
    if not draft.wrong:
        layers = _ended(draft, list(_pooled(draft, layers)))
        _say_bare(draft, layers)
    draft.line()
    rows.Table(draft, layers).tell()
    for line in filter(None, (row[index] for row in table.rows)):
        if (count := COUNTED.fullmatch(line.cell.text)) is not None:
            draft.put(f"claim weight-layers {count[1]}", line.cell)
            draft.line()
    for counts in table.params:
        figure = vgg_params.figure_of(counts, index, [each.text for each in table.names])
        if figure is not None:
            draft.put(vgg_params.claimed(figure, counts.unit), figure)
            draft.line()
    return draft


_SETS = re.compile(r"mnist|cifar|svhn|imagenet|stl-?10|lfw|omniglot|celeba", re.IGNORECASE)


def _data_sets(table: Table) -> list[str]:
    """The data sets of different images that the networks are named after."""
    found = (match[0].lower() for name in table.names if (match := _SETS.search(name.text)))
    return list(dict.fromkeys("cifar" if each == "svhn" else each for each in found))


def _lines(draft: Draft, table: Table, index: int) -> Iterator[Line]:
    """The cells of a network, with those of all."""
    for row in table.rows:
        first, own = row[0], row[index]
        if first is None or not first.is_alone:
            if own is not None:
                yield own
        elif not table.shares(first) and not _says_none(first):
            message = f"`{first.cell.text}` stands alone in its row: it could be of one column or of all"
            draft.refuse(message, first.cell, _ALONE)
        else:
            if table.shares(first):
                draft.assumed("what stands alone in its row is of all columns", first.cell, once=True)
            yield first


def _says_none(line: Line) -> bool:
    """Whether a cell can't be read, whosever it is."""
    try:
        return image_in(line.cell, line.label) is None and not layers_of(line.cell, line.label)
    except UnreadableError:
        return True


def _layers(draft: Draft, table: Table, index: int) -> Iterator[Layer]:
    """The layers of a network, each refused that can't be read."""
    said = [text.text for text in table.above if _RESIDUAL.search(text.text)]
    is_first, is_residual = True, bool(said) and not any(map(_DENIED.search, said))
    for line in _lines(draft, table, index):
        cell = line.cell
        if COUNTED.fullmatch(cell.text):
            continue
        image = image_in(cell, line.label)
        if image is not None:
            size, told = image.size, draft.told.size if draft.told is not None else None
            if not is_first:
                draft.refuse("a row of images behind others", cell, "it is the first row")
            if len(size) == 2 and told is not None and size == (told.h, told.w):
                draft.comment(f"told: {told.c} channels")
                size = (*size, told.c)
            if len(size) == 2:
                draft.refuse("how many channels the images have isn't printed", cell, f"write it, or it {ELSEWHERE}")
            yield Layer(cell, "input", {"kind": cell}, output=size, output_at=cell)
            is_first = False
            continue
        is_first = False
        if table.has_pairs and line.label is not None and _SLIDES.search(line.label.text) and _is_map(cell):
            message = f"`{cell.text}` is rather the size of a map than a window, which is {_WIDEST}x{_WIDEST} at most"
            draft.refuse(message, cell, "write the window and the filters: `3x3x64`")
            continue
        if NORMED.search(cell.text):
            text = "weight normalisation is a way to train: the network computes the same without it"
            draft.assumed(text, cell, once=True)
        if CALLED.search(cell.text):
            text = "five numbers of a convolution are channels in, channels out, kernel, stride, padding, as PyTorch's"
            draft.assumed(text, cell, once=True)
        try:
            for layer in layers_of(cell, line.label, are_residual=is_residual):
                if "call" in layer.cells and layer.pad is None:
                    text = "no padding where a call of a convolution names none, as Keras and PyTorch have it"
                    draft.assumed(text, layer.at, once=True)
                    layer.pad = "valid"
                yield layer
        except UnreadableError as error:
            draft.refuse(error.message, error.at, error.help)


def _is_map(size: Excerpt) -> bool:
    """Whether a size is larger than windows are: that of a map."""
    sides = re.match(r"(\d{1,5}) ?x ?(\d{1,5})", size.text)
    return sides is not None and max(int(sides[1]), int(sides[2])) > _WIDEST


def _pooled(draft: Draft, layers: list[Layer]) -> Iterator[Layer]:
    """With pools over the whole map where a pool says no window, and what follows takes one value a channel."""
    channels, is_spelled = 0, any(_SPELLED.fullmatch(each.at.text) for each in layers)
    for at, layer in enumerate(layers):
        after = next((each for each in layers[at + 1 :] if each.kind not in ("flatten", "dropout")), None)
        if layer.kind == "maxpool" and is_spelled and layer.window is None and layer.stride is None:
            draft.assumed("2x2 pools at stride 2, as beside `conv3-64`: none are printed", layer.at, once=True)
            layer = replace(layer, window=(2, 2), stride=2)
        if layer.kind in ("avgpool", "maxpool") and layer.window is None and not layer.is_global:
            takes = after.takes if after is not None and after.kind == "FC" else None
            if takes is not None and takes == channels and layer.stride is None:
                draft.assumed(f"a pool over the whole map: {takes} values come out of it", layer.at)
                layer = replace(layer, kind=f"global-{layer.kind}")
            elif layer.stride is None:
                help = "write `2x2 average pool, stride 2` or `global average pool`"
                draft.refuse(f"`{layer.at.text}` says no window", layer.at, help)
        if layer.kind in CONVOLUTIONS:
            channels = layer.width or 0
        yield layer


def _say_bare(draft: Draft, layers: Sequence[Layer]) -> None:
    """Says that layers have no activation which others of the network have."""
    hidden, activated = list[Layer](), list[bool]()
    for layer in layers:
        if layer.kind in WEIGHTED:
            hidden.append(layer)
            activated.append(False)
        if activated and ({layer.kind, *(part.kind for part in layer.behind)} & {*ACTIVATIONS, "none", "softmax"}):
            activated[-1] = True
    bare = [layer for layer, is_active in zip(hidden[:-1], activated, strict=False) if not is_active]
    if bare and any(activated[:-1]):
        draft.assumed("no activation where none is printed: other layers have one", bare[0].at)


def _ended(draft: Draft, layers: list[Layer]) -> list[Layer]:
    """With a layer of classes before a softmax that gives another number of values than come."""
    found = list[Layer]()
    for layer in layers:
        last = next((at for at in reversed(range(len(found))) if found[at].kind in (*CONVOLUTIONS, "FC")), None)
        if layer.kind == "softmax" and len(layer.output) == 1:
            ways, at = layer.output[0], layer.cells["ways"]
            if len(re.findall(r"\d+", at.text)) > 1:
                draft.assumed(f"{ways} ways, the first of {' '.join(at.text.split())}", at)
            if last is not None and found[last].width != ways and not any(each.kind in GLOBAL for each in found[last:]):
                text = f"a softmax of {ways} is an FC of {ways} and a softmax: {found[last].width} values come"
                draft.assumed(text, at)
                found.append(Layer(at, "FC", {"kind": at}, width=ways))
                layer.output = ()
        found.append(layer)
    return found
