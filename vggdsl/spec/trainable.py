"""What can't be trained so, as the recipe and the network say by themselves: no data and no device are looked at."""

from collections.abc import Iterator
from dataclasses import replace

from vggdsl.language.expand import called
from vggdsl.language.lints import channels_first, how_to_end
from vggdsl.network.heads import flaws
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import BatchNorm
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import (
    DATA_SETS,
    AlternatingHFlip,
    ColourJitter,
    ColourPCA,
    Crop,
    Cutout,
    Erase,
    HFlip,
    OfNormalised,
    RandomResizedCrop,
    Recipe,
    Scale,
    Translate,
    TrivialAugment,
)
from vggdsl.spec.recipe.division import not_to_be_divided
from vggdsl.spec.recipe.scales import SIZES, training_scales
from vggdsl.spec.tuned import tuned
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.facts import OtherInput


def untrainable(typed: TypedGraph) -> Iterator[Diagnostic]:
    """V408 for a network that no recipe can train: it gives no logits of classes, or has no weights."""
    last, out = typed.nodes[-1], typed.output
    if (out.h, out.w) != (1, 1):
        message = f"the network ends in {out}, not in a vector of classes"
        help = f"end it with global-avgpool, or with FC-{out.c} softmax"
        found = Diagnostic("V408", message, (Label(last.node.span, f"gives {out}"),), help)
        yield called(found, last.node.calls)
    for flaw in flaws(typed):
        message = f"the network ends in {flaw.kinds}, but the loss takes logits"
        if flaw.zeros:
            message = f"the network gives {flaw.zeros}"
        labels = flaw.labels("behind the classifier")
        yield called(Diagnostic("V408", message, labels, how_to_end(flaw, typed)), flaw.first.node.calls)
    if not typed.params:
        labels = (Label(last.node.span, "no layer up to here has any"),)
        yield Diagnostic("V408", "the network has no weights to train", labels, "add a layer, such as FC-10")


def not_to_be_followed(recipe: Recipe, typed: TypedGraph) -> Iterator[Diagnostic]:
    """V407 for steps of ``augment`` that can't be done, V408 for a batch or a head that teaches nothing, V512 for an
    input that images don't have, or counts of images that a set doesn't."""
    place = typed.nodes[0].node.span
    turned = channels_first(typed.input, place)
    for wrong in wrong_channels(typed.input, Label(place, f"has {typed.input.c}")):
        yield wrong if turned is None else wrong.helped(turned.help or "", *turned.fixes)
    yield from not_to_be_divided(recipe)
    yield from _wrong_steps(recipe, typed.input)
    if recipe.batch == 1 and recipe.mix:
        message = f"{recipe.mix[0]} of batches of one image: there is none to mix it with"
        yield Diagnostic("V408", message, recipe.place("mix"), "train on batches of 2 or more")
    if recipe.batch == 1 and norms_a_vector(typed, recipe):
        yield one_image(recipe, "batch", "train on batches of 2 or more")
    if typed.output.elements == 1 and DATA_SETS[recipe.data.name].classes is None and recipe.data.classes is None:
        last = typed.nodes[-1].node
        message = "the network gives one value: over one class the loss is always 0"
        help = "end it with a value for each class, such as `FC-2 softmax`"
        yield called(Diagnostic("V408", message, (Label(last.span, "gives one value"),), help), last.calls)


def wrong_channels(x: Shape, *place: Label) -> Iterator[Diagnostic]:
    """V512 for an input that is neither grey nor RGB."""
    if x.c not in (1, 3):
        message = f"images have 1 or 3 channels, the network's input has {x.c}"
        yield Diagnostic("V512", message, place, "write an input such as 32x32x3")


def norms_a_vector(typed: TypedGraph, recipe: Recipe) -> bool:
    """Whether a batch norm is of one value a channel and image, which a batch of one image gives no deviation; a
    frozen one needs none."""
    vectors = [t for t in typed.training_nodes if isinstance(t.node.op, BatchNorm) and (t.shape.h, t.shape.w) == (1, 1)]
    return bool(vectors) and not {t.name for t in vectors} <= tuned(recipe, typed).frozen


def one_image(recipe: Recipe, key: str, help: str) -> Diagnostic:
    """V408 for steps of one image where batch norm is of a vector; ``key`` is the entry that it comes of."""
    return Diagnostic("V408", "batch norm of a vector can't train on batches of one image", recipe.place(key), help)


