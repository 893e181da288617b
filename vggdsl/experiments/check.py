"""What a call or its data make untrainable, said before anything starts: nothing in a recipe is passed over."""

from collections.abc import Iterator

from vggdsl.experiments.schedule import smallest_step
from vggdsl.spec.recipe import Recipe, Steps, WarmUp
from vggdsl.spec.spec import Spec
from vggdsl.spec.trainable import norms_a_vector, one_image
from vggdsl.text.errors import Diagnostic, InputError, RecipeError, error_of


def refuse(spec: Spec, recipe: Recipe) -> list[Diagnostic]:
    """Gives what looks wrong in a spec; raises the error with everything of a recipe that can't be followed.

    That is what ``spec.check`` finds where it is trained by the recipe, since a network that isn't the paper's isn't
    worth training either, and V405 for a schedule that a flag's epochs don't fit. It is a ``RecipeError`` or, say, a
    ``ClaimError`` where all are of one kind.
    """
    findings = [*spec.check(recipe), *_schedule(recipe)]
    errors = [d for d in findings if d.is_error]
    if errors:
        raise error_of(errors)
    return findings


def _schedule(recipe: Recipe) -> Iterator[Diagnostic]:
    if isinstance(recipe.schedule, WarmUp) and recipe.schedule.epochs >= recipe.epochs:
        message = f"a warm-up of {recipe.schedule.epochs} epochs in a training of {recipe.epochs}"
        yield Diagnostic("V405", message, recipe.place("schedule"), "train longer, or warm up for less")
    schedule = recipe.main_schedule
    if isinstance(schedule, Steps) and schedule.steps[-1][1] < recipe.epochs:
        message = f"the schedule ends with epoch {schedule.steps[-1][1]}, the training with {recipe.epochs}"
        yield Diagnostic("V405", message, recipe.place("schedule"), "add a step, or train less")


def refuse_images(spec: Spec, recipe: Recipe, count: int) -> None:
    """Raises ``RecipeError`` V408 if the network can't train on that many images."""
    if smallest_step(count, recipe.batch) < 2 and norms_a_vector(spec.typed, recipe):
        raise RecipeError(one_image(recipe, "data", "train on more images"))


def refuse_compiling(recipe: Recipe, processes: int) -> None:
    """Raises ``InputError`` V536 for what isn't compiled: where each bit is to be repeated, or by several processes."""
    help = "`--no-compile` trains without"
    if recipe.deterministic:
        why = "the recipe is `deterministic`, and PyTorch chooses compiled kernels by how fast they are"
        raise InputError(Diagnostic("V536", why, recipe.place("deterministic"), help))
    if processes > 1:
        raise InputError(Diagnostic("V536", f"steps of {processes} processes aren't compiled", help=help))


def refuse_processes(spec: Spec, recipe: Recipe, processes: int, train: int, others: int) -> None:
    """Raises ``RecipeError`` V408 if a process would have no image of a step or of an evaluation.

    Where batch norm is of a vector, or images are mixed with each other, one image of a step is none.
    """
    step = smallest_step(train, recipe.batch)
    fewest = min(step // 2 if recipe.mix or norms_a_vector(spec.typed, recipe) else step, others)
    if processes > 1 and fewest < processes:
        message = f"{processes} processes for a step or a split of {fewest} images"
        help = "start fewer processes, or choose a batch that divides the images"
        raise RecipeError(Diagnostic("V408", message, recipe.place("batch"), help))
