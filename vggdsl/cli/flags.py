"""How values of options are read that have a form of their own: callbacks, which raise ``BadParameter``."""

from pathlib import Path

import click

from vggdsl.text.errors import InputError
from vggdsl.text.figures import Figure
from vggdsl.text.files import content

_MOST = 10_000_000
"""Bytes of a file of names."""


def numbers(ctx: click.Context, param: click.Parameter, given: str | None) -> tuple[float, ...] | None:
    """Numbers with commas between them."""
    try:
        return None if given is None else tuple(float(part) for part in given.split(","))
    except ValueError:
        raise click.BadParameter(f"`{given}` isn't a number for each channel, as in 0.485,0.456,0.406") from None


def size(ctx: click.Context, param: click.Parameter, given: str | None) -> tuple[int, int] | None:
    """Height and width."""
    if given is None:
        return None
    h, _, w = given.partition("x")
    if not all(side.isascii() and side.isdigit() and len(side) < 6 and int(side) for side in (h, w)):
        raise click.BadParameter(f"`{given}` is no height and width, as in 224x224")
    return int(h), int(w)


def names(ctx: click.Context, param: click.Parameter, given: Path | None) -> tuple[str, ...] | None:
    """The lines of a file."""
    try:
        return None if given is None else tuple(content(given, _MOST).decode("utf-8-sig").splitlines())
    except InputError as error:
        raise click.BadParameter(error.diagnostics[0].message) from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"`{given}` isn't text in UTF-8") from None


def bounds(ctx: click.Context, param: click.Parameter, given: str | None) -> tuple[int | None, int | None]:
    """The least and the most of a quantity, either of which may be left open: ``..2M``, ``100K..2M``, ``32..``."""
    if given is None:
        return None, None
    ends = given.split("..")
    if len(ends) == 1 and _is_whole(given):
        raise click.BadParameter(
            f"`{given}` is no range: `..{given}` is up to that, `{given}..` from it, `{given}..{given}` just that"
        )
    try:
        low, high = (None if not end else _whole(end) for end in ends)
    except ValueError:
        raise click.BadParameter(f"`{given}` is no range, as in ..2M, 100K..2M or 32..") from None
    if low is None and high is None:
        raise click.BadParameter(f"`{given}` leaves both ends open")
    if low is not None and high is not None and low > high:
        raise click.BadParameter(f"`{given}` ends before it begins")
    return low, high


def _is_whole(end: str) -> bool:
    try:
        _whole(end)
    except ValueError:
        return False
    return True


def _whole(end: str) -> int:
    """A figure that is exact. Raises ``ValueError`` for others."""
    figure = Figure.parse(end)
    if figure.approximate or figure.unit == "%" or figure.value != int(figure.value):
        raise ValueError(end)
    return int(figure.value)
