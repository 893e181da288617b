"""What this version can't train, said before anything starts: nothing in a recipe is passed over."""

from collections.abc import Iterator
from dataclasses import replace

from vggdsl.experiments.schedule import smallest_step
from vggdsl.language.expand import called
from vggdsl.language.lints import ends
from vggdsl.network.ops import BatchNorm
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import (
    DATA_SETS,
    ColourJitter,
    ColourPCA,
    Crop,
    Erase,
    RandomResizedCrop,
    Recipe,
    Scale,
    Steps,
    WarmUp,
)
from vggdsl.spec.recipe.scales import SIZES, training_scales
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, Label, RecipeError, error_of


def refuse(spec: Spec, recipe: Recipe) -> list[Diagnostic]:
    """Gives what looks wrong in a spec; raises the error with everything of a recipe that can't be followed.

    V401 for a network without a recipe that the default one doesn't fit, V407 for entries (V405 for a schedule
    that a flag's epochs don't fit), V408 for a network that it can't train; and the errors that ``spec.check``
    finds, since a network that isn't the paper's isn't worth training. It is a ``RecipeError`` or, say, a
    ``ClaimError`` where all are of one kind.
    """
    findings = [*spec.check(recipe), *_augment(spec, recipe), *_rest(recipe), *_network(spec, recipe)]
    errors = [d for d in findings if d.is_error]
    if errors:
        raise error_of(errors)
    return findings


def _augment(spec: Spec, recipe: Recipe) -> Iterator[Diagnostic]:
    """What a step can't do. Steps up to a view of images, ``scale`` and its ``crop``, work on images of any size."""
    x, steps, is_scaled = spec.typed.input, recipe.augment, training_scales(recipe) is not None
    for i, step in enumerate(steps):
        match step:
            case Scale():
                found = _scale(step, i, x, recipe)
            case Crop():
                found = _crop(step, x, has_view=is_scaled and not any(isinstance(s, Crop) for s in steps[:i]))
            case RandomResizedCrop():
                found = _resized_crop(step, i, x, recipe)
            case ColourJitter():
                found = _jitter(step, i, x, recipe)
            case Erase():
                found = _erase(step, i, x, recipe)
            case ColourPCA() if x.c != 3:
                found = (f"{step} needs an input of 3 channels, not of {x.c}", "remove it")
            case _:
                found = None
        if found is not None:
            message, help = found
            yield Diagnostic("V407", message, recipe.place("augment"), help)


def _scale(step: Scale, index: int, x: Shape, recipe: Recipe) -> tuple[str, str] | None:
    """What is wrong with ``scale``, and how to mend it."""
    crop = recipe.augment[index + 1] if index + 1 < len(recipe.augment) else None
    if index:
        return (f"{step} comes after {recipe.augment[index - 1]}", "let it come first, and once: scale(256) crop(224)")
    if x.h != x.w:
        return (f"{step} for an input of {x.h}x{x.w}: crops are square", "remove it: images are scaled to the input")
    if step.low < x.h:
        what = f"a crop of {crop.size}x{crop.size}" if isinstance(crop, Crop) else f"an input of {x.h}x{x.w}"
        return (f"{step} makes images smaller than {what}", f"scale to {x.h} or more")
    if isinstance(crop, Crop | RandomResizedCrop) or (recipe.data.name in SIZES and step.low == step.high == x.h):
        return None
    return (f"{step} without a crop leaves images that aren't {x.h}x{x.w}", f"write {step} crop({x.h})")


def _crop(step: Crop, x: Shape, *, has_view: bool) -> tuple[str, str] | None:
    size, pad = step.size, step.pad
    if (size, size) != (x.h, x.w):
        help = f"write crop({x.h})" if has_view else f"images have the input's size: write crop({x.h}, pad=4)"
        return (f"a crop of {size}x{size} for an input of {x.h}x{x.w}", help if x.h == x.w else "remove it")
    if not pad and not has_view:
        message = f"images have the input's size: crop({size}) changes nothing"
        return (message, f"write crop({size}, pad=1), or scale({size + size // 8 or 1}) crop({size})")
    if pad > size:
        message = f"{step} pads by more than the crop's size: it may show nothing of the image"
        return (message, f"write crop({size}, pad={size // 8 or 1})")
    return None


def _resized_crop(step: RandomResizedCrop, index: int, x: Shape, recipe: Recipe) -> tuple[str, str] | None:
    if index:
        before = recipe.augment[index - 1]
        help = (
            f"remove {before}: what is cropped is scaled"
            if isinstance(before, Scale)
            else "let it come first, and once"
        )
        return (f"{step} comes after {before}", help)
    if (step.size, step.size) != (x.h, x.w):
        message = f"{step} gives {step.size}x{step.size} for an input of {x.h}x{x.w}"
        return (message, f"write {replace(step, size=x.h)}" if x.h == x.w else "remove it: it is square")
    return None


