"""ResNet's table for CIFAR-10, which lies on its side: a column a stage, and `1+2n` layers in the first."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import CAPTION, Row, rows_of
from vggdsl.language.notations.registry import Reading
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

_ROWS = {
    "size": re.compile(r"(?:output )?(?:feature )?map size|output size", re.IGNORECASE),
    "layers": re.compile(r"# ?(?:of )?layers", re.IGNORECASE),
    "filters": re.compile(r"# ?(?:of )?filters", re.IGNORECASE),
}
_LOOK = re.compile(r"#[^\n]{0,20}layers[^\n]{0,40}1 ?\+ ?2 ?\$?n", re.IGNORECASE)
_N = re.compile(r"(?<!\w)n ?= ?(\d{1,4})(?!\w|\.\d)")
_NAMED = re.compile(r"\bResNet-?(\d{1,5})\b", re.IGNORECASE)
_SAID = re.compile(r"#? ?(?:n ?= ?\d{1,4}|ResNet-?\d{1,5})(?:[,;] ?(?:n ?= ?\d{1,4}|ResNet-?\d{1,5}))*", re.IGNORECASE)
_HELP = "write it on a line above: `n = 3`, or the network's name, `ResNet-20`, which has 6n + 2 layers"


def is_sideways(source: Source) -> bool:
    """By its row of layers, `1+2n`."""
    return _LOOK.search(source.text) is not None


def reading(source: Source) -> Reading:
    """The one network of a table. Raises ``ParseError`` V115 where it has no rows of sizes, layers and filters."""
    draft = Draft(source)
    found = dict[str, Sequence[Excerpt]]()
    for row in rows_of(source):
        _row(draft, row, found)
    lacks = [name for name in _ROWS if name not in found]
    if lacks and draft.wrong:
        raise ParseError(draft.wrong)
    if lacks:
        at = Label(Excerpt.of(source).strip().span(), "here")
        help = "its rows are `output map size`, `# layers` and `# filters`"
        raise ParseError(Diagnostic("V115", f"the table has no row of {lacks[0]}", (at,), help))
    if len({len(cells) for cells in found.values()}) > 1:
        draft.refuse("rows of as many cells as others have stages", found["layers"][0], "write one for each stage")
    n = _times(draft, found["layers"][0])
    if not draft.wrong:
        _write(draft, found["size"], found["layers"], found["filters"], n)
    return draft.reading()


def _row(draft: Draft, row: Row, found: dict[str, Sequence[Excerpt]]) -> None:
    filled = [cell.text for cell in row if cell.text]
    if len(filled) == 1 and CAPTION.fullmatch(filled[0].text):
        draft.beside(filled[0], "beside")
        return
    if not filled or (len(filled) == 1 and _SAID.fullmatch(filled[0].text)):
        return
    name = next((name for name, form in _ROWS.items() if form.fullmatch(filled[0].text)), None)
    if name is None or name in found or len(filled) < 2:
        draft.refuse(f"`{filled[0].text}` is no row that is known, or the second of it", filled[0], "leave it out")
        return
    found[name] = filled[1:]


def _times(draft: Draft, at: Excerpt) -> int:
    """What a line beside the table says of `n`."""
    whole = Excerpt.of(draft.source)
    said = [(int(match[1]), whole.part(match)) for match in _N.finditer(whole.text)]
    for match in _NAMED.finditer(whole.text):
        if (int(match[1]) - 2) % 6 or int(match[1]) < 8:
            draft.refuse(f"`{match[0]}` has no 6n + 2 layers", whole.part(match), "such as `ResNet-20`")
        said.append(((int(match[1]) - 2) // 6, whole.part(match)))
    if not said:
        draft.refuse("n isn't printed", at, _HELP)
    elif len({number for number, _ in said}) > 1:
        draft.refuse("several values of n stand here", said[-1][1], "leave one")
    elif not said[0][0]:
        draft.refuse("a network of no units", said[0][1], _HELP)
    return said[0][0] if said else 1


def _write(
    draft: Draft, sizes: Sequence[Excerpt], layers: Sequence[Excerpt], filters: Sequence[Excerpt], n: int
) -> None:
    sides = [re.fullmatch(r"(\d{1,4})x(\d{1,4})", cell.text) for cell in sizes]
    for cell, match in zip(sizes, sides, strict=True):
        if match is None or "0" in match.groups():
            draft.refuse(f"`{cell.text}` is no size", cell, "write it as `32x32`")
    for index, cell in enumerate(layers):
        if re.fullmatch(r"1 ?\+ ?2 ?n" if not index else r"2 ?n", cell.text) is None:
            draft.refuse(f"`{cell.text}` is no number of layers that is known", cell, "it is `1+2n`, then `2n`")
    for cell in filters:
        if re.fullmatch(r"[1-9]\d{0,5}", cell.text) is None:
            draft.refuse(f"`{cell.text}` is no number of filters", cell, "write it as `16`")
    if draft.wrong:
        return
    at, size = layers[0], sizes[0]
    why = f"input {size.text}x3, of 3 colours: it isn't printed, and the first layer keeps the size"
    h, w = (int(side) for side in size.text.split("x"))
    draft.put_images((h, w), size, why)
    draft.line()
    draft.put("default conv: bias=no", at)
    draft.line()
    draft.put("after conv: BN", at)
    draft.line()
    draft.put("block basic(c) { add[ conv3-$c ReLU conv3-$c | identity ] ReLU }", at)
    draft.line()
    if len(filters) > 1:
        draft.put("block basic_widen(c, s) { add[ conv3-$c/$s ReLU conv3-$c | maxpool1/$s widen-$c ] ReLU }", at)
        draft.line()
    for text in (
        "3x3 convolutions, each with batch normalisation behind it and no bias, ReLU, and a shortcut around each two",
        "shortcuts without parameters: every other pixel, and zeros for channels that are new (the paper's option A)",
        "a mean over the whole map, 10 classes as CIFAR-10 has, softmax: they stand in the text of the paper",
    ):
        draft.assumed(text, at)
        draft.line()
    width, last = filters[0].text, (0, 0)
    draft.put(f"conv3-{width} ReLU", filters[0])
    draft.line()
    for index, (cell, match, count) in enumerate(zip(sizes, sides, filters, strict=True)):
        assert match is not None
        here = int(match[1]), int(match[2])
        steps = [s for s in range(1, 5) if all(-(-a // s) == b for a, b in zip(last, here, strict=True))]
        units = [f"basic_widen({count.text}, {steps[0] if steps else 1})"] if index else []
        if others := n - len(units):
            units.append(f"basic({count.text})" + f" x{others}" * (others > 1))
        draft.put(f"( {' '.join(units)} )", count)
        draft.put(f"-> {cell.text}", cell)
        draft.line()
        last = here
    draft.put("global-avgpool FC-10 softmax", at)
    draft.line()
    draft.put(f"claim weight-layers {2 + 2 * n * len(filters)}", at)
    draft.line()
