"""How far a network is beyond a budget, by arithmetic."""

from collections.abc import Iterator, Mapping

from vggdsl.network.infer import TypedGraph
from vggdsl.spec.space import Budget, Space, within
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.units import plural

ENUMERATED = 2_000
"""The most networks of a space that are all looked at, to know which of them fit."""


def excess(typed: TypedGraph, budget: Budget) -> dict[str, float]:
    """Of each bound, by which part of it a network is beyond; 0 or less where it is within."""
    return dict(_excess(typed, budget))


def refuse_unfit(space: Space, budget: Budget) -> None:
    """Raises ``InputError`` V614 if no network fits, of a space that is looked at whole."""
    if space.networks <= ENUMERATED and not any(_fits(space, picks, budget) for picks in space.assignments()):
        raise nothing_fits(space, plural(space.networks, "network"))


def nothing_fits(space: Space, looked_at: str) -> InputError:
    """V614, with how many were looked at."""
    message = f"none of the {looked_at} of {space.name} fits the budget"
    return InputError(Diagnostic("V614", message, help="`--count` with other bounds says how many fit"))


def _fits(space: Space, picks: Mapping[str, int], budget: Budget) -> bool:
    """False also where it is no network, as where a map is too small for a window."""
    try:
        return within(space.network(picks).typed, budget)
    except VggdslError:
        return False


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
