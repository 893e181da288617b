"""A search by several processes that Ray starts: each takes from it what no other has."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Protocol

from vggdsl.experiments.on_ray import Share, run_on_ray
from vggdsl.experiments.reporter import Outline, Reporter, Silent
from vggdsl.experiments.search.halving import Leg, Standing
from vggdsl.experiments.search.interrupted import interrupted
from vggdsl.experiments.search.plan import Plan
from vggdsl.experiments.search.proposals import Tried
from vggdsl.experiments.search.search import Audience, Search
from vggdsl.text.errors import Diagnostic, VggdslError


class RayAudience(Audience, Protocol):
    """Is told what begins and what came of processes, too."""

    def begins(self, search: Search) -> None:
        """What is about to be searched."""

    def of_data(self, findings: Sequence[Diagnostic]) -> None:
        """What looks wrong in the data."""

    def died(self, why: str) -> None:
        """A process died, and another goes on; ``why`` is empty where Ray doesn't know it."""


def search_on_ray(
    plan: Plan, workers: int | None, share: Share, audience: RayAudience
) -> tuple[Search, list[VggdslError]]:
    """Searches to the end by so many processes, or as many as there is room for; gives the search, which knows then
    which networks failed, and the errors of the processes that did.

    Which networks have come to a rung is told each second, by the folder; what the processes met with at their end.
    Raises ``VggdslError`` V605 on Ctrl-C, and what ``Plan.open`` and ``run_on_ray`` do: where no machine has such a
    share, before there is a folder.
    """
    failed, opened = dict[str, VggdslError](), list[Search]()

    def tasks(room: int) -> list[Plan]:
        search = plan.open(audience)
        audience.begins(search)
        opened.append(search)
        return [plan] * (workers or max(1, min(room, search.proposals.most)))

    def look() -> None:
        opened[0].look()

    def died(_: int, why: str) -> None:
        audience.died(why)

    try:
        with redirect_stdout(sys.stderr):  # where Ray tells what it meets with, beside results
            for _, came in run_on_ray(_work, tasks, share, plan.folder, meanwhile=look, died=died):
                if isinstance(came, VggdslError):
                    failed.setdefault(str(came), came)
                else:
                    came.tell(opened[0], audience)
    except KeyboardInterrupt:
        raise interrupted() from None
    look()
    return opened[0], list(failed.values())


def _work(plan: Plan) -> "_Kept":
    """In Ray's process: it may be a second time, where the first one's was killed."""
    kept = _Kept()
    plan.open(kept).run()
    return kept


@dataclass
class _Kept:
    """The audience in a process of Ray's: keeps what the folder doesn't tell, by the networks' numbers."""

    of_data: list[Diagnostic] = field(default_factory=list)
    found: list[tuple[int, Diagnostic]] = field(default_factory=list)
    errors: dict[int, VggdslError] = field(default_factory=dict)

    def tell(self, search: Search, audience: RayAudience) -> None:
        """Tells another audience, and its search which networks failed, that no other process could train."""
        networks = search.proposals.networks
        audience.of_data(self.of_data)
        for number, finding in self.found:
            audience.noticed(networks[number], finding)
        for number, error in self.errors.items():
            standing = search.trainings.standing(networks[number])
            if number in search.failed or standing.has_ended:
                continue
            audience.failed(networks[number], error)
            if not standing.failed:
                search.failed[number] = error

    def reporter(self, network: Tried, rung: int | None) -> Reporter:
        return _Keeping(network, self)

    def noticed(self, network: Tried, finding: Diagnostic) -> None:
        self.found.append((network.number, finding))

    def stands(self, legs: Sequence[Leg], standings: Mapping[int, Standing], networks: Mapping[int, Tried]) -> None:
        """The folder tells it."""

    def failed(self, network: Tried, error: VggdslError) -> None:
        self.errors[network.number] = error

    def waiting(self, leg: Leg) -> None:
        """So does it this."""


class _Keeping(Silent):
    """What looks wrong in a training."""

    def __init__(self, network: Tried, kept: _Kept) -> None:
        self._network, self._kept = network, kept

    def started(self, outline: Outline) -> None:
        self._kept.of_data += outline.warnings

    def noticed(self, finding: Diagnostic) -> None:
        self._kept.noticed(self._network, finding)
