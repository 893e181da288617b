"""The figures that a table prints of its rows and below them, as claims."""

from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table import figures
from vggdsl.language.notations.layer_table.layer import Layer, Total

Printed = Sequence[tuple[str, Excerpt]]
"""Figures by what they are of, `params` or `macs`."""


@dataclass(frozen=True)
class Claims:
    """``measures`` is how parameters are counted."""

    draft: Draft
    measures: str = "params"
    counts_statistics: bool = False
    """Whether the parameters of a batch normalisation are four a channel, as Keras counts them."""
    flops: Excerpt | None = None
    """The heading of a column of FLOPs."""

    def printed(self, layer: Layer) -> Printed:
        """The figures of a row."""
        return [
            (name, cell) for name in ("params", "macs") if (cell := layer.cells.get(name)) and figures.is_figure(cell)
        ]

    def put(self, layer: Layer, printed: Printed) -> None:
        """Puts those of a row behind its layers."""
        for name, cell in printed:
            measure = self._measure(layer) if name == "params" else name
            self.draft.put(f"{measure}={figures.text_of(cell)}", cell)
            if name == "macs" and self.flops is not None:
                self.draft.assumed("FLOPs count a multiply-add once", self.flops, once=True)
            if name == "params":
                leaves = ": the figures leave out the biases, which the layers have" if measure == "weights" else ""
                self.draft.assumed(f"parameters are counted as {measure}{leaves}", cell, once=True)

    def total(self, total: Total) -> None:
        """Puts those of a row of totals, a line each."""
        for name, cell in total.figures.items():
            measure = {"trainable": "params", "non-trainable": "non-trainable-params"}.get(name, name)
            if name == "params":
                measure = "total-params" if self.counts_statistics else self.measures
            self.draft.put(f"claim {measure} {figures.text_of(cell)}", cell)
            self.draft.line()

    def _measure(self, layer: Layer) -> str:
        normalises = layer.kind == "BN" or any(part.kind == "BN" for part in layer.behind)
        return "total-params" if normalises and self.counts_statistics else self.measures
