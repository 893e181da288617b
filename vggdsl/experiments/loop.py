"""The training loop: engines of pytorch-ignite, driven by a recipe."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from typing import NamedTuple, Protocol, cast

import torch
from ignite.engine import Engine, Events
from ignite.metrics import Accuracy, Loss, Recall, TopKCategoricalAccuracy
from torch import Tensor
from torch.nn import functional

from vggdsl.data.augment import augment
from vggdsl.data.balance import are_uneven
from vggdsl.data.batches import Batch, in_order, training_batches
from vggdsl.data.chance import generator, random_seed
from vggdsl.data.mixing import mixed
from vggdsl.data.moments import Colours
from vggdsl.data.splits import Images, Lazy, Split
from vggdsl.data.transfer import to_device
from vggdsl.data.views import steps_after
from vggdsl.experiments.average import Average
from vggdsl.experiments.checkpoint import Checkpoint, Progress, restore
from vggdsl.experiments.device import Hardware, telling_of_chance
from vggdsl.experiments.heap import kept
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.schedule import Patience, Rate, steps_an_epoch
from vggdsl.experiments.step import Captured, Readback, Step
from vggdsl.network.ops import BatchNorm
from vggdsl.records.metrics import Epoch
from vggdsl.records.result import tops
from vggdsl.spec.recipe import AlternatingHFlip, ColourPCA, From, OfNormalised
from vggdsl.targets.torch import Network
from vggdsl.text.errors import Diagnostic, RecordError, VggdslError

_CHECK_EVERY = 50
"""Steps between looks at the loss on a GPU."""
_ON_DEVICE = 0.25
"""Part of a GPU's free memory that images may take; beyond it they travel batch by batch."""

_quiet = logging.getLogger("vggdsl.ignite")
_quiet.addHandler(logging.NullHandler())  # ignite logs each exception that it passes on
_quiet.propagate = False


class DivergedError(VggdslError):
    """V409: the loss is no number any more, and would be none again."""


class Listener(Protocol):
    """Is called while a training runs, in this order."""

    def resumed(self) -> None:
        """Once, where a checkpoint is gone on from: the network has its weights again, and nothing is trained yet."""

    def step(self, images: int, loss: Callable[[], float]) -> None:
        """After each step, with the number of its images; it gives the loss, which on a GPU is waited for."""

    def save(self, optimizer: torch.optim.Optimizer, progress: Progress, trained: Mapping[str, Tensor]) -> None:
        """After each epoch, with what a later call needs to go on from there.

        Where the recipe averages weights the network has their average, from here on until it is trained on, and
        ``trained`` are those that are trained.
        """

    def noticed(self, finding: Diagnostic) -> None:
        """Where something is other than is to be expected: it goes on."""

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        """After that, with whether its validation accuracy is the best so far (of equal ones that of the lowest
        validation loss)."""


class Unheard:
    """A listener to whom nothing matters."""

    def resumed(self) -> None: ...

    def step(self, images: int, loss: Callable[[], float]) -> None: ...

    def save(self, optimizer: torch.optim.Optimizer, progress: Progress, trained: Mapping[str, Tensor]) -> None: ...

    def noticed(self, finding: Diagnostic) -> None: ...

    def epoch(self, epoch: Epoch, is_best: bool) -> None: ...


def fit(
    network: Network,
    prepared: Prepared,
    listener: Listener,
    checkpoint: Checkpoint | None = None,
    until: int | None = None,
) -> Progress:
    """Trains a network in place, to the recipe's last epoch or until it says stop; goes on from a checkpoint.

    It ends with the epoch ``until``, if that comes before; rates are those of the whole recipe all the same. Where the
    recipe averages weights, the network ends with their average.

    Torch's global random state is as before afterwards. The progress holds all epochs, those before, too.

    Raises ``VggdslError`` V409 when the loss is no longer a number, V607 if ``checkpoint`` doesn't fit.
    """
    epochs = prepared.recipe.epochs
    return Training(network, prepared, listener, checkpoint).to(epochs if until is None else min(until, epochs))


class Scores(NamedTuple):
    """Of a split: mean loss, and the shares of images whose label is the first guess, and among the first five."""

    loss: float
    accuracy: float
    top_5: float | None
    """None for a network of few classes, where five guesses say little."""
    balanced: float | None = None
    """The mean over the classes that have images of the share that is found; None where they are about even."""


