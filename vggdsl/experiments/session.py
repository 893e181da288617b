"""A training in its run's folder, from the first step to the record."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from vggdsl.data.views import evaluation_scale
from vggdsl.experiments.checkpoint import Progress, drop, save
from vggdsl.experiments.costs import Meter
from vggdsl.experiments.loop import Scores, evaluate, fit
from vggdsl.experiments.memory import TooLargeError
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.reporter import Outline, Reporter
from vggdsl.experiments.schedule import steps_an_epoch, why_over
from vggdsl.experiments.start import Beginning, starting_network
from vggdsl.experiments.versions import versions
from vggdsl.experiments.watch import Watch
from vggdsl.network.weights import weights_digest
from vggdsl.records.metrics import Epoch
from vggdsl.records.repeat import deviations
from vggdsl.records.result import Result, write_record
from vggdsl.records.runfolder import BEST, LAST, RunFolder, Use
from vggdsl.records.trained import Trained, load_trained
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.tuned import tuned
from vggdsl.targets.torch import load_weights, weights
from vggdsl.text.errors import Diagnostic, RecordError


def run(
    prepared: Prepared, folder: RunFolder, beginning: Beginning, reporter: Reporter, until: int | None = None
) -> tuple[Result | None, list[Epoch]]:
    """Trains, measures, and writes the record last; where it ends with the epoch ``until``, and more are to come, it
    measures nothing, and leaves what ``resume`` goes on from.

    Raises ``VggdslError`` V409 if the loss diverges, V508 if memory doesn't suffice after all, V506 if writing fails,
    ``RecordError`` V607 if ``beginning`` doesn't fit, and ``KeyboardInterrupt`` as it comes.
    """
    outline = _outline(prepared, folder, beginning)
    reporter.started(outline)
    try:
        with _out_of_memory(prepared.recipe):
            meter = Meter(outline, prepared.hardware.device, reporter.estimated)
            session = Session(prepared, folder, beginning, reporter, meter)
            result = None
            if session.train(until):
                result = session.result(session.measure())
                session.record(result)
                reporter.finished(meter.costs(session.ended_early))
    finally:
        reporter.ended()
    return result, session.progress.epochs


class Session:
    """What is written and told of a training; the ``Listener`` of its loop.

    Each of several processes has one; that of the leading process writes and speaks.
    """

    def __init__(
        self, prepared: Prepared, folder: RunFolder, beginning: Beginning, reporter: Reporter, meter: Meter
    ) -> None:
        self.prepared, self.folder, self.beginning = prepared, folder, beginning
        self.reporter, self.meter = reporter, meter
        self.began = time.perf_counter()
        self.progress = beginning.checkpoint.progress if beginning.checkpoint else Progress()
        self.before = sum(epoch.seconds for epoch in self.progress.epochs)
        self.device = prepared.device  # here, where the arithmetic is that of the training
        self.use = Use(prepared.data.classes, prepared.normalisation, prepared.data.digest)
        network = starting_network(prepared.spec, prepared.recipe, prepared.seed, beginning.first)
        self.network = network.to(prepared.hardware.device).to(memory_format=torch.channels_last)
        self.watch = Watch(prepared, self.network, steps_an_epoch(len(prepared.data.train), prepared.recipe.batch))

    @property
    def leads(self) -> bool:
        return self.prepared.processes.leads

    @property
    def ended_early(self) -> str:
        """Why it was over before the last of the epochs that the recipe allows; empty if it wasn't."""
        recipe = self.prepared.recipe
        return why_over(recipe) if self.progress.over and len(self.progress.epochs) < recipe.epochs else ""

    def train(self, until: int | None = None) -> bool:
        """To the end of the last epoch, or of ``until``, in all processes; whether nothing is left to train."""
        self.progress = fit(self.network, self.prepared, self, self.beginning.checkpoint, until)
        self.prepared.processes.wait()
        return self.progress.over or len(self.progress.epochs) == self.prepared.recipe.epochs

    # -- what the loop calls

    def resumed(self) -> None:
        """The checkpoint was written before its epoch's other files, which a kill may have left unwritten."""
        if self.leads:
            self._write(self.progress.epochs[-1], self.progress.best_epoch == len(self.progress.epochs))
            self.best()

    def step(self, images: int, loss: Callable[[], float]) -> None:
        self.meter.step(images)
        self.reporter.step(images, loss)

    def save(self, optimizer: torch.optim.Optimizer, progress: Progress, trained: Mapping[str, Tensor]) -> None:
        self.progress = progress
        if not progress.devices or progress.devices[-1] != self.device:
            progress.devices.append(self.device)
        if progress.best_epoch == len(progress.epochs):
            progress.best_weights = weights_digest(weights(self.network))
        if self.leads:
            self.folder.refuse_taken()
            prepared = self.prepared
            save(self.folder.path, self.network, optimizer, progress, trained, prepared.identity, prepared.made_by)

    def noticed(self, finding: Diagnostic) -> None:
        if self.leads:
            self.reporter.noticed(finding)

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        self.meter.epoch(epoch)
        if self.leads:
            self._write(epoch, is_best)
            self.reporter.epoch(epoch, is_best)
            if finding := self.watch.after(self.progress.epochs):
                self.noticed(finding)

    def _write(self, epoch: Epoch, is_best: bool) -> None:
        """The files of an epoch: weights, and the table of all epochs so far."""
        every = self.prepared.recipe.checkpoint
        names = [BEST] * is_best + [LAST]
        if every and epoch.number % every == 0:
            names.append(f"epoch-{epoch.number:04}.safetensors")
        for name in names:
            self.folder.write_weights(name, self.network, epoch.number, self.use)
        self.folder.write_metrics(self.progress.epochs)

    # -- what comes of it

    def best(self) -> Trained:
        """The weights of the best epoch so far, as they were written: what is measured is what can be used.

        Raises ``RecordError`` V607 if they aren't those that were written.
        """
        path, epoch = self.folder.path, self.progress.best_epoch
        message = f"{path / BEST} isn't what this training wrote after epoch {epoch}"
        lost = RecordError(Diagnostic("V607", message, help="train anew: the weights of the best epoch are lost"))
        try:
            best = load_trained(path)
        except RecordError:
            raise lost from None
        if best.digest != self.progress.best_weights:
            raise lost
        return best

    def measure(self) -> dict[str, Scores]:
        """Scores on the validation and, once, on the test images, by the best epoch's weights."""
        load_weights(self.network, self.best().weights)
        data = self.prepared.data
        return {
            name: evaluate(self.network, split, self.prepared)
            for name, split in (("val", data.val), ("test", data.test))
        }

    def result(self, scores: dict[str, Scores]) -> Result:
        """What was found, and under which protocol."""
        prepared, progress = self.prepared, self.progress
        spec, recipe, base, data = prepared.spec, prepared.recipe, prepared.experiment.base, prepared.data
        chosen = progress.epochs[progress.best_epoch - 1]
        return Result(
            best=chosen.number,
            epochs=recipe.epochs,
            train_accuracy=chosen.train_accuracy,
            val_accuracy=chosen.val_accuracy,
            test_accuracy=scores["test"].accuracy,
            recipe_name=recipe.name,
            seed=prepared.seed,
            precision=prepared.hardware.precision,
            device="; ".join(progress.devices or [self.device]),
            minutes=(self.before + time.perf_counter() - self.began) / 60,
            deviations=deviations(base, recipe),
            network=spec.network.graph.digest,
            recipe=base.digest,
            data=data.digest,
            split=data.split,
            left_out=data.left_out,
            revision=data.revision,
            scale=evaluation_scale(recipe) or min(spec.typed.input.h, spec.typed.input.w),
            versions=versions(data.train, data.val, data.test),
            weights=progress.best_weights,
            added=self.beginning.added,
            start=self.beginning.start.weights,
            base=self.beginning.start.base,
            top_5={split: found.top_5 for split, found in scores.items() if found.top_5 is not None},
            balanced={split: found.balanced for split, found in scores.items() if found.balanced is not None},
        )

    def record(self, result: Result) -> None:
        """Writes the record; with it the run is finished, and what is trained next may begin with it."""
        if self.leads:
            self.folder.refuse_taken()
            self.folder.write_record(write_record(self.prepared.spec, result))
            drop(self.folder.path, kept=1)  # from which `--more` goes on
        self.prepared.processes.wait()


