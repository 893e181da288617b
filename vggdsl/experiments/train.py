"""Recipe -> run -> record."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import PIL
import torch
import torchvision

from vggdsl import __version__
from vggdsl.data.dataset import load_data
from vggdsl.data.views import evaluation_scale
from vggdsl.experiments.check import refuse, refuse_images, refuse_processes
from vggdsl.experiments.checkpoint import Progress, clean, drop, newest, refuse_links, resumed, save
from vggdsl.experiments.costs import Meter
from vggdsl.experiments.device import arithmetic, choose
from vggdsl.experiments.loop import Setting, evaluate, fit, steps_an_epoch
from vggdsl.experiments.memory import check_training, training_bytes
from vggdsl.experiments.processes import Processes, current
from vggdsl.experiments.report import Plan, Reporter, Silent
from vggdsl.experiments.start import Origin, find_trained, starting_network
from vggdsl.language.syntax import ResultLine
from vggdsl.records.collect import RECORD
from vggdsl.records.compare import compare
from vggdsl.records.metrics import Epoch
from vggdsl.records.repeat import deviations
from vggdsl.records.result import Result, write_record
from vggdsl.records.runfolder import BEST, LAST, RunFolder, Trained, Use, load_run, read_plan, weights_digest
from vggdsl.spec.recipe import Plateau, Recipe, WarmUp
from vggdsl.spec.spec import Spec, classes_differ
from vggdsl.targets.torch import load_weights, weights
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError
from vggdsl.text.files import is_file


@dataclass(frozen=True)
class Run:
    """A training that came to its end, and the folder that it left."""

    path: Path
    spec: Spec
    recipe: Recipe
    result: Result
    epochs: tuple[Epoch, ...]

    @property
    def line(self) -> ResultLine:
        """The result in the sources' own form."""
        return self.result.line

    def compare(self) -> list[str]:
        """The result beside what the spec claims and has measured, as lines of text."""
        return compare(self.spec, self.result)


class Stopped(VggdslError):  # noqa: N818  # no mistake of anybody
    """V605: stopped by the user; ``path`` holds what there was, and no record."""

    def __init__(self, path: Path, epochs: int) -> None:
        self.path = path
        done = f"{epochs:,} epoch{'' if epochs == 1 else 's'}"
        kept = (
            f"{done} are in {path}: `vggdsl train --resume {path}` goes on"
            if epochs
            else f"no epoch was finished; see {path}"
        )
        super().__init__(Diagnostic("V605", "stopped before the end: no record was written", help=kept))