def evaluate(network: Network, split: Images, prepared: Prepared) -> Scores:
    """Scores of a split, in the precision of the training; each process computes its share of it."""
    was_training, classes = network.training, network.typed.output.elements
    network.eval()

    def step(_: Engine, batch: Split) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            images, labels = _on(batch, prepared.hardware.device)
            with prepared.hardware.autocast():
                logits = network(prepared.normalisation(images))
            return logits.float(), labels

    engine = _engine(step, prepared.hardware)
    if 5 in tops(classes):
        TopKCategoricalAccuracy(5, device=prepared.hardware.device).attach(engine, "top-5")
    if are_uneven(split.labels, classes):
        Recall(device=prepared.hardware.device).attach(engine, "recalls")
    batch, own = prepared.recipe.batch, split.part(prepared.processes.share)
    state = engine.run(in_order(own, batch), epoch_length=math.ceil(len(own) / batch))
    network.train(was_training)
    metrics, balanced = state.metrics, None
    if "recalls" in metrics:
        has_images = torch.bincount(split.labels, minlength=classes) > 0
        balanced = float(metrics["recalls"].cpu()[has_images.cpu()].mean())
    return Scores(metrics["loss"], metrics["accuracy"], metrics.get("top-5"), balanced)


class Training:
    """A training from its first step, or from a checkpoint, that goes on epoch by epoch."""

    def __init__(
        self, network: Network, prepared: Prepared, listener: Listener, checkpoint: Checkpoint | None = None
    ) -> None:
        self.network, self.prepared, self.listener = network, prepared, listener
        self.recipe, self.hardware, self.processes = prepared.recipe, prepared.hardware, prepared.processes
        self.split = _near(prepared.data.train, self.hardware)
        self.steps = steps_an_epoch(len(self.split), self.recipe.batch)
        self.step = Step(network, prepared)
        self.take = Captured(self.step, self.recipe.batch) if prepared.is_captured else self.step
        self.average = Average(network, self.recipe.average.decay) if self.recipe.average else None
        self.rate = Rate(self.recipe, self.steps)
        self.patience = Patience(self.recipe.stop.patience) if self.recipe.stop else None
        self.progress = Progress()
        view = self.split.view if isinstance(self.split, Lazy) else None
        steps = steps_after(view, self.recipe.augment)
        self.augments = tuple(step for step in steps if not isinstance(step, OfNormalised))
        self.erases = tuple(step for step in steps if isinstance(step, OfNormalised))
        self.mirrored = self._first_mirrored() if AlternatingHFlip() in steps else None
        self.colours = Colours.of(prepared.data.moments) if ColourPCA() in self.recipe.augment else None
        self.batches: Iterator[Batch] = iter(())
        self.began = self.lr = 0.0
        self.loss = torch.zeros(())
        self.readback = Readback()
        if checkpoint is not None:
            self._restore(checkpoint)
            self.listener.resumed()

    def to(self, epoch: int) -> Progress:
        """Trains to the end of an epoch, or until the recipe says stop; see ``fit``."""
        done = len(self.progress.epochs)
        if self.progress.over or done >= epoch:
            return self.progress
        if done and self.average is not None:
            self.average.exchange()
        engine = _engine(self._step, self.hardware)
        engine.add_event_handler(Events.EPOCH_STARTED, self._begin)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._after_step)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._after_epoch)
        if done:
            engine.load_state_dict({"epoch": done, "epoch_length": self.steps, "max_epochs": epoch})
        is_cpu = self.hardware.device.type == "cpu"
        devices, memory = ([], kept()) if is_cpu else ([torch.cuda.current_device()], nullcontext())
        chance = telling_of_chance(self._unrepeatable) if self.recipe.deterministic else nullcontext()
        try:
            with torch.random.fork_rng(devices), memory, chance:
                engine.run(range(self.steps), max_epochs=epoch)
        finally:
            self.step.optimizer.zero_grad()  # gradients of a CUDA graph hold its memory
        if self.average is not None:
            self.average.exchange()
        return self.progress

    def _first_mirrored(self) -> Tensor:
        """Which images ``alternating-hflip`` mirrors in epochs of an odd number; it mirrors the others in the rest."""
        drawn = torch.rand(len(self.split), generator=generator("mirrored", self.prepared.seed)) < 0.5
        return to_device(drawn, self.split.labels.device)

    def _unrepeatable(self, operation: str) -> None:
        message = f"this GPU doesn't compute `{operation}` to the same bits each time"
        help = "it goes on; another training of this seed may end with other weights"
        self.listener.noticed(Diagnostic("W408", message, self.recipe.place("deterministic"), help))

    def _restore(self, checkpoint: Checkpoint) -> None:
        restore(checkpoint, self.network, self.step.optimizer, self.average)
        progress = self.progress = checkpoint.progress
        patience = self.patience.state if self.patience else {}
        if len(progress.epochs) > self.recipe.epochs:
            message = "the checkpoint doesn't fit the recipe: it has more epochs"
            raise RecordError(Diagnostic("V607", message, help="train anew: without --resume"))
        if progress.rate.keys() != self.rate.state.keys() or progress.patience.keys() != patience.keys():
            message = "the checkpoint doesn't fit the recipe: its schedule remembers other things"
            raise RecordError(Diagnostic("V607", message, help="train anew: without --resume"))
        self.rate.restore(progress.rate)
        if self.patience is not None:
            self.patience.restore(progress.patience)

    def _begin(self, engine: Engine) -> None:
        epoch, seed, processes = engine.state.epoch, self.prepared.seed, self.processes
        self.began = time.perf_counter()
        self.network.train()
        order = torch.randperm(len(self.split), generator=generator("order", seed, epoch))
        random_of = partial(generator, "augment", seed, epoch)
        self.batches = training_batches(self.split, order, self.recipe.batch, self.steps, random_of, processes.share)
        # Dropout draws from the global generator of the device and takes no other. Seeded at each epoch,
        # what it draws depends on the epoch alone, not on what ran before in this process.
        torch.manual_seed(random_seed("dropout", seed, epoch, *([] if processes.leads else [processes.rank])))

    def _step(self, engine: Engine, index: int) -> tuple[Tensor, Tensor]:
        """Logits, and the labels that are shown with them: of mixed images those that they have most of."""
        processes, batch = self.processes, next(self.batches)
        self.lr = self.rate(engine.state.iteration - 1)
        self.step.set_rate(self.lr)
        epoch, device, own, weight = engine.state.epoch, self.hardware.device, None, None
        images, labels = self._augmented(batch, epoch), to_device(batch.split.labels, device)
        shown = labels
        if self.recipe.mix:
            images, share = mixed(images, self.recipe.mix, batch.random)
            own, shown = torch.full((), share, device=device), labels if share >= 0.5 else labels.roll(1)
        if processes.count > 1:
            balance = self.step.balance
            counts = None if balance is None else balance[batch.labels.to(balance.device)]
            weight = processes.weight(batch.total, counts)
        if device.type == "cpu":
            logits, self.loss = self.step(images, labels, own, weight, lambda loss: self._check(loss, epoch))
            return logits, shown
        if weight is None:
            logits, self.loss = self.take(images, labels, own)
        else:
            logits, self.loss = self.step(images, labels, own, weight)
        if index % _CHECK_EVERY == 0 and (seen := self.readback.next(self.loss, self.lr)) is not None:
            self._check(seen.value, epoch, lr=seen.lr)
        return logits, shown

    def _augmented(self, batch: Batch, epoch: int) -> Tensor:
        """Its images as the network takes them."""
        images, share, mirrored = to_device(batch.split.images, self.hardware.device), self.processes.share, None
        if self.mirrored is not None:
            mirrored = to_device(self.mirrored[batch.chosen] ^ (epoch % 2 == 0), images.device)
        changed = partial(
            augment, random=batch.random, colours=self.colours, total=batch.total, share=share, mirrored=mirrored
        )
        return changed(self.prepared.normalisation(changed(images, self.augments)), self.erases)

    def _check(self, loss: float, epoch: int, training_loss: float | None = None, lr: float | None = None) -> None:
        """A loss in training, or one in validation behind the ``training_loss`` of the epoch, by a rate of now."""
        if not math.isfinite(loss):
            raise DivergedError(self._diverged(loss, epoch, training_loss, self.lr if lr is None else lr))

    def _diverged(self, loss: float, epoch: int, training_loss: float | None, lr: float) -> Diagnostic:
        recipe = self.recipe
        message = f"the loss became {loss} in epoch {epoch}, at a learning rate of {lr:g}"
        if training_loss is not None:
            message = f"in validation {message}; in training it is {training_loss:.4g}"
            if any(isinstance(typed.node.op, BatchNorm) for typed in self.network.typed.nodes):
                settled = f"batch norm validates by running statistics, here of {epoch * self.steps} steps"
                return Diagnostic("V409", message, recipe.place("batch"), f"{settled}: make steps by a smaller batch")
        entry, help = "optimizer", "train with a lower learning rate, a warm-up, or batch norm"
        drawn = recipe.init.otherwise if isinstance(recipe.init, From) else recipe.init
        if epoch == 1 and drawn is not None and drawn.std is not None:
            entry, help = "init", f"begin with `init he`, by the layers' sizes, or {help}"
        if self.hardware.precision == "bf16":
            help += "; or try `--precision fp32`"
        return Diagnostic("V409", message, recipe.place(entry), help)

    def _after_step(self, engine: Engine) -> None:
        _, labels = cast(tuple[Tensor, Tensor], engine.state.output)
        if self.average is not None:
            self.average.step()
        self.listener.step(len(labels) * self.processes.count, self.loss.item)
        if isinstance(self.take, Captured) and self.take.why_not is not None:
            self.listener.noticed(self.take.why_not)
            self.take = self.step

    def _after_epoch(self, engine: Engine) -> None:
        number, metrics = engine.state.epoch, engine.state.metrics
        self._check(metrics["loss"], number)
        self.processes.same(self.network)
        if self.average is None:
            self._conclude(engine, {})
            return
        with self.average.in_place():
            self.processes.same(self.network)
            self._conclude(engine, self.average.other)

    def _conclude(self, engine: Engine, trained: Mapping[str, Tensor]) -> None:
        """An epoch, by the weights that the network has; beside them are those that are trained, if they are others."""
        number, metrics = engine.state.epoch, engine.state.metrics
        val_loss, val_accuracy, *_ = evaluate(self.network, self.prepared.data.val, self.prepared)
        self._check(val_loss, number, metrics["loss"])
        epoch = Epoch(
            number=number,
            train_loss=metrics["loss"],
            train_accuracy=metrics["accuracy"],
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            lr=self.lr,
            seconds=time.perf_counter() - self.began,
        )
        progress = self.progress
        progress.epochs.append(epoch)
        is_best = epoch.rank > progress.best
        if is_best:
            progress.best, progress.best_epoch = epoch.rank, number
        progress.over = self._over(epoch)
        progress.rate = self.rate.state
        progress.patience = self.patience.state if self.patience else {}
        # First: from it the epoch's other files can be written again.
        self.listener.save(self.step.optimizer, progress, trained)
        self.listener.epoch(epoch, is_best)
        if progress.over:
            engine.terminate()

    def _over(self, epoch: Epoch) -> bool:
        """Whether schedule or early stopping end the training with an epoch."""
        stop = self.recipe.stop
        measured = -epoch.val_loss if stop and stop.measure == "val-loss" else epoch.val_accuracy
        # Each counts this epoch, also where the other ends the training.
        dropped = self.rate.is_over(epoch.number, epoch.val_accuracy)
        waited = self.patience is not None and self.patience.is_spent(measured)
        return dropped or waited


def _engine(step: Callable[..., tuple[Tensor, Tensor]], hardware: Hardware) -> Engine:
    """An engine that sums up the loss and accuracy of what its step gives: logits and labels."""
    engine = Engine(step)
    engine.logger = _quiet
    Accuracy(device=hardware.device).attach(engine, "accuracy")
    Loss(functional.cross_entropy, device=hardware.device).attach(engine, "loss")
    return engine


def _near(split: Images, hardware: Hardware) -> Images:
    """The images on the device, if they are held and small beside its memory."""
    device = hardware.device
    if device.type == "cpu" or isinstance(split, Lazy):
        return split
    small = split.images.nbytes <= _ON_DEVICE * hardware.free()
    return Split(split.images.to(device), split.labels.to(device)) if small else split


def _on(batch: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    return to_device(batch.images, device), to_device(batch.labels, device)
