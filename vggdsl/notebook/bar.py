"""A training in a notebook: one bar, which says at last what came of it."""

import time
from collections.abc import Callable

from IPython.core.display_functions import DisplayHandle, display

from vggdsl.experiments.reporter import Costs, Outline
from vggdsl.records.metrics import Epoch
from vggdsl.text.errors import Diagnostic
from vggdsl.text.html import as_text, framed, paragraph
from vggdsl.text.units import plural, time_text

_OFTEN = 0.25
"""Seconds between two changes of the bar."""


class Bar:
    """The last epoch's loss and accuracy, the best so far, the time left; figures change where they stand."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shown: DisplayHandle | None = None
        self._outline: Outline | None = None
        self._last: Epoch | None = None
        self._best: Epoch | None = None
        self._costs: Costs | None = None
        self._images = self._number = 0
        self._is_over = False
        self._began = self._drawn = clock()

    def reading(self, done: int, total: int) -> None:
        if self._is_due():
            self._draw([f"looking at the images: {done:,}/{total:,}"], done / max(total, 1))

    def started(self, outline: Outline) -> None:
        self._outline, self._number, self._began = outline, outline.done + 1, self._clock()
        for finding in outline.warnings:
            display(finding)
        self._tell(outline)

    def step(self, images: int, loss: Callable[[], float]) -> None:
        self._images += images
        if self._outline is not None and self._is_due():
            self._tell(self._outline)

    def estimated(self, seconds: float) -> None:
        pass  # the bar shows the time left

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        self._last, self._number = epoch, epoch.number + 1
        self._best = epoch if is_best else self._best

    def noticed(self, finding: Diagnostic) -> None:
        display(finding)

    def finished(self, costs: Costs) -> None:
        self._costs = costs

    def ended(self) -> None:
        self._is_over = True
        if self._outline is not None:
            self._tell(self._outline)

    def _is_due(self) -> bool:
        return self._clock() - self._drawn >= _OFTEN

    def _tell(self, outline: Outline) -> None:
        images = max(outline.epochs_left * outline.images, 1)
        share = 1.0 if self._costs is not None else min(self._images / images, 1.0)
        lines = [f"{outline.name}: {self._where(outline, share)} -> {outline.folder}"]
        if (last := self._last) is not None:
            train, val = (last.train_loss, last.train_accuracy), (last.val_loss, last.val_accuracy)
            lines.append("loss and accuracy: train {:.4f} {:.4f}, val {:.4f} {:.4f}".format(*train, *val))
        if (best := self._best) is not None:
            lines[-1] += f", best {best.val_accuracy:.4f} in epoch {best.number}"
        self._draw(lines, share)

    def _where(self, outline: Outline, share: float) -> str:
        """How far it is, or how long it took."""
        if self._costs is not None:
            done = self._last.number if self._last is not None else outline.done
            early = f", {self._costs.over}" if self._costs.over else ""
            return f"{plural(done, 'epoch')} in {time_text(self._costs.seconds)}{early}"
        left = f"{time_text((self._clock() - self._began) * (1 / share - 1))} left" if share else "begins"
        return f"epoch {min(self._number, outline.epochs)}/{outline.epochs}, {'stopped' if self._is_over else left}"

    def _draw(self, lines: list[str], share: float) -> None:
        self._drawn = self._clock()
        bar = f'<progress max="1" value="{share:.4f}" style="width:100%" aria-label="{as_text(lines[0])}"></progress>'
        html = framed(bar, paragraph("<br>".join(map(as_text, lines))))
        shown = {"text/html": html, "text/plain": "\n".join(lines)}
        if self._shown is None:
            self._shown = display(shown, raw=True, display_id=True)
        else:
            self._shown.update(shown, raw=True)
