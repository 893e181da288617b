"""The network that a training starts with."""

from vggdsl.recipe import Init, Recipe
from vggdsl.spec import Spec
from vggdsl.targets.torch import Network, initialise, without_weights
from vggdsl.training.augment import generator


def init_of(recipe: Recipe) -> Init:
    """The recipe's init; of one that takes weights from elsewhere what it does for the other layers."""
    return recipe.init if isinstance(recipe.init, Init) else recipe.init.otherwise or Init()


def starting_network(spec: Spec, recipe: Recipe, seed: int) -> Network:
    """The network before the first step, initialised as the recipe says by the training's own generator.

    ``init from(…)`` takes no weights from there: all layers are initialised by ``init_of``. Training
    refuses such a recipe.
    """
    network, init = without_weights(spec.typed), init_of(recipe)
    std = {"std": init.std} if init.std is not None else {}
    initialise(network, init.how, generator=generator("init", seed), **std)
    return network
