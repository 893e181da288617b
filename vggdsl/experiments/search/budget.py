"""Whether any network of a space fits a budget."""

import math
from collections.abc import Iterable, Mapping

from vggdsl.spec.budget import Budget, excess, told_beyond, within
from vggdsl.spec.space import Network, Space
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.units import plural

ENUMERATED = 2_000
"""The most networks of a space that are all looked at, to know which of them fit."""


def refuse_unfit(space: Space, budget: Budget) -> None:
    """Raises ``InputError`` V614 if no network fits, of a space that is looked at whole."""
    if space.networks <= ENUMERATED and not any(_fits(space, picks, budget) for picks in space.assignments()):
        raise nothing_fits(space, budget, space.assignments())


def nothing_fits(space: Space, budget: Budget, tried: Iterable[Mapping[str, int]], how: str = "") -> InputError:
    """V614, with how many networks were tried, and what of the nearest of them is beyond the budget: of that whose
    furthest bound is nearest, as a part of the bound."""
    different = {tuple(sorted(picks.items())): picks for picks in tried}
    help, least = "none of them can be made: `vggdsl check` says why", math.inf
    for picks in different.values():
        made, _ = space.make(picks)
        if isinstance(made, Network) and (by := max(excess(made.typed, budget).values())) < least:
            nearest = f"the nearest is {space.said(picks)}: {', '.join(told_beyond(made.typed, budget))}"
            help, least = f"{nearest}; `--count` with other bounds says how many fit", by
    message = f"none of the {plural(len(different), 'network')}{how} of {space.name} fits the budget"
    return InputError(Diagnostic("V614", message, help=help))


def _fits(space: Space, picks: Mapping[str, int], budget: Budget) -> bool:
    """False also where it is no network, as where a map is too small for a window."""
    try:
        return within(space.network(picks).typed, budget)
    except VggdslError:
        return False
