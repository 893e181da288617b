"""A network as SVG."""

from pathlib import Path
from typing import Literal, get_args

from vggdsl.drawing.flow import flow
from vggdsl.drawing.marks import Picture, framed
from vggdsl.drawing.outline import outline
from vggdsl.drawing.svg import to_svg
from vggdsl.drawing.telling import description, title
from vggdsl.drawing.volumes import volumes
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.units import plural

Style = Literal["volumes", "flow"]
STYLES: tuple[Style, ...] = get_args(Style)


class Svg(str):
    """The text of a picture; a notebook shows the picture."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Svg({plural(len(self), 'character')})"

    def _repr_svg_(self) -> str:
        return str(self)


def picture(spec: Spec, style: Style) -> Picture:
    """The marks of a network with their places."""
    parts = outline(spec)
    marks = volumes(parts) if style == "volumes" else flow(parts)
    return framed(marks, title(spec), description(spec, parts))


def draw(spec: Spec | str | Path, style: Style = "volumes", *, light: bool = False) -> Svg:
    """A network as SVG, in one of two styles: maps as ``volumes``, or layers as boxes of a ``flow``.

    Its colours follow the reader's scheme, or, as for a page that is ``light`` to all, stay light.

    >>> draw("vgg_d").count('class="conv rim"')
    13

    Raises ``ValueError`` for another style, and what ``load`` raises.
    """
    refuse_other_kinds(draw, locals(), but=("style",))
    if style not in STYLES:
        raise ValueError(f"{style!r} is no style: one of {', '.join(STYLES)}")
    return Svg(to_svg(picture(spec if isinstance(spec, Spec) else load(spec), style), light=light))
