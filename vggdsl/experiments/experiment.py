"""What is to be trained: a spec and a recipe that were found right, told without torch."""

from dataclasses import dataclass
from functools import cached_property

from vggdsl.experiments.check import refuse
from vggdsl.records.repeat import refuse_unsaid
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError


@dataclass(frozen=True, eq=False)
class Experiment:
    """A spec and the recipe to train it by, a run for each of its seeds. ``of`` makes one that can be trained.

    ``start_digest`` is that of the weights that a record says it began with, ``warnings`` what looks wrong in the spec.
    """

    spec: Spec
    recipe: Recipe
    start_digest: str | None = None
    warnings: tuple[Diagnostic, ...] = ()

    @classmethod
    def of(cls, spec: Spec, recipe: Recipe, start_digest: str | None = None) -> "Experiment":
        """Checks the spec, once and for all. ``recipe`` is one of the spec's, perhaps changed, as ``with_flags`` does.

        Raises ``InputError`` V504 if the spec has no recipe of that name, V406 if a recipe can't say what was changed,
        and what ``refuse`` finds.
        """
        base = spec.recipe(recipe.name)
        if base.name != recipe.name:
            help = f"its recipes: {', '.join(r.name for r in spec.recipes if r.name)}"
            raise InputError(Diagnostic("V504", f"{spec.name} has no recipe without a name", help=help))
        refuse_unsaid(base, recipe)
        return cls(spec, recipe, start_digest, tuple(refuse(spec, recipe)))

    @cached_property
    def base(self) -> Recipe:
        """The spec's own recipe, from which this one may deviate."""
        return self.spec.recipe(self.recipe.name)
