"""What images show, as it is told: lines for people, CSV, or JSON, each at once; and how far it is meanwhile."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import click

from vggdsl.cli.common import echo_json_line
from vggdsl.cli.schemas.runs import Predicted
from vggdsl.text.printing import LINE, shown, width_of
from vggdsl.text.tables import spreadsheet_line
from vggdsl.text.units import percent_text, time_text

Form: TypeAlias = Literal["table", "csv", "json"]
_NAME, _CLASS = 60, 24
"""Columns that are kept for an image's and a class's name in a table: longer names of images push theirs aside, of
those of classes the middle is left out."""
_PERCENT = len(">99.9%")
_SOON, _OFTEN, _SELDOM = 1.0, 0.1, 10.0
"""Seconds until a bar is there, between its moves, and between lines where there is no terminal."""
_BAR = 24


def teller(form: Form, images: Sequence[str], classes: Sequence[str], top: int) -> Callable[[Predicted], None]:
    """What prints an image's row, on a line of its own, at once; in columns, where there are several images.

    ``images`` are the names of all, ``classes`` those that the network knows by names, ``top`` how many are told.
    """
    match form:
        case "json":
            return echo_json_line
        case "csv":
            click.echo(spreadsheet_line(_columns(top)), nl=False)
            return lambda row: click.echo(spreadsheet_line(_cells(row, top)), nl=False)
        case "table" if len(images) > 1:
            name = min(_NAME, max(width_of(shown(each, LINE)) for each in images))
            widest = max((width_of(shown(each, _CLASS)) for each in classes), default=len("class 0"))
            return lambda row: _echo_columns(row, name, widest)
        case "table":
            return _echo_sentence


def _columns(top: int) -> list[str]:
    return ["image", "error", *(f"{what} {k}" for k in range(1, top + 1) for what in ("class", "probability"))]


def _cells(row: Predicted, top: int) -> list[object]:
    told = [value for guess in row["top"] for value in (guess["class"], f"{guess['probability']:.6g}")]
    return [row["image"], row["error"], *told, *[None] * (2 * top - len(told))]


def _echo_columns(row: Predicted, name: int, widest: int) -> None:
    if row["error"] is not None:  # which is told as an error
        return
    cells = [
        f"{_left(guess['class'], _CLASS, widest)} {percent_text(guess['probability']):>{_PERCENT}}"
        for guess in row["top"]
    ]
    click.echo("  ".join((_left(f"{row['image']}:", LINE, name + 1), *cells)))


def _left(text: str, most: int, width: int) -> str:
    text = shown(text, most)
    return text + " " * (width - width_of(text))


def _echo_sentence(row: Predicted) -> None:
    if row["error"] is None:
        guesses = ", ".join(f"{shown(guess['class'])} {percent_text(guess['probability'])}" for guess in row["top"])
        click.echo(f"{shown(str(row['image']), LINE)}: {guesses}")


class Progress:
    """How many of so many images are told, on standard error: a bar on a terminal, a line now and then elsewhere.

    The bar is one line that makes way for what is printed; rich's would print that on its own stream.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock, self._moves = total, clock, sys.stderr.isatty()
        self._began = self._told = clock()
        self._shown = self._hidden = ""

    def hide(self) -> None:
        """Before something is printed on the terminal."""
        if self._shown:
            click.echo(f"\r{' ' * len(self._shown)}\r", err=True, nl=False)
            self._shown, self._hidden = "", self._shown

    def __call__(self, done: int) -> None:
        """So many are told."""
        now = self._clock()
        if done == self._total:
            self._hidden = ""
        elif self._moves and now - self._began >= _SOON and now - self._told >= _OFTEN:
            self._told = now
            self._show(f"[{'#' * (_BAR * done // self._total):-<{_BAR}}] {self._rate(done, now - self._began)}")
        elif self._hidden:
            self._show(self._hidden)
        elif not self._moves and now - self._told >= _SELDOM:
            self._told = now
            click.echo(self._rate(done, now - self._began), err=True)

    def _show(self, bar: str) -> None:
        self.hide()
        self._shown, self._hidden = bar, ""
        click.echo(bar, err=True, nl=False)

    def _rate(self, done: int, seconds: float) -> str:
        left = time_text(seconds / done * (self._total - done))
        return f"{done:,}/{self._total:,} images, {done / seconds:,.0f} images/s, {left} left"
