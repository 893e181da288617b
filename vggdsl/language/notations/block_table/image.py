"""The images that a table of blocks is for, as its lines and rows tell them."""

from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language.notations.block_table.rows import Table
from vggdsl.language.notations.draft import Draft, Place
from vggdsl.language.notations.image import INPUT_HELP


@dataclass(frozen=True)
class Image:
    """``size`` is height x width x channels; ``at`` is where it stands."""

    size: tuple[int, ...]
    at: Place
    assumed: Sequence[str] = ()


def image_of(draft: Draft, table: Table) -> Image:
    """What a line beside the table says, or its first row, which is the only one that may say it."""
    first = next((row for row in table.rows if any(part.kind == "input" for part in row.parts)), None)
    if first is not None and (first is not table.rows[0] or len(first.parts) > 1):
        draft.refuse("a row of images behind others", first.at, "it is the first row")
    row = first or table.rows[0]
    at = next((row.cells[name] for name in ("output", "input", "resolution") if name in row.cells), row.at)
    said: tuple[tuple[int, ...], Place] | None = table.image
    if draft.told is not None:
        told = draft.told.size
        said = (told.h, told.w, told.c), draft.told.at
        draft.comment(f"told: {draft.told.by}")
    if said is not None:
        size, line = said
        printed = (row.output if first is not None else ()) or row.input
        if printed and printed != size[: len(printed)]:
            shown = "x".join(map(str, size))
            draft.refuse(f"a line says images of {shown}", at, "correct the one or the other")
        return Image(size, line)
    size = (row.output or row.input) if first is not None else row.input
    assumed = list[str]()
    if len(size) == 2:
        size = (*size, 3)
        assumed.append("images of 3 colours: their channels aren't printed")
    if not size and not {"input", "output", "resolution"} & set(table.columns):
        size = (224, 224, 3)
        assumed.append("input 224x224x3, as ImageNet's: no sizes are printed, and parameters don't depend on them")
    if len(size) != 3 or 0 in size:
        draft.refuse("the size of the images isn't printed", at, INPUT_HELP)
    return Image(size, at, assumed)