def train(
    spec: Spec,
    recipe: Recipe | None = None,
    *,
    seed: int | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    runs_dir: str | Path = "runs",
    download: bool = False,
    start_from: str | Path | None = None,
    start_weights: str | None = None,
    reporter: Reporter | None = None,
) -> Run:
    """Trains a spec's network by a recipe and writes the run's folder, the record last.

    ``recipe`` is one of the spec's, perhaps changed, as ``with_flags`` does; the first one by default.
    ``seed`` is the recipe's first by default. ``data_dir`` defaults to $VGGDSL_DATA, then ``data``. The
    test images are looked at once, at the end, with the weights of the epoch that was best on the
    validation images. On a CPU, the same spec, seed and number of threads give the same weights, bit by bit.

    The weights of ``init from(…)`` come from the run ``start_from``, by default the newest finished one in
    ``runs_dir``, with ``start_weights`` that of weights with this digest.

    A record isn't repeated unasked: ``records.repeat.repetition`` gives its recipe and seed.

    Raises ``VggdslError`` before anything is written if the spec has no recipe of that name (V504) or is
    wrong, the recipe can't be followed, data or memory are missing; later V409 if the loss diverges,
    ``Stopped`` on Ctrl-C, V506 if writing fails.
    """
    recipe = recipe if recipe is not None else spec.recipe()
    seed = seed if seed is not None else recipe.seeds[0]
    base, where = _base(spec, recipe), data_folder(data_dir)
    setting, needed = _setting(spec, recipe, seed, where, device, download)
    given = None if start_from is None else Path(start_from)
    first = find_trained(spec, recipe, Path(runs_dir), given, start_weights)
    origin = Origin.of(spec, recipe, first)
    processes = setting.processes
    folder = RunFolder(Path(), spec, recipe, seed)
    if processes.leads:
        folder = RunFolder.new(Path(runs_dir), spec, recipe, seed)
        folder.write_plan(where, device, first, origin.base)
    folder.path = Path(processes.told(str(folder.path)))
    with _held(folder, processes), arithmetic(setting.hardware, spec.typed.macs * recipe.batch // processes.count):
        return _start(folder, base, setting, origin, needed, reporter or Silent())


def resume(
    run: str | Path,
    *,
    data_dir: str | Path | None = None,
    device: str | None = None,
    download: bool = False,
    reporter: Reporter | None = None,
) -> Run:
    """Goes on with a run that was interrupted, in its folder, as if it never had been.

    Spec, recipe and seed are the run's; ``data_dir`` and ``device`` too, unless they are given. On a CPU of the
    same kind, with the same versions and number of threads, weights and metrics are those of a run that was
    not interrupted, bit by bit.

    Raises ``RecordError`` V604 if ``run`` is no run, V607 if it is finished or none of its checkpoints can be used,
    and what ``train`` raises.
    """
    path = Path(run)
    planned = read_plan(path)
    refuse_links(path)
    folder = planned.folder
    spec, recipe, seed = folder.spec, folder.recipe, folder.seed
    where = Path(data_dir) if data_dir is not None else planned.data
    setting, needed = _setting(spec, recipe, seed, where, device or planned.device, download)
    macs = spec.typed.macs * recipe.batch // setting.processes.count
    with _held(folder, setting.processes), arithmetic(setting.hardware, macs):
        if is_file(path / RECORD):
            help = f"`vggdsl train {path / RECORD}` repeats it"
            raise RecordError(Diagnostic("V607", f"{path} is finished: nothing is left to do", help=help))
        if setting.processes.leads:
            clean(path)
        notes: list[str] = []
        start = newest(path, _identity(spec, setting), _made_by(setting), notes)
        first = None
        if start is None:
            first = find_trained(spec, recipe, path.parent, planned.start, planned.start_digest)
        origin = Origin(first, planned.start_digest, planned.base, start)
        return _start(folder, _base(spec, recipe), setting, origin, needed, reporter or Silent(), tuple(notes))


def _held(folder: RunFolder, processes: Processes) -> AbstractContextManager[None]:
    """The leading process alone trains in the folder."""
    return folder.held() if processes.leads else nullcontext()


def _made_by(setting: Setting) -> str:
    """On what the digits depend besides the recipe."""
    return f"torch {torch.__version__} on {setting.hardware.name}{setting.processes}"


def _setting(spec: Spec, recipe: Recipe, seed: int, where: Path, device: str, download: bool) -> tuple[Setting, int]:
    """All that a training works with, and the bytes of memory that it needs at the least."""
    refuse(spec, recipe)
    hardware, processes = choose(device, recipe.precision), current()
    needed = training_bytes(spec.typed, recipe, hardware.bytes_each, processes.count)
    sharing = processes.count if hardware.device.type == "cpu" else 1  # a GPU each, but one RAM
    check_training(sharing * needed, hardware.free(), recipe)
    data = load_data(recipe, spec.typed.input, where, download=download)
    differ = classes_differ(spec, recipe, len(data.classes))
    if differ:
        raise InputError(differ)
    refuse_images(spec, recipe, len(data.train))
    refuse_processes(spec, recipe, processes.count, len(data.train), min(len(data.val), len(data.test)))
    return Setting(recipe, data, data.normalisation(recipe.normalize), hardware, seed, processes), needed


def _identity(spec: Spec, setting: Setting) -> dict[str, str]:
    """What a checkpoint must be of to be gone on with."""
    return {
        "network": spec.network.graph.digest,
        "recipe": setting.recipe.digest,
        "data": setting.data.digest,
        "seed": str(setting.seed),
        "precision": setting.hardware.precision,
    }


def data_folder(given: str | Path | None) -> Path:
    """Where data sets are: as given, else $VGGDSL_DATA, else ``data``."""
    return Path(given if given is not None else os.environ.get("VGGDSL_DATA") or "data")


def _base(spec: Spec, recipe: Recipe) -> Recipe:
    """The spec's recipe that this one is, or deviates from. Raises ``InputError`` V504 if it has none."""
    base = spec.recipe(recipe.name)
    if base.name != recipe.name:
        help = f"its recipes: {', '.join(r.name for r in spec.recipes if r.name)}"
        raise InputError(Diagnostic("V504", f"{spec.name} has no recipe without a name", help=help))
    return base


def _start(
    folder: RunFolder,
    base: Recipe,
    setting: Setting,
    origin: Origin,
    needed: int,
    reporter: Reporter,
    notes: tuple[str, ...] = (),
) -> Run:
    spec, recipe, data, hardware = folder.spec, setting.recipe, setting.data, setting.hardware
    epochs = list(origin.checkpoint.progress.epochs) if origin.checkpoint else []
    plan = Plan(
        name=spec.name,
        folder=folder.path,
        seed=setting.seed,
        epochs=recipe.epochs,
        done=len(epochs),
        images=min(len(data.train), steps_an_epoch(len(data.train), recipe.batch) * recipe.batch),
        data=recipe.data.name,
        split=data.split,
        params=spec.typed.params,
        memory=needed,
        val_images=len(data.val),
        test_images=len(data.test),
        may_end_early=recipe.may_end_early,
        device=f"{hardware.name}{setting.processes}",
        precision=hardware.precision,
        notes=(*notes, *origin.notes(recipe), *data.notes, *setting.processes.notes(spec.typed, hardware.device.type)),
    )
    reporter.started(plan)
    try:
        with _out_of_memory(recipe):
            meter = Meter(plan, hardware.device, reporter.estimated)
            result, over = _run(folder, base, setting, origin, epochs, reporter, meter)
            reporter.finished(meter.costs(over))
    except KeyboardInterrupt:
        raise Stopped(folder.path, len(epochs)) from None
    finally:
        reporter.ended()
    return Run(folder.path, spec, recipe, result, tuple(epochs))


def _run(
    folder: RunFolder,
    base: Recipe,
    setting: Setting,
    origin: Origin,
    epochs: list[Epoch],
    reporter: Reporter,
    meter: Meter,
) -> tuple[Result, str]:
    """What came of it, and why it ended early."""
    began = time.perf_counter()
    before = sum(epoch.seconds for epoch in epochs)
    spec, recipe, data, device = folder.spec, setting.recipe, setting.data, setting.hardware.device
    network = starting_network(spec, recipe, setting.seed, origin.trained).to(device)
    network = network.to(memory_format=torch.channels_last)

    use = Use(data.classes, setting.normalisation, data.digest)
    progress = origin.checkpoint.progress if origin.checkpoint else Progress()
    here = f"{setting.hardware.name}{setting.processes}"

    def write_epoch(epoch: Epoch, is_best: bool) -> None:
        names = [BEST] * is_best + [LAST]
        if recipe.checkpoint and epoch.number % recipe.checkpoint == 0:
            names.append(f"epoch-{epoch.number:04}.safetensors")
        for name in names:
            folder.write_weights(name, network, epoch.number, use)
        folder.write_metrics(epochs)

    def on_epoch(epoch: Epoch, is_best: bool) -> None:
        epochs.append(epoch)
        meter.epoch(epoch)
        if setting.processes.leads:
            write_epoch(epoch, is_best)
            reporter.epoch(epoch, is_best)

    def on_step(images: int) -> None:
        meter.step(images)
        reporter.step(images)

    def keep(optimizer: torch.optim.Optimizer, now: Progress) -> None:
        nonlocal progress
        progress = now
        if not now.devices or now.devices[-1] != here:
            now.devices.append(here)
        if now.best_epoch == len(now.epochs):
            now.best_weights = weights_digest(weights(network))
        if setting.processes.leads:
            save(folder.path, network, optimizer, now, _identity(spec, setting), _made_by(setting))

    if origin.checkpoint is not None and setting.processes.leads:  # it was written before the epoch's other files
        resumed(origin.checkpoint, network)
        write_epoch(epochs[-1], progress.best_epoch == len(epochs))
        _best(folder, progress)
    fit(network, setting, on_epoch, on_step, start=origin.checkpoint, save=keep)
    setting.processes.wait()
    best = _best(folder, progress)  # as it was written: what is measured is what can be used
    load_weights(network, best.weights)
    scores = {"val": evaluate(network, data.val, setting), "test": evaluate(network, data.test, setting)}
    chosen = epochs[progress.best_epoch - 1]
    result = Result(
        best=chosen.number,
        epochs=recipe.epochs,
        train_accuracy=chosen.train_accuracy,
        val_accuracy=chosen.val_accuracy,
        test_accuracy=scores["test"].accuracy,
        recipe_name=recipe.name,
        seed=setting.seed,
        precision=setting.hardware.precision,
        device="; ".join(progress.devices or [here]),
        minutes=(before + time.perf_counter() - began) / 60,
        deviations=deviations(base, recipe),
        network=spec.network.graph.digest,
        recipe=base.digest,
        data=data.digest,
        split=data.split,
        scale=evaluation_scale(recipe) or min(spec.typed.input.h, spec.typed.input.w),
        versions={
            "vggdsl": __version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,  # which with Pillow decides the pixels of scaled images
            "pillow": PIL.__version__,
        },
        weights=weights_digest(best.weights),
        start=origin.digest,
        base=origin.base,
        top_5={split: found.top_5 for split, found in scores.items() if found.top_5 is not None},
    )
    if setting.processes.leads:
        folder.write_record(write_record(spec, result))
        drop(folder.path)
    setting.processes.wait()  # what is trained next may begin with this run
    return result, _why_over(recipe) if progress.over and len(epochs) < recipe.epochs else ""


def _why_over(recipe: Recipe) -> str:
    """What can end a training by the recipe before its last epoch."""
    waits = [f"no better {recipe.stop.measure} in {recipe.stop.patience:,} epochs"] if recipe.stop else []
    schedule = recipe.schedule.then if isinstance(recipe.schedule, WarmUp) else recipe.schedule
    if isinstance(schedule, Plateau) and schedule.drops is not None:
        waits.append(f"no better val-accuracy in {schedule.patience:,} after the last drop of the learning rate")
    return ", or ".join(waits)


def _best(folder: RunFolder, progress: Progress) -> Trained:
    """The weights of the best epoch so far. Raises ``RecordError`` V607 if they aren't those that were written."""
    message = f"{folder.path / BEST} isn't what this training wrote after epoch {progress.best_epoch}"
    lost = RecordError(Diagnostic("V607", message, help="train anew: the weights of the best epoch are lost"))
    try:
        best = load_run(folder.path)
    except RecordError:
        raise lost from None
    if weights_digest(best.weights) != progress.best_weights:
        raise lost
    return best


@contextmanager
def _out_of_memory(recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        message = f"out of memory at batch {recipe.batch}"
        help = "a smaller batch needs less: `--batch`"
        raise InputError(Diagnostic("V508", message, recipe.place("batch"), help)) from None


__all__ = ["Run", "Stopped", "data_folder", "deviations", "load_run", "resume", "train"]
