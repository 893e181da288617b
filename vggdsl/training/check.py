"""What this version can't train, said before anything starts: nothing in a recipe is passed over."""

from collections.abc import Iterator

from vggdsl.errors import Diagnostic, RecipeError
from vggdsl.ops import BatchNorm
from vggdsl.recipe import ColourPCA, Crop, HFlip, Recipe, Scale, Steps, WarmUp
from vggdsl.spec import Spec
from vggdsl.training.data import check_data
from vggdsl.training.loop import smallest_step
from vggdsl.training.memory import place


def refuse(spec: Spec, recipe: Recipe) -> None:
    """Raises ``RecipeError`` with everything of a recipe that this version can't follow.

    V407 for entries (V405 for a schedule that a flag's epochs don't fit), V408 for a network that it
    can't train, V505 for data sets; and the errors that ``spec.check`` finds, since a network that isn't
    the paper's isn't worth training.
    """
    found = [d for d in spec.check() if d.is_error]
    found += [*_augment(spec, recipe), *_rest(recipe), *_network(spec, recipe), *check_data(recipe)]
    if found:
        raise RecipeError(found)


def _cannot(recipe: Recipe, key: str, what: object, help: str) -> Diagnostic:
    return Diagnostic("V407", f"{what} can't be run by this version", place(recipe, key), help)


def _augment(spec: Spec, recipe: Recipe) -> Iterator[Diagnostic]:
    x = spec.typed.input
    for step in recipe.augment:
        match step:
            case Crop(size, pad):
                if (size, size) != (x.h, x.w):
                    message = f"a crop of {size}x{size} for an input of {x.h}x{x.w}"
                    help = f"images are scaled to the input: write crop({x.h}, pad=4)" if x.h == x.w else "remove it"
                    yield Diagnostic("V407", message, place(recipe, "augment"), help)
                elif not pad:
                    message = f"images are scaled to the input: crop({size}) changes nothing"
                    yield Diagnostic("V407", message, place(recipe, "augment"), f"write crop({size}, pad=1)")
                elif pad > size:
                    message = f"{step} pads by more than the crop's size: it may show nothing of the image"
                    yield Diagnostic(
                        "V407", message, place(recipe, "augment"), f"write crop({size}, pad={size // 8 or 1})"
                    )
            case Scale() | ColourPCA():
                yield _cannot(recipe, "augment", step, "it augments by crop and hflip")
            case HFlip():
                pass


def _rest(recipe: Recipe) -> Iterator[Diagnostic]:
    if isinstance(recipe.schedule, WarmUp) and recipe.schedule.epochs >= recipe.epochs:
        message = f"a warm-up of {recipe.schedule.epochs} epochs in a training of {recipe.epochs}"
        yield Diagnostic("V405", message, place(recipe, "schedule"), "train longer, or warm up for less")
    schedule = recipe.schedule.then if isinstance(recipe.schedule, WarmUp) else recipe.schedule
    if isinstance(schedule, Steps) and schedule.steps[-1][1] < recipe.epochs:
        message = f"the schedule ends with epoch {schedule.steps[-1][1]}, the training with {recipe.epochs}"
        yield Diagnostic("V405", message, place(recipe, "schedule"), "add a step, or train less")


def _network(spec: Spec, recipe: Recipe) -> Iterator[Diagnostic]:
    out = spec.typed.output
    if (out.h, out.w) != (1, 1):
        message = f"the network ends in {out}, not in a vector of classes"
        yield Diagnostic("V408", message, help=f"end it with global-avgpool, or with FC-{out.c} softmax")
    if not spec.typed.params:
        yield Diagnostic("V408", "the network has no weights to train", help="add a layer, such as FC-10")
    if recipe.batch == 1 and _norms_a_vector(spec):
        yield _one_image(recipe, "batch", "train on batches of 2 or more")


def refuse_images(spec: Spec, recipe: Recipe, count: int) -> None:
    """Raises ``RecipeError`` V408 if the network can't train on that many images."""
    if smallest_step(count, recipe.batch) < 2 and _norms_a_vector(spec):
        raise RecipeError(_one_image(recipe, "data", "train on more images"))


def _norms_a_vector(spec: Spec) -> bool:
    norms = (t for t in spec.typed.training_nodes if isinstance(t.node.op, BatchNorm))
    return any((t.shape.h, t.shape.w) == (1, 1) for t in norms)


def _one_image(recipe: Recipe, key: str, help: str) -> Diagnostic:
    return Diagnostic("V408", "batch norm of a vector can't train on batches of one image", place(recipe, key), help)
