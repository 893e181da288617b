"""Recipe -> run -> record."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from platform import node
from typing import Literal

from vggdsl.experiments import reporter as reporters
from vggdsl.experiments import session
from vggdsl.experiments.checkpoint import carry, clean, computed_in, epochs_in, newest, refuse_links
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.first import find_first, with_start
from vggdsl.experiments.loop import DivergedError
from vggdsl.experiments.prepare import Prepared, prepare
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.reporter import Reporter, Silent
from vggdsl.experiments.schedule import why_over
from vggdsl.experiments.start import Beginning
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.collect import DIVERGED, RECORD
from vggdsl.records.repeat import entries_of
from vggdsl.records.run import Run
from vggdsl.records.runfolder import BEST, Planned, RunFolder, Start, Use, read_plan
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe import Constant, Plateau, Recipe
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import load_weights, without_weights
from vggdsl.text.errors import Diagnostic, InputError, RecipeError, RecordError, VggdslError, in_a_line, listed
from vggdsl.text.files import is_file
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.units import plural

_PATIENCE, _PAUSE = 10.0, 0.05
"""Seconds until a file that one machine wrote is there for another, and between two looks."""


class Stopped(VggdslError):  # noqa: N818  # no mistake of anybody
    """V605: stopped by the user; ``path`` holds what there was, and no record."""

    def __init__(self, path: Path, epochs: int) -> None:
        self.path = path
        kept = f"no epoch was finished; see {path}"
        if epochs:
            there = f"{plural(epochs, 'epoch')} {'is' if epochs == 1 else 'are'}"
            kept = f"{there} in {path}: `vggdsl train --resume {path}` goes on"
        super().__init__(Diagnostic("V605", "stopped before the end: no record was written", help=kept))


def train(
    spec: Spec | str | Path,
    recipe: Recipe | str | None = None,
    *,
    seed: int | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    precision: Literal["auto", "fp32", "bf16"] | None = None,
    data: str | Path | None = None,
    device: Literal["auto", "cpu", "cuda"] | None = None,
    threads: int | None = None,
    runs: str | Path = "runs",
    download: bool = False,
    start_from: str | Path | Run | None = None,
    skip_bad: bool = False,
    eager: bool = False,
    compiled: bool = False,
    reporter: Reporter | None = None,
) -> Run:
    """Trains a network by a recipe and writes the run's folder, the record last; as ``vggdsl train``.

    ``spec`` may be a file or the name of one that ships, ``recipe`` the name of one of the spec's, or such a recipe
    changed by ``with_flags``; by default the first one. ``seed`` is the recipe's first by default. ``epochs``,
    ``batch`` and ``precision`` are instead of the recipe's, and are recorded as deviations. ``data`` is the folder of
    data sets, by default $VGGDSL_DATA, then ``data``; nothing is fetched without ``download``. ``threads`` are those
    of a CPU, by default one for small steps, else PyTorch's.

    The test images are looked at once, at the end, with the weights of the epoch that was best on the validation
    images. On a CPU, the same spec, seed and number of threads give the same weights, bit by bit. A record isn't
    repeated unasked: ``records.repeat.repetition`` gives its recipe and seed.

    The weights of an ``init from(…)`` that names a spec or a recipe come from the run ``start_from``, by default the
    newest finished one in ``runs``. For other recipes ``start_from`` is a run, a file of weights, or torchvision's by
    their name, ``torchvision:vgg16``; every layer that fits takes them, which is recorded as a deviation.

    All image files are decoded before; with ``skip_bad`` those that can't be read are left out, and the record says how
    many. On a GPU small steps are captured as a CUDA graph and replayed, which gives the same digits; not if ``eager``.
    ``compiled`` steps run kernels that PyTorch makes for the network before the first one: faster, and other digits;
    the record names them with its device.

    ``reporter`` is told what happens; without one, what looks wrong in the data is a ``UserWarning``, and in a notebook
    that loaded the extension a bar shows how far it is.

    Raises ``VggdslError`` before anything is written if the spec isn't there (V501), has no recipe of that name (V504)
    or is wrong, an argument is nothing that a recipe could say (V406), the recipe can't be followed, data or memory are
    missing; later V409 if the loss diverges,
    ``Stopped`` on Ctrl-C, V506 if writing fails.
    """
    refuse_other_kinds(train, locals(), but=("seed", "epochs", "batch", "precision", "device", "threads"))
    spec = spec if isinstance(spec, Spec) else load(spec)
    recipe = recipe if isinstance(recipe, Recipe) else spec.recipe(recipe)
    given = entries_of("arguments", epochs=epochs, batch=batch, precision=precision, seeds=seed)
    if len(given.get("seeds", (0,))) > 1:
        raise RecipeError(Diagnostic("V406", f"one seed is trained by, not {seed!r}", help="call once for each"))
    recipe = recipe.with_flags(**given)
    start_from = start_from.path if isinstance(start_from, Run) else start_from
    where, start = (None if path is None else Path(path) for path in (data, start_from))
    workplace = Workplace(where, device, Path(runs), download, start, threads, skip_bad, eager, compiled)
    recipe = with_start(recipe, start)
    return begin(Experiment.of(spec, recipe), recipe.seeds[0], workplace, reporter or reporters.unasked())


def begin(
    experiment: Experiment, seed: int, workplace: Workplace, reporter: Reporter | None = None, until: int | None = None
) -> Run:
    """Trains by one seed, in a new folder; see ``train``. With ``until`` it ends after that epoch of the recipe's, so
    that nothing is measured, and ``resume`` goes on as if it had not."""
    spec, recipe, reporter = experiment.spec, experiment.recipe, reporter or Silent()
    digest = experiment.start_digest  # first the weights: those that don't fit are told before images are decoded
    first = find_first(spec, recipe, workplace.runs, workplace.start, digest, fetch=workplace.download)
    prepared = prepare(experiment, seed, workplace, reporter.reading)
    beginning, processes = Beginning.of(first), prepared.processes
    made = str(RunFolder.new(workplace.runs, spec, recipe, seed).path) if processes.leads else ""
    folder = RunFolder(Path(processes.told(made)), spec, recipe, seed)
    with _new(folder, processes), _held(folder, processes), prepared.arithmetic():
        if processes.leads:  # while it is held: with a plan it is a run that another process may go on with
            _write_plan(folder, workplace, beginning.start)
        return _run(prepared, folder, beginning, reporter, until)


def resume(
    run: str | Path, workplace: Workplace | None = None, reporter: Reporter | None = None, until: int | None = None
) -> Run:
    """Goes on with a run that was interrupted, in its folder, as if it never had been; to its end, or as ``begin``.

    Spec, recipe and seed are the run's; folder of data and device too, unless the workplace says them. On a CPU of the
    same kind, with the same versions and number of threads, weights and metrics are those of a run that was
    not interrupted, bit by bit.

    Raises ``RecordError`` V604 if ``run`` is no run, V607 if it is finished or none of its checkpoints can be used,
    and what ``train`` raises.
    """
    path = Path(run)
    planned = read_plan(path)
    refuse_links(path)
    folder = planned.folder
    spec, recipe = folder.spec, folder.recipe
    workplace, reporter = _going_on(workplace, planned), reporter or Silent()
    prepared = prepare(Experiment.of(spec, recipe), folder.seed, workplace, reporter.reading)
    with _held(folder, prepared.processes), prepared.arithmetic():
        if is_file(path / RECORD):
            help = f"`vggdsl train {path / RECORD}` repeats it, `vggdsl train --more N {path}` adds epochs"
            raise RecordError(Diagnostic("V607", f"{path} is finished: nothing is left to do", help=help))
        if prepared.processes.leads:
            clean(path)
            (path / DIVERGED).unlink(missing_ok=True)
        notes = [f"{folder.left_by} began with this and hasn't ended it"] if folder.left_by else []
        checkpoint, first = newest(path, prepared.identity, prepared.made_by, notes), None
        if checkpoint is None:
            begun, fetch = planned.start, workplace.download
            first = find_first(spec, recipe, workplace.runs, begun.run, begun.weights, fetch=fetch)
        return _run(prepared, folder, Beginning.again(planned, first, checkpoint, notes), reporter, until)


def more(run: str | Path, epochs: int, workplace: Workplace | None = None, reporter: Reporter | None = None) -> Run:
    """Goes on with a run that has ended for more epochs, in a new folder beside it; the run itself stays as it is.

    Weights, moments and what the schedule remembers are those of its last epoch, so that on a CPU it comes to the
    weights and metrics of a training that was as long from the beginning, bit by bit. That is what the record says it
    deviates by, ``epochs 40``, and it says how many of these were ``added``. Spec, recipe, seed and workplace are the
    run's, as in ``resume``.

    Raises ``RecipeError`` V406 for no number of epochs, ``RecordError`` V604 if ``run`` is no run, V607 if it hasn't
    ended, its last checkpoint isn't there, its recipe ended it, or its schedule leads to the last epoch; and what
    ``train`` raises.
    """
    path, epochs = Path(run), entries_of("arguments", epochs=epochs)["epochs"]
    planned = read_plan(path)
    before = planned.folder
    spec, recipe = before.spec, before.recipe.with_flags(epochs=before.recipe.epochs + epochs)
    _refuse_more(before, recipe.epochs)
    workplace, reporter = _going_on(workplace, planned), reporter or Silent()
    prepared = prepare(Experiment.of(spec, recipe), before.seed, workplace, reporter.reading)
    notes, processes = list[str](), prepared.processes
    with prepared.arithmetic():  # on whose threads its digits depend
        checkpoint = newest(path, prepared.identity | {"recipe": before.recipe.digest}, prepared.made_by, notes)
    done = len(checkpoint.progress.epochs) if checkpoint else 0
    if checkpoint is not None and checkpoint.progress.over:
        message = f"the recipe ended {path} with epoch {done}: {why_over(before.recipe)}"
        help = "more epochs are of another recipe: train by it anew, or from these weights by `init from(…)`"
        raise RecordError(Diagnostic("V607", message, before.recipe.place("stop"), help))
    if checkpoint is None or done != before.recipe.epochs:
        message = f"{path} has no checkpoint of its last epoch, from which it could go on"
        help = f"older versions kept none of a run that had ended; train anew: `--epochs {recipe.epochs}`"
        raise RecordError(Diagnostic("V607", message, help=help))
    best = load_trained(path)
    made = str(RunFolder.new(workplace.runs, spec, recipe, before.seed).path) if processes.leads else ""
    folder = RunFolder(Path(processes.told(made)), spec, recipe, before.seed)
    added = planned.added + epochs
    with _new(folder, processes, done), _held(folder, processes), prepared.arithmetic():
        if processes.leads:  # the plan last: with it, it can be gone on with from what is there
            network = without_weights(spec.typed)
            load_weights(network, best.weights)
            use = Use(prepared.data.classes, prepared.normalisation, prepared.data.digest)
            folder.write_weights(BEST, network, best.epoch, use)
            carry(folder.path, checkpoint, prepared.identity, prepared.made_by)
            _write_plan(folder, workplace, planned.start, added)
        notes.append(f"goes on with {path}, of {plural(done, 'epoch')}, which stays as it is")
        going_on = replace(planned, folder=folder, added=added)
        return _run(prepared, folder, Beginning.again(going_on, None, checkpoint, notes), reporter)


def _refuse_more(run: RunFolder, epochs: int) -> None:
    """Raises ``RecordError`` V607 for a run that hasn't ended, and for one whose schedule is of all its epochs."""
    path, recipe = run.path, run.recipe
    if not is_file(path / RECORD):
        help = f"`vggdsl train --resume {path}` goes on with it"
        raise RecordError(Diagnostic("V607", f"{path} hasn't ended: no epochs can be added yet", help=help))
    schedule = recipe.main_schedule
    if isinstance(schedule, Constant | Plateau):
        return
    message = f"the schedule of {path}, {schedule}, leads to epoch {recipe.epochs} and says no rate for more"
    help = f"train anew with `--epochs {epochs}`, or from these weights by a recipe with `init from(…)`"
    raise RecordError(Diagnostic("V607", message, recipe.place("schedule"), help))


