"""Successive halving: all networks are trained for a few epochs, the best of them for more, and so on.

It is the synchronous form (Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter
Optimization"): a rung is over when all of its networks are there, so that which ones go on doesn't depend on which
process was the faster. A network goes on from its last epoch: nothing is trained twice.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

CUTS = 2
"""How often the networks of a search become fewer."""
Rank = tuple[float, float]
"""Validation accuracy and, of equal ones, the loss with a minus: see ``Epoch.rank``."""
_WORST: Rank = (-1.0, -math.inf)


@dataclass(frozen=True)
class Standing:
    """How far the training of a network is: the rank of each epoch, whether it has come to its end, and why it failed,
    if it did."""

    ranks: tuple[Rank, ...] = ()
    has_ended: bool = False
    failed: str = ""

    def best(self, until: int | None = None) -> Rank:
        """That of the best epoch, of those up to ``until``."""
        return _WORST if self.failed else max(self.ranks[:until], default=_WORST)

    def has_reached(self, rung: int | None) -> bool:
        """Whether nothing is left to do for a rung: None is the last, where a network is measured, too."""
        return bool(self.has_ended or self.failed or (rung is not None and len(self.ranks) >= rung))


@dataclass(frozen=True)
class Halving:
    """The epochs of a recipe, and of how many networks one goes on; None where all are trained to the end.

    >>> Halving(30, 3).rungs, Halving(4, 3).rungs, Halving(30, None).rungs
    ((3, 10, None), (1, None), (None,))
    """

    epochs: int
    factor: int | None = 3

    @property
    def rungs(self) -> tuple[int | None, ...]:
        """After which epochs the best go on; the last rung, None, is the end of a training."""
        if self.factor is None:
            return (None,)
        cuts = {max(1, round(self.epochs / self.factor**power)) for power in range(1, CUTS + 1)}
        return (*sorted(cut for cut in cuts if cut < self.epochs), None)

    def going_on(self, group: Sequence[int], standings: Mapping[int, Standing], rung: int) -> list[int]:
        """Those of a rung's networks that go on: the best n-th part of them, at least one, and none that failed."""
        count = math.ceil(len(group) / (self.factor or 1))
        able = [number for number in group if not standings[number].failed]
        ranks = {number: standings[number].best(rung) for number in able}
        return sorted(sorted(able, key=lambda number: ranks[number], reverse=True)[:count])

    def legs(self, standings: Mapping[int, Standing], *, is_full: bool) -> Iterator["Leg"]:
        """Those that have begun, by the standings of all networks, to which more come unless it ``is_full``: the last
        one is what is trained now, unless it is over, too."""
        group = sorted(standings)
        for place, rung in enumerate(self.rungs):
            left = tuple(number for number in group if not standings[number].has_reached(rung))
            leg = Leg(rung, tuple(group), left, grows=place == 0 and not is_full)
            yield leg
            if not leg.is_over:
                return
            if rung is not None:
                group = self.going_on(group, standings, rung)


@dataclass(frozen=True)
class Leg:
    """The way to a rung, given by its epoch: the networks that go it, which of them aren't there yet, and whether more
    are to come."""

    rung: int | None
    group: tuple[int, ...]
    left: tuple[int, ...]
    grows: bool

    @property
    def is_over(self) -> bool:
        return not self.left and not self.grows