def _outline(prepared: Prepared, folder: RunFolder, beginning: Beginning) -> Outline:
    spec, recipe, data, hardware = prepared.spec, prepared.recipe, prepared.data, prepared.hardware
    frozen = tuned(recipe, spec.typed).frozen
    return Outline(
        name=spec.name,
        folder=folder.path,
        seed=prepared.seed,
        epochs=recipe.epochs,
        done=len(beginning.checkpoint.progress.epochs) if beginning.checkpoint else 0,
        images=min(len(data.train), steps_an_epoch(len(data.train), recipe.batch) * recipe.batch),
        steps=steps_an_epoch(len(data.train), recipe.batch),
        data=recipe.data.name,
        split=data.split,
        params=spec.typed.params,
        memory=prepared.memory,
        val_images=len(data.val),
        test_images=len(data.test),
        may_end_early=recipe.may_end_early,
        classes=data.sizes,
        left_out=data.left_out,
        warnings=(*beginning.warnings(spec, recipe, prepared.normalisation), *data.warnings),
        device=prepared.device,
        precision=hardware.precision,
        notes=(
            *beginning.notes,
            *data.notes,
            *_of_training_figures(recipe),
            *prepared.processes.notes(spec.typed, hardware.device.type, bool(recipe.mix), frozen),
        ),
        frozen=sum(t.params.learnable for t in spec.typed.nodes if t.name in frozen),
    )


def _of_training_figures(recipe: Recipe) -> tuple[str, ...]:
    """Why the accuracy in training isn't of what validation and test are of."""
    said = []
    if recipe.mix:
        said.append("training accuracy is by the label that a mixed image has most of")
    if recipe.average is not None:
        said.append("training loss and accuracy are of the weights that are trained, the others of their average")
    return tuple(said)


@contextmanager
def _out_of_memory(recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        message = f"out of memory at batch {recipe.batch}"
        help = "a smaller batch needs less: `--batch`"
        raise TooLargeError(Diagnostic("V508", message, recipe.place("batch"), help)) from None