def _jitter(step: ColourJitter, index: int, x: Shape, recipe: Recipe) -> tuple[str, str] | None:
    if any(isinstance(before, ColourPCA) for before in recipe.augment[:index]):
        return (f"{step} comes after colour-pca, which leaves no pixels of 0 to 255", "let it come before")
    is_grey = x.c == 1 or DATA_SETS[recipe.data.name].is_grey
    if not is_grey or not (step.saturation or step.hue):
        return None
    rest = replace(step, saturation=0.0, hue=0.0)
    help = "remove it" if rest == ColourJitter() else f"write {rest}"
    what = "an input of 1 channel" if x.c == 1 else f"the images of {recipe.data.name}"
    return (f"{what} is grey: it has no saturation and no hue", help)


def _erase(step: Erase, index: int, x: Shape, recipe: Recipe) -> tuple[str, str] | None:
    later = next((after for after in recipe.augment[index + 1 :] if not isinstance(after, Erase)), None)
    if later is not None:
        return (f"{step} comes before {later}, and is done when images are normalised", "let it come last")
    # The smallest rectangle, of a height of sqrt(area * ratio), must be lower and narrower than the image.
    area, (narrow, wide) = step.scale[0] * x.h * x.w, step.ratio
    least, most = area / (x.w - 0.5) ** 2, (x.h - 0.5) ** 2 / area
    if least < most and narrow < most and wide > least:
        return None
    return (f"{step} changes nothing: no such rectangle fits into {x.h}x{x.w}", "let it begin at a smaller share")


def _rest(recipe: Recipe) -> Iterator[Diagnostic]:
    if isinstance(recipe.schedule, WarmUp) and recipe.schedule.epochs >= recipe.epochs:
        message = f"a warm-up of {recipe.schedule.epochs} epochs in a training of {recipe.epochs}"
        yield Diagnostic("V405", message, recipe.place("schedule"), "train longer, or warm up for less")
    schedule = recipe.main_schedule
    if isinstance(schedule, Steps) and schedule.steps[-1][1] < recipe.epochs:
        message = f"the schedule ends with epoch {schedule.steps[-1][1]}, the training with {recipe.epochs}"
        yield Diagnostic("V405", message, recipe.place("schedule"), "add a step, or train less")


def _network(spec: Spec, recipe: Recipe) -> Iterator[Diagnostic]:
    out = spec.typed.output
    if (out.h, out.w) != (1, 1):
        message = f"the network ends in {out}, not in a vector of classes"
        yield Diagnostic("V408", message, help=f"end it with global-avgpool, or with FC-{out.c} softmax")
    for t, _ in ends(spec.typed):
        message = f"the network ends in {t.node.op.kind}, but the loss takes logits"
        help = "remove it, or move it before the classifier"
        yield called(Diagnostic("V408", message, (Label(t.node.span, "behind the classifier"),), help), t.node.calls)
    if not spec.typed.params:
        yield Diagnostic("V408", "the network has no weights to train", help="add a layer, such as FC-10")
    if recipe.batch == 1 and _norms_a_vector(spec):
        yield _one_image(recipe, "batch", "train on batches of 2 or more")


def refuse_images(spec: Spec, recipe: Recipe, count: int) -> None:
    """Raises ``RecipeError`` V408 if the network can't train on that many images."""
    if smallest_step(count, recipe.batch) < 2 and _norms_a_vector(spec):
        raise RecipeError(_one_image(recipe, "data", "train on more images"))


def refuse_processes(spec: Spec, recipe: Recipe, processes: int, train: int, others: int) -> None:
    """Raises ``RecipeError`` V408 if a process would have no image of a step or of an evaluation.

    Where batch norm is of a vector, one image of a step is none.
    """
    step = smallest_step(train, recipe.batch)
    fewest = min(step // 2 if _norms_a_vector(spec) else step, others)
    if processes > 1 and fewest < processes:
        message = f"{processes} processes for a step or a split of {fewest} images"
        help = "start fewer processes, or choose a batch that divides the images"
        raise RecipeError(Diagnostic("V408", message, recipe.place("batch"), help))


def _norms_a_vector(spec: Spec) -> bool:
    norms = (t for t in spec.typed.training_nodes if isinstance(t.node.op, BatchNorm))
    return any((t.shape.h, t.shape.w) == (1, 1) for t in norms)


def _one_image(recipe: Recipe, key: str, help: str) -> Diagnostic:
    return Diagnostic("V408", "batch norm of a vector can't train on batches of one image", recipe.place(key), help)
