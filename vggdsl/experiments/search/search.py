"""A search: networks are proposed, trained for as long as they are worth it, and compared.

Several processes may work on one: what there is to do is in its folder, and each takes from it what no other has.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vggdsl.experiments.memory import TooLargeError
from vggdsl.experiments.reporter import Reporter
from vggdsl.experiments.search.halving import Halving, Leg, Standing
from vggdsl.experiments.search.interrupted import interrupted
from vggdsl.experiments.search.proposals import Proposals, Tried
from vggdsl.experiments.search.trainings import Trainings
from vggdsl.experiments.train import Stopped
from vggdsl.records.runfolder import HeldError, held
from vggdsl.text.errors import Diagnostic, InputError, VggdslError, in_a_line

PAUSE = 0.5
"""Seconds between looks at what other processes have done."""


class Audience(Protocol):
    """Is told what a search does; how it is shown is the caller's matter."""

    def reporter(self, network: Tried, rung: int | None) -> Reporter:
        """Of one training."""

    def noticed(self, network: Tried, finding: Diagnostic) -> None:
        """What looks wrong in a training; and that a run can't be gone on with, so that another is begun."""

    def stands(self, legs: Sequence[Leg], standings: Mapping[int, Standing], networks: Mapping[int, Tried]) -> None:
        """Now and then: how far all networks are, also those that other processes train."""

    def failed(self, network: Tried, error: VggdslError) -> None:
        """A training ended in an error of its network; the others go on."""

    def waiting(self, leg: Leg) -> None:
        """Other processes have all that is left to a rung."""


@dataclass
class Search:
    """One process's part in a search; ``failed`` are networks that it couldn't train, by their numbers."""

    folder: Path
    proposals: Proposals
    trainings: Trainings
    halving: Halving
    audience: Audience
    failed: dict[int, VggdslError] = field(default_factory=dict)
    _ended: dict[int, Standing] = field(default_factory=dict)

    def standings(self) -> dict[int, Standing]:
        """Of all networks so far, by their numbers."""
        return {number: self._standing(network) for number, network in self.proposals.networks.items()}

    def _standing(self, network: Tried) -> Standing:
        if (error := self.failed.get(network.number)) is not None:
            return Standing(failed=in_a_line(error))
        if network.number not in self._ended:
            found = self.trainings.standing(network)
            if not found.has_ended:
                return found
            self._ended[network.number] = found
        return self._ended[network.number]

    def look(self) -> tuple[dict[int, Standing], Leg | None]:
        """How all networks stand, which the audience is told, and what is trained now: None where nothing is left."""
        is_full = self.proposals.is_full  # before the standings: a network that another process adds is among them
        standings = self.standings()
        legs = [*self.halving.legs(standings, is_full=is_full)]
        self.audience.stands(legs, standings, self.proposals.networks)
        return standings, None if legs[-1].is_over else legs[-1]

    def run(self) -> dict[int, Standing]:
        """Works until nothing is left, and gives how all networks stand.

        Raises ``InputError`` V614 if no network fits, and those that each network would meet, as of its data;
        ``VggdslError`` V605 on Ctrl-C.
        """
        try:
            return self._run()
        except (Stopped, KeyboardInterrupt):
            raise interrupted() from None

    def _run(self) -> dict[int, Standing]:
        first, waits = self.halving.rungs[0], False
        while True:
            standings, leg = self.look()
            if leg is None:
                self.proposals.tell(standings, first)
                if not standings:
                    raise self.proposals.nothing_fits()
                return standings
            if self._trains_one_of(leg):
                waits = False
            elif leg.grows:
                self.proposals.add(self.standings(), first)
            else:
                if not waits:
                    self.audience.waiting(leg)
                waits = True
                time.sleep(PAUSE)

    def _trains_one_of(self, leg: Leg) -> bool:
        """Whether a network of the leg was trained, or is found to be, that no other process has."""
        networks = self.proposals.networks
        for number in leg.left:
            with (
                suppress(HeldError),
                held(self.folder / f".{number:03}.lock", f"another process has network {number}", "-o"),
            ):
                self._train(networks[number], leg)
                return True
        return False

    def _train(self, network: Tried, leg: Leg) -> None:
        if self._standing(network).has_reached(leg.rung):
            return  # another process did, meanwhile
        try:
            self.trainings.train(network, leg.rung)
        except (Stopped, HeldError):
            raise
        except VggdslError as error:
            if isinstance(error, InputError) and not isinstance(error, TooLargeError):
                raise  # which every network would meet
            if not self.trainings.standing(network).failed:  # a loss that is no number is remembered by the run
                self.failed[network.number] = error
            self.audience.failed(network, error)
