"""Whether any network of a space fits a budget."""

from collections.abc import Mapping

from vggdsl.spec.budget import Budget, within
from vggdsl.spec.space import Space
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.units import plural

ENUMERATED = 2_000
"""The most networks of a space that are all looked at, to know which of them fit."""


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
