"""What looks wrong in a training while it runs: it goes on, and learns nothing."""

import math
from collections.abc import Iterator, Sequence

import torch

from vggdsl.experiments.prepare import Prepared
from vggdsl.network.ops import BatchNorm, GroupNorm
from vggdsl.records.metrics import Epoch
from vggdsl.spec.recipe import From, Recipe
from vggdsl.targets.torch import Network
from vggdsl.text.errors import Diagnostic
from vggdsl.text.units import plural

NEAR = 0.01
"""How near, as a share, the loss is to that of guessing."""
FAR = 10
"""Times the loss of guessing, from which on in training and validation the weights have run away."""
EPOCHS, STEPS = 3, 2000
"""For so many epochs in a row, or steps within fewer, a training learns nothing before it is said."""
DEEP = 8
"""Layers with weights, from which on a network hardly trains without normalisation."""


class Watch:
    """Looks at a training after each of its epochs, of so many ``steps`` each."""

    def __init__(self, prepared: Prepared, network: Network, steps: int) -> None:
        self.prepared, self.network = prepared, network
        self.enough = max(1, min(EPOCHS, -(-STEPS // steps)))
        self.classes = network.typed.output.elements
        data = prepared.recipe.data
        self.is_over = self.classes < 2 or bool(data.labels or data.images)  # what is drawn isn't learnt soon

    def after(self, epochs: Sequence[Epoch]) -> Diagnostic | None:
        """What is to be told after the last of the epochs so far, once in a training.

        The weights still have the gradients of the last step.
        """
        if self.is_over:
            return None
        far = self._has_run_away(epochs[-1])
        said = far or _gradient(self.network) or self._guesses(epochs[-self.enough :])
        self.is_over = bool(said)
        if far:
            recipe = self.prepared.recipe
            help = f"the steps are too large: the learning rate is {recipe.lr:g}, try a tenth of it, or a warm-up"
            return Diagnostic("W404", far, recipe.place("optimizer"), help)
        return _found(said, self.prepared, self.network) if said else None

    def _has_run_away(self, last: Epoch) -> str:
        """Whether both losses of an epoch are far beyond that of guessing."""
        guess = math.log(self.classes)
        if min(last.train_loss, last.val_loss) <= FAR * guess:
            return ""
        loss, after = f"{last.train_loss:.4g} in training, {last.val_loss:.4g} in validation", last.number
        return f"after {plural(after, 'epoch')} the loss is {loss}; that of guessing is {guess:.4f}"

    def _guesses(self, epochs: Sequence[Epoch]) -> str:
        """Whether all of these epochs, if they are enough, are those of a network that guesses."""
        if len(epochs) < self.enough:
            return ""
        guess, share = math.log(self.classes), _largest(self.prepared)
        if not self.prepared.recipe.mix and all(abs(epoch.train_loss / guess - 1) <= NEAR for epoch in epochs):
            loss, after = f"{epochs[-1].train_loss:.4f}", plural(epochs[-1].number, "epoch")
            return f"after {after} the loss is {loss}, that of guessing: ln {self.classes} = {guess:.4f}"
        if self.prepared.recipe.average is not None:  # a young one guesses, whatever the weights have learnt
            return ""
        if share < 1 and all(f"{epoch.val_accuracy:.6f}" == f"{share:.6f}" for epoch in epochs):
            return f"the validation accuracy stays {share:.4f}, that of always guessing the largest class"
        return ""


def _largest(prepared: Prepared) -> float:
    """The share that the largest class has of the validation images."""
    counts = torch.bincount(prepared.data.val.labels)
    return float(counts.max() / counts.sum())


def _gradient(network: Network) -> str:
    """What is wrong with the gradient of the last step; empty if nothing is."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    if not gradients:
        return ""
    norm = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g.float()) for g in gradients])))
    if norm == 0:
        return "the gradient is zero: no step changes the weights"
    return "" if math.isfinite(norm) else f"the norm of the gradient is {norm}"


def _found(message: str, prepared: Prepared, network: Network) -> Diagnostic:
    recipe = prepared.recipe
    causes = [*_images(prepared), *_causes(recipe, network)]
    help = f"likely {'; or '.join(causes)}"
    return Diagnostic("W404", message, recipe.place("optimizer"), help)


def _images(prepared: Prepared) -> Iterator[str]:
    if prepared.data.shows_nothing:
        yield "the images, of which many show nothing, as W505 says: look at them first"


def _causes(recipe: Recipe, network: Network) -> Iterator[str]:
    """What keeps such a network from learning, the likeliest first."""
    ops = [t.node.op for t in network.typed.nodes]
    layers = sum(op.weight_layer for op in ops)
    init = recipe.init.otherwise if isinstance(recipe.init, From) else recipe.init
    if init is not None and init.std is not None:
        yield f"the first values: `init {init}` doesn't follow the layers' sizes, `init he` does"
    if layers >= DEEP and not any(isinstance(op, BatchNorm | GroupNorm) for op in ops):
        yield f"{layers} layers with weights and no batch norm: `after conv: BN ReLU`"
    yield f"the learning rate, {recipe.lr:g}: try a tenth of it, or ten times as much"
