"""The images that a cell says a network takes."""

import re
from dataclasses import dataclass

from vggdsl.language.notations.column_table.words import LONGEST
from vggdsl.language.notations.excerpt import Excerpt

_IMAGE = re.compile(
    r"(?P<input>(?:input|image)s?(?: (?:image|size|shape|layer))?:? ?)?"
    r"(?P<rgb>rgb image )?\(?(?P<h>\d{1,5})x(?P<w>\d{1,5})(?:x(?P<c>\d{1,5}))?\)?,? ?"
    r"(?P<colour>rgb|colou?r|gr[ae]y(?:-?scale)?)?,? ?(?P<image>(?:input|images?|input images?|pixels?))?\)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Image:
    """What images a network takes; no channels where none are printed."""

    size: tuple[int, ...]
    at: Excerpt


def image_in(cell: Excerpt, label: Excerpt | None) -> Image | None:
    """The images that a cell says, if it does: `28x28 Gray Image`, `32x32x3` in a row `Input`."""
    if len(cell) > LONGEST:
        return None
    cell = cell.sub(r"(?i)(?<=image) x ?(?:∈|\\in) ?R ?\^? ?(?=\d)", " ")
    match = _IMAGE.fullmatch(cell.text)
    is_labelled = label is not None and re.match(r"(?:input|image)", label.text, re.IGNORECASE) is not None
    shape = re.fullmatch(r"[\[(](\d{1,5}), ?(\d{1,5}), ?(\d{1,5})[\])]", cell.text)
    if shape is not None and is_labelled:
        a, b, c = (int(each) for each in shape.groups())
        return Image((b, c, a) if a != b == c else (a, b, c), cell) if a == b or b == c else None
    if match is None or not (match["input"] or match["rgb"] or match["image"] or match["colour"] or is_labelled):
        return None
    sides = int(match["h"]), int(match["w"])
    colours = {"": (), "r": (3,), "c": (3,), "g": (1,)}[(match["colour"] or "")[:1].lower()]
    return Image((*sides, *((int(match["c"]),) if match["c"] else colours)), cell)
