"""What a call of `train` is to train, told without torch."""

from dataclasses import dataclass

from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec


@dataclass(frozen=True)
class Job:
    """A spec and the recipe to train it by, a run for each of its seeds.

    ``start`` is the digest of the weights that a record says it began with.
    """

    spec: Spec
    recipe: Recipe
    start: str | None = None
