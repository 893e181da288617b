"""The trainings of a search: each network's is a run in its folder, which is begun, and gone on with."""

import json
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
from vggdsl.experiments.search.settings import UNCOMPARED, entries
from vggdsl.experiments.train import begin, resume
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import RECORD, has_diverged
from vggdsl.records.run import metrics_of
from vggdsl.records.runfolder import METRICS, HeldError, unusable
from vggdsl.spec.copies import PLAN, SPEC
from vggdsl.spec.parsing import parse
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, RecordError, VggdslError, in_a_line
from vggdsl.text.files import file_name, is_file, write_text

TORN = "torn.txt"
"""Of a run that couldn't be gone on with, so that the search began another: why."""


class Trainings(Protocol):
    """What a search asks of trainings; tests have some that take no time."""

    def run_of(self, network: Tried) -> Path | None:
        """The folder of its run, if one was begun."""

    def standing(self, network: Tried) -> Standing:
        """How far that of a network is. Raises ``RecordError`` V604 where its run doesn't say what came of it."""

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
    _does: dict[Path, object] = field(default_factory=dict)
    _run_of: dict[int, Path] = field(default_factory=dict)

    def run_of(self, network: Tried) -> Path | None:
        """The first that trains its network by the search's recipe and seed, if it isn't torn.

        Others of its name are no part of the search: those of the network that had its number before a study was
        lost, and what users train here, such as other seeds, more epochs, or the same once more.
        """
        if (known := self._run_of.get(network.number)) is not None and _is_whole(known):
            return known
        recipe = self.recipe(network.spec)
        ours = re.compile(re.escape(file_name(network.spec.name)) + rf"-(?:.*-)?s{recipe.seeds[0]}-(\d+)")
        found = [(int(match[1]), path) for path in self.folder.iterdir() if (match := ours.fullmatch(path.name))]
        wanted = network.digest, recipe.seeds[0], 0, entries(recipe)
        runs = (path for _, path in sorted(found) if _is_whole(path))
        run = next((path for path in runs if self._done_by(path) == wanted), None)
        if run is not None:
            self._run_of[network.number] = run
        return run

    def _done_by(self, run: Path) -> object:
        """A run's network, seed, added epochs and recipe; None while they aren't written, or can't be read."""
        if run not in self._does:
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, VggdslError):
                plan = json.loads((run / PLAN).read_text("utf-8"))
                network = parse((run / SPEC).read_text("utf-8")).network.graph.digest
                does = {key: entry["value"] for key, entry in plan["entries"].items() if key not in UNCOMPARED}
                self._does[run] = network, plan["seed"], plan.get("added", 0), does
        return self._does.get(run)

    def standing(self, network: Tried) -> Standing:
        path = self.run_of(network)
        if path is None:
            return Standing()
        has_ended = is_file(path / RECORD)  # first: another process may be about to write it, behind the last epoch
        is_told = has_ended or is_file(path / METRICS)
        epochs = metrics_of(path, self.recipe(network.spec).epochs) if is_told else ()
        if has_ended and not epochs:
            raise unusable(path, f"it has a record, and {METRICS} no epoch")
        failed = "its loss became no number" if has_diverged(path) else ""
        return Standing(tuple(epoch.rank for epoch in epochs), has_ended, failed)

    def train(self, network: Tried, rung: int | None) -> None:
        spec, run = network.spec, self.run_of(network)
        if run is not None:
            try:
                resume(run, self.workplace, self.reporter(network, rung), rung)
                return
            except HeldError:
                raise
            except RecordError as error:  # its checkpoints are torn: it begins anew
                write_text(run / TORN, f"{in_a_line(error)}\n")
                for finding in error.diagnostics:
                    self.told(network, finding)
        recipe = self.recipe(spec)
        workplace = replace(self.workplace, runs=self.folder)
        begin(Experiment.of(spec, recipe), recipe.seeds[0], workplace, self.reporter(network, rung), rung)


def _is_whole(run: Path) -> bool:
    return is_file(run / PLAN) and not is_file(run / TORN)