def _going_on(workplace: Workplace | None, planned: Planned) -> Workplace:
    """Where a run goes on: where it began, and in the precision in which it did, also on a processor that is faster in
    another; but for what is said."""
    return replace((workplace or Workplace()).going_on(planned), precision=computed_in(planned.folder.path))


def _write_plan(folder: RunFolder, workplace: Workplace, start: Start, added: int = 0) -> None:
    folder.write_plan(
        workplace.data_folder,
        workplace.device or "auto",
        start,
        threads=workplace.threads,
        skip_bad=workplace.skip_bad,
        eager=workplace.eager,
        compiled=bool(workplace.compiled),
        added=added,
    )


@contextmanager
def _new(folder: RunFolder, processes: Processes, done: int = 0) -> Iterator[None]:
    """Takes a folder that was made for a training away again where that can't be done, as steps that aren't compiled
    or don't fit into memory, so that no epoch is in it beside those that were ``done`` before."""
    try:
        yield
    except InputError:
        if processes.leads and not folder.holder() and epochs_in(folder.path) <= done:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise


@contextmanager
def _held(folder: RunFolder, processes: Processes) -> Iterator[None]:
    """The leading process alone trains in the folder, and all look into it.

    Raises ``InputError`` V532 in all where one, on another machine, has another folder of its name or none.
    """
    with folder.held() if processes.leads else nullcontext():
        holder = processes.told(folder.holder())
        until = time.monotonic() + _PATIENCE
        while not (sees := folder.holder() == holder) and time.monotonic() < until:
            time.sleep(_PAUSE)
        without = [each for each in processes.texts("" if sees else f"process {processes.rank} of {node()}") if each]
        if without:
            message = f"{folder.path} isn't the same folder for {listed(without)} and for the process that writes it"
            raise InputError(
                Diagnostic("V532", message, help="name a folder that all machines share with `--runs DIR`")
            )
        yield


def _run(
    prepared: Prepared, folder: RunFolder, beginning: Beginning, reporter: Reporter, until: int | None = None
) -> Run:
    try:
        result, epochs = session.run(prepared, folder, beginning, reporter, until)
    except DivergedError as error:
        if prepared.processes.leads:
            folder.refuse_taken()
            folder.write_diverged(in_a_line(error), prepared.hardware.conditions(prepared.data.digest))
        raise
    except KeyboardInterrupt:
        raise Stopped(folder.path, epochs_in(folder.path)) from None
    return Run(folder.path, prepared.spec, prepared.recipe, prepared.seed, tuple(epochs), result)
