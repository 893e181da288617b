"""How far a network is beyond a budget, by arithmetic."""

from collections.abc import Iterator

from vggdsl.network.infer import TypedGraph
from vggdsl.spec.space import Budget

ENUMERATED = 2_000
"""The most networks of a space that are all looked at, to know which of them fit."""


def excess(typed: TypedGraph, budget: Budget) -> dict[str, float]:
    """Of each bound, by which part of it a network is beyond; 0 or less where it is within."""
    return dict(_excess(typed, budget))


def _excess(typed: TypedGraph, budget: Budget) -> Iterator[tuple[str, float]]:
    sees = typed.receptive_field
    of = {
        "params": (typed.params, typed.params, budget.params),
        "macs": (typed.macs, typed.macs, budget.macs),
        "receptive-field": (min(sees), max(sees), budget.receptive_field),
    }
    for measure, (smaller, larger, (least, most)) in of.items():
        if least is not None:
            yield f"least {measure}", (least - smaller) / max(least, 1)
        if most is not None:
            yield f"most {measure}", (larger - most) / max(most, 1)
