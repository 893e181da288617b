"""The trainings of a search: each network's is a run in its folder, which is begun, and gone on with."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.reporter import Reporter
from vggdsl.experiments.search.halving import Standing
from vggdsl.experiments.search.proposals import Tried
from vggdsl.experiments.train import begin, resume
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import RECORD, has_diverged
from vggdsl.records.run import metrics_of
from vggdsl.records.runfolder import METRICS, HeldError
from vggdsl.spec.copies import PLAN, SPEC
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec, parse
from vggdsl.text.errors import Diagnostic, RecordError, VggdslError
from vggdsl.text.files import file_name, is_file


class Trainings(Protocol):
    """What a search asks of trainings; tests have some that take no time."""

    def run_of(self, network: Tried) -> Path | None:
        """The folder of its last run, if one was begun."""

    def standing(self, network: Tried) -> Standing:
        """How far that of a network is."""

    def train(self, network: Tried, rung: int | None) -> None:
        """Trains a network to the end of an epoch, or of its training; goes on where it was interrupted."""


@dataclass(frozen=True)
class Runs:
    """Trainings in the folder of a search; ``recipe`` gives that of a network's spec."""

    folder: Path
    recipe: Callable[[Spec], Recipe]
    workplace: Workplace
    reporter: Callable[[Tried, int | None], Reporter]
    told: Callable[[Tried, Diagnostic], None]
    _networks: dict[Path, str] = field(default_factory=dict)

    def run_of(self, network: Tried) -> Path | None:
        """By its number and its spec: where the study was lost, a number is given to another network."""
        ours = re.compile(re.escape(file_name(network.spec.name)) + r"-.*-(\d+)")
        found = ((int(match[1]), path) for path in self.folder.iterdir() if (match := ours.fullmatch(path.name)))
        runs = [(number, path) for number, path in found if is_file(path / PLAN)]
        return next((path for _, path in sorted(runs, reverse=True) if self._network(path) == network.digest), None)

    def _network(self, run: Path) -> str | None:
        """The digest of a run's network; None while its spec isn't written, or can't be read."""
        if run not in self._networks:
            with suppress(OSError, ValueError, VggdslError):
                self._networks[run] = parse((run / SPEC).read_text("utf-8")).network.graph.digest
        return self._networks.get(run)

    def standing(self, network: Tried) -> Standing:
        path = self.run_of(network)
        if path is None:
            return Standing()
        epochs = metrics_of(path, self.recipe(network.spec).epochs) if is_file(path / METRICS) else ()
        failed = "its loss became no number" if has_diverged(path) else ""
        return Standing(tuple(epoch.rank for epoch in epochs), is_file(path / RECORD), failed)

    def train(self, network: Tried, rung: int | None) -> None:
        spec, run = network.spec, self.run_of(network)
        if run is not None:
            try:
                resume(run, self.workplace, self.reporter(network, rung), rung)
                return
            except HeldError:
                raise
            except RecordError as error:  # its checkpoints are torn: it begins anew
                for finding in error.diagnostics:
                    self.told(network, finding)
        recipe = self.recipe(spec)
        workplace = replace(self.workplace, runs=self.folder)
        begin(Experiment.of(spec, recipe), recipe.seeds[0], workplace, self.reporter(network, rung), rung)