def _wrong_steps(recipe: Recipe, x: Shape) -> Iterator[Diagnostic]:
    """V407 for each step of ``augment`` that can't be done for an input of the shape ``x``.

    Steps up to a view of images, ``scale`` and its ``crop``, work on images of any size.
    """
    steps = recipe.augment
    for i, step in enumerate(steps):
        match step:
            case Scale():
                found = _scale(step, i, x, recipe)
            case Crop():
                found = _crop(step, i, x, recipe)
            case RandomResizedCrop():
                found = _resized_crop(step, i, x, recipe)
            case ColourJitter():
                found = _jitter(step, i, x, recipe)
            case Translate():
                found = _translate(step, x)
            case TrivialAugment():
                found = _of_bytes(step, i, recipe)
            case AlternatingHFlip():
                found = _alternating(step, i, recipe)
            case Erase():
                found = _too_early(step, i, recipe) or _erase(step, x)
            case Cutout():
                found = _too_early(step, i, recipe) or _cutout(step, x)
            case ColourPCA() if x.c != 3:
                found = (f"{step} needs an input of 3 channels, not of {x.c}", "remove it")
            case _:
                found = None
        if found is not None:
            message, help = found
            yield Diagnostic("V407", message, recipe.place("augment"), help, OtherInput())


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


def _crop(step: Crop, index: int, x: Shape, recipe: Recipe) -> tuple[str, str] | None:
    size, pad, before = step.size, step.pad, recipe.augment[:index]
    # Of a crop of the input's size: whether it shows a part of an image that is larger.
    mended = replace(recipe, augment=(*before, replace(step, size=x.h)))
    has_view = training_scales(mended) is not None and not any(isinstance(s, Crop) for s in before)
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
    if found := _of_bytes(step, index, recipe):
        return found
    is_grey = x.c == 1 or DATA_SETS[recipe.data.name].is_grey
    if not is_grey or not (step.saturation or step.hue):
        return None
    rest = replace(step, saturation=0.0, hue=0.0)
    help = "remove it" if rest == ColourJitter() else f"write {rest}"
    what = (
        "an input of 1 channel is grey: it has" if x.c == 1 else f"the images of {recipe.data.name} are grey: they have"
    )
    return (f"{what} no saturation and no hue", help)


def _of_bytes(step: ColourJitter | TrivialAugment, index: int, recipe: Recipe) -> tuple[str, str] | None:
    if not any(isinstance(before, ColourPCA) for before in recipe.augment[:index]):
        return None
    return (f"{step} comes after colour-pca, which leaves no pixels of 0 to 255", "let it come before")


def _translate(step: Translate, x: Shape) -> tuple[str, str] | None:
    most = min(x.h, x.w) - 1
    if step.pixels <= most:
        return None
    help = f"write translate({most}) or less" if most else "remove it"
    return (f"{step} shifts by more than the reflection of an image of {x.h}x{x.w} fills", help)


def _alternating(step: AlternatingHFlip, index: int, recipe: Recipe) -> tuple[str, str] | None:
    others = (*recipe.augment[:index], *recipe.augment[index + 1 :])
    other = next((other for other in others if isinstance(other, HFlip | AlternatingHFlip)), None)
    if other is None:
        return None
    return (f"{step} with {other}: every epoch mirrors at random then, or not at all", "keep one of them")


def _too_early(step: OfNormalised, index: int, recipe: Recipe) -> tuple[str, str] | None:
    later = next((after for after in recipe.augment[index + 1 :] if not isinstance(after, OfNormalised)), None)
    if later is None:
        return None
    return (f"{step} comes before {later}, and is done when images are normalised", "let it come last")


def _cutout(step: Cutout, x: Shape) -> tuple[str, str] | None:
    if step.size < 2 * max(x.h, x.w) - 1:
        return None
    return (f"{step} leaves nothing of an image of {x.h}x{x.w}", f"write cutout({max(1, min(x.h, x.w) // 4)})")


def _erase(step: Erase, x: Shape) -> tuple[str, str] | None:
    # A rectangle of so many pixels, of a height of sqrt(area * ratio) and a width of sqrt(area / ratio), is drawn where
    # both round to one pixel at least, and to less than the image's.
    (low, high), (narrow, wide) = (share * x.h * x.w for share in step.scale), step.ratio
    least = 0.25 * max(1, narrow, 1 / wide)
    most = min((x.h - 0.5) * (x.w - 0.5), (x.h - 0.5) ** 2 / narrow, (x.w - 0.5) ** 2 * wide)
    if least < most and low < most and high > least:
        return None
    if low >= most:
        is_thin = wide * x.w < 1 or narrow > x.h  # as wide, or as high, as the image: of no pixel across
        help = "let its ratio come nearer to 1: ratio=0.3..3.3" if is_thin else "let it begin at a smaller share"
        return (f"{step} changes nothing: no such rectangle fits into {x.h}x{x.w}", help)
    help = "remove it" if least >= most else f"let its share end above {least / (x.h * x.w):.2g}"
    return (f"{step} changes nothing: no such rectangle has a pixel of {x.h}x{x.w}", help)
