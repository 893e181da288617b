"""Which networks nobody would choose another one over: smaller ones are worse, and better ones larger."""

from collections.abc import Sequence

from vggdsl.experiments.search.halving import Rank


def front(costs: Sequence[int], ranks: Sequence[Rank]) -> list[int]:
    """The places of the Pareto front, the cheapest first: no other is as accurate and costs as little. Of equal ones
    in both the better loss counts.

    >>> front([10, 20, 30, 20, 20], [(0.8, 0.0), (0.9, -3.0), (0.9, -2.0), (0.7, 0.0), (0.9, -1.0)])
    [0, 4]
    """
    found = list[int]()
    for place in sorted(range(len(costs)), key=lambda i: (costs[i], [-part for part in ranks[i]], i)):
        if not found or ranks[place][0] > ranks[found[-1]][0]:
            found.append(place)
    return found
