"""Budgets: what a network may cost, and whether it keeps to that, by arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass

from vggdsl.network.infer import TypedGraph

Bounds = tuple[int | None, int | None]
"""The least and the most, both allowed; None for any."""


@dataclass(frozen=True)
class Budget:
    """What a network may cost, and what the last of its layers sees: see ``TypedGraph``."""

    params: Bounds = (None, None)
    macs: Bounds = (None, None)
    receptive_field: Bounds = (None, None)
    """In pixels of the input; where height and width differ, the smaller one has to reach the least, and the larger one
    to stay below the most."""


def within(network: TypedGraph, budget: Budget) -> bool:
    """Whether a network keeps to a budget.

    >>> from vggdsl.spec.parsing import load
    >>> vgg = load("vgg_d").typed
    >>> within(vgg, Budget(params=(None, 138_357_544))), within(vgg, Budget(macs=(None, 10**9)))
    (True, False)
    """
    return all(by <= 0 for _, by, _ in _beyond(network, budget))


def excess(network: TypedGraph, budget: Budget) -> dict[str, float]:
    """Of each bound, by which part of it a network is beyond; 0 or less where it is within.

    >>> from vggdsl.spec.parsing import load
    >>> excess(load("vgg_d").typed, Budget(macs=(None, 10**10), receptive_field=(808, None)))
    {'most macs': 0.547026432, 'least receptive-field': 0.5}
    """
    return {name: by / max(bound, 1) for name, by, bound in _beyond(network, budget)}


def told_beyond(network: TypedGraph, budget: Budget) -> list[str]:
    """What of a network is beyond a budget, as text.

    >>> from vggdsl.spec.parsing import load
    >>> told_beyond(load("vgg_d").typed, Budget(params=(None, 10**6), receptive_field=(500, None)))
    ['params 138,357,544, at most 1,000,000', 'receptive-field 404, at least 500']
    """
    found = list[str]()
    for name, by, bound in _beyond(network, budget):
        end, _, measure = name.partition(" ")
        if by > 0:
            found.append(f"{measure} {bound + by if end == 'most' else bound - by:,}, at {end} {bound:,}")
    return found


def _beyond(network: TypedGraph, budget: Budget) -> Iterator[tuple[str, int, int]]:
    """Of each bound its name, by how much a network is beyond it, and the bound itself."""
    sees = network.receptive_field
    of = {
        "params": (network.params, network.params, budget.params),
        "macs": (network.macs, network.macs, budget.macs),
        "receptive-field": (min(sees), max(sees), budget.receptive_field),
    }
    for measure, (smaller, larger, (least, most)) in of.items():
        if least is not None:
            yield f"least {measure}", least - smaller, least
        if most is not None:
            yield f"most {measure}", larger - most, most
