"""What a training goes on from, and the network that it starts with."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch

from vggdsl.data.chance import generator
from vggdsl.data.normalisation import Normalisation
from vggdsl.experiments.checkpoint import Checkpoint
from vggdsl.experiments.first import First, init_of
from vggdsl.records.runfolder import Planned, Start
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import Network, initialise, load_weights, weights, without_weights
from vggdsl.text.errors import Diagnostic


@dataclass(frozen=True)
class Beginning:
    """What a training goes on from: weights that there were, or its own checkpoint. ``notes`` say whose weights these
    are, and what a user should know of the checkpoint; ``added`` are epochs that a run that had ended goes on for."""

    first: First | None = None
    start: Start = field(default_factory=Start)
    checkpoint: Checkpoint | None = None
    notes: tuple[str, ...] = ()
    added: int = 0

    @classmethod
    def of(cls, first: First | None) -> "Beginning":
        """Weights that there were, if any."""
        return cls() if first is None else cls(first, first.start, notes=first.notes)

    @classmethod
    def again(
        cls, planned: Planned, first: First | None, checkpoint: Checkpoint | None, notes: Iterable[str]
    ) -> "Beginning":
        """Of a run that was interrupted: its checkpoint, or where there is none yet what it began with."""
        return cls(
            first, planned.start, checkpoint, (*notes, *(first.notes if first is not None else ())), planned.added
        )

    def warnings(self, spec: Spec, recipe: Recipe, normalisation: Normalisation) -> tuple[Diagnostic, ...]:
        """What looks wrong in the weights for a training on images that are normalised so."""
        return self.first.warnings(spec, recipe, normalisation) if self.first is not None else ()


def starting_network(spec: Spec, recipe: Recipe, seed: int, first: First | None = None) -> Network:
    """The network before the first step, initialised as the recipe says by the training's own generator.

    Of ``init from(…)`` layers take their weights from ``first``; without it all are initialised by ``init_of``.
    """
    network, init = without_weights(spec.typed), init_of(recipe)
    std = {"std": init.std} if init.std is not None else {}
    initialise(network, init.how, generator=generator("init", seed), **std)
    if first is not None:
        with torch.no_grad():
            load_weights(network, weights(network) | first.taken)
    return network
