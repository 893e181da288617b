"""What of a call is measured already, what was begun, and what is still to be trained."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from vggdsl.data.dataset import find_data, look_for_data
from vggdsl.data.inspection import Told, nobody
from vggdsl.data.layout import place_of
from vggdsl.experiments.device import choose
from vggdsl.experiments.first import find_first
from vggdsl.experiments.workplace import Workplace
from vggdsl.network.shapes import Shape
from vggdsl.records.collect import RECORD, counted, diverged_on, has_diverged, unfinished
from vggdsl.records.repeat import deviations
from vggdsl.records.result import Result, deviates
from vggdsl.records.runfolder import Planned, held, read_plan
from vggdsl.records.trained import is_run, load_trained
from vggdsl.spec.parsing import load
from vggdsl.spec.pretrained import takes_weights
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import is_folder


class Missing:
    """Asks measurements and runs whether a training is needed.

    A measurement counts if network, recipe, deviations and seed are the training's, and the data, if they are at hand;
    with a run to begin with, also only if it began with its weights. Data are read only where all else agrees, and
    decoded only to leave some out, of which ``told`` is told how far that is.
    """

    def __init__(self, measured: Iterable[Result], workplace: Workplace) -> None:
        self._measured = list(measured)
        self._workplace, self._runs = workplace, workplace.runs
        self._device = workplace.device or "auto"
        self._start = workplace.start
        if self._start is not None and is_run(self._start):
            load_trained(self._start)  # what is wrong with it is told before anything is looked for
        self._begins = dict[tuple[str, str], str | None]()
        self._digests: dict[tuple[str, Shape, Path, bool], str] = {}
        self._passed_over = set[Path]()
        self._records = _records(self._runs)

    def add(self, result: Result) -> None:
        """A measurement that has come since."""
        self._measured.append(result)

    def look_again(self) -> None:
        """Adds the measurements that other processes have made since."""
        for path in _records(self._runs) - self._records:
            self._records.add(path)
            with suppress(VggdslError):
                for result in counted(load(path), [], set()):
                    self.add(result)

    def is_measured(self, spec: Spec, recipe: Recipe, seed: int, told: Told = nobody) -> bool:
        base = spec.recipe(recipe.name)
        wanted = (spec.network.graph.digest, base.digest, deviates(deviations(base, recipe)), seed)
        found = [r for r in self._measured if (r.network, r.recipe, r.deviates, r.seed) == wanted]
        bases = spec.bases(recipe)
        found = [r for r in found if r.is_of(bases)]
        begins = self._begins_with(spec, recipe) if found else None
        if begins is not None:
            found = [r for r in found if r.start == begins]
        if not found:
            return False
        digest = self._digest(recipe, spec.typed.input, told)
        return digest is None or any(r.data == digest for r in found)

    def claimed(self, spec: Spec, recipe: Recipe, seed: int) -> AbstractContextManager[None]:
        """Keeps other processes that look for what is missing from this training, from the look to the record.

        Raises ``HeldError`` V607 if another has it, ``InputError`` V506 if the folder of runs can't be written.
        """
        begins, place = self._begins_with(spec, recipe), ""
        with suppress(VggdslError):  # a training tells that they aren't there
            place = str(place_of(recipe, self._workplace.data_folder))
        parts = (spec.network.graph.digest, recipe.digest, seed, begins, place)
        key = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{self._runs} can't be made: {error.strerror or error}"
            raise InputError(Diagnostic("V506", message, help="say where with `--runs DIR`")) from None
        return held(self._runs / f".missing-{key}.lock", f"another process trains {spec.name} with seed {seed}")

    def diverged(self, spec: Spec, recipe: Recipe, seed: int, told: Told = nobody) -> Path | None:
        """A run of this training whose loss was no number any more: it would be none again.

        On other data, another device or in another precision it might be; so it might where a run doesn't tell of its
        own. Raises ``InputError`` V509 if there is no such device.
        """
        runs = [path for run in self._runs_of(spec, recipe, seed) if has_diverged(path := run.folder.path)]
        if not runs:
            return None
        digest = self._digest(recipe, spec.typed.input, told)
        conditions = choose(self._device, recipe.precision).conditions(digest or "")
        return next((path for path in runs if digest and diverged_on(path) == conditions), None)

    def begun(self, spec: Spec, recipe: Recipe, seed: int, told: Told = nobody) -> Path | None:
        """A run of this training that was interrupted, but for those that were passed over, and those that would go on
        with other data: the same recipe beside another folder of images."""
        runs = (run for run in self._runs_of(spec, recipe, seed) if not has_diverged(run.folder.path))
        left = (run for run in runs if run.folder.path not in self._passed_over)
        return next((run.folder.path for run in left if self._is_on(run, spec, recipe, told)), None)

    def _is_on(self, run: Planned, spec: Spec, recipe: Recipe, told: Told) -> bool:
        """Whether a run would go on with the data of a training; they are read only where they lie elsewhere."""
        theirs, there, here = run.folder.recipe, self._workplace.going_on(run), self._workplace
        with suppress(VggdslError):  # a training tells that they aren't there
            places = place_of(theirs, there.data_folder), place_of(recipe, here.data_folder)
            if places[0] == places[1] and there.skip_bad == here.skip_bad:
                return True
        shape = spec.typed.input
        return self._digest(theirs, shape, told, there) == self._digest(recipe, shape, told)

    def pass_over(self, run: Path) -> None:
        """It can't be gone on with."""
        self._passed_over.add(run)

    def _runs_of(self, spec: Spec, recipe: Recipe, seed: int) -> Iterator[Planned]:
        """Runs of this training without a record, on whatever data."""
        base = spec.recipe(recipe.name)
        wanted = (spec.network.graph.digest, base.digest, recipe.digest, deviations(base, recipe), seed)
        bases = spec.bases(recipe)
        for planned in self._unfinished():
            folder = planned.folder
            theirs = folder.spec.recipe(folder.recipe.name)
            begun = (folder.spec.network.graph.digest, theirs.digest, folder.recipe.digest)
            if (*begun, deviations(theirs, folder.recipe), folder.seed) != wanted:
                continue
            if bases is not None and planned.start.base not in (None, *bases):
                continue  # what it began with has changed since
            if self._begins_with(spec, recipe) in (None, planned.start.weights):
                yield planned

    def _begins_with(self, spec: Spec, recipe: Recipe) -> str | None:
        """The digest of certain weights that a training begins with; None where it may be any run's, or isn't known."""
        if self._start is None and not takes_weights(recipe):
            return None
        key = spec.network.graph.digest, recipe.digest
        if key not in self._begins:
            self._begins[key] = None
            with suppress(VggdslError):  # a training tells what is wrong with them
                first = find_first(spec, recipe, self._runs, self._start)
                self._begins[key] = None if first is None else first.start.weights
        return self._begins[key]

    def _unfinished(self) -> Iterator[Planned]:
        """Those that aren't finished now: another process may have begun one since."""
        for path in unfinished(self._runs):
            with suppress(VggdslError):  # its folder was made, and no more
                yield read_plan(path)

    def _digest(self, recipe: Recipe, shape: Shape, told: Told, there: Workplace | None = None) -> str | None:
        """Of the data as a training would use them, here or where a run began; None where they aren't at hand, empty
        where they are broken."""
        there = there or self._workplace
        root, skip_bad = there.data_folder, there.skip_bad
        try:
            look_for_data(recipe, root)
        except VggdslError:
            return None  # a training may fetch them
        key = (recipe.digest, shape, place_of(recipe, root), skip_bad)
        if key not in self._digests:
            digest = ""
            with suppress(VggdslError):  # if they can't be read the training tells why
                digest = find_data(recipe, shape, root).digest(skip_bad=skip_bad, told=told)
            self._digests[key] = digest
        return self._digests[key]


def _records(runs: Path) -> set[Path]:
    return set(runs.rglob(RECORD)) if is_folder(runs) else set()
