"""How many images a recipe trains on and sets aside, as far as that is known without the data."""

from collections.abc import Iterator

from vggdsl.spec.recipe.model import DATA_SETS, FAKE_CLASSES, FAKE_IMAGES, Data, Ema, Recipe
from vggdsl.text.errors import Diagnostic
from vggdsl.text.units import plural


def not_to_be_divided(recipe: Recipe) -> Iterator[Diagnostic]:
    """V512 for counts that a set doesn't have, or that leave none to train on."""
    data, pool = recipe.data, _to_train_on(recipe.data)
    classes = DATA_SETS[data.name].classes or data.classes or FAKE_CLASSES
    if pool is None:
        return
    if data.n is not None and data.name != "fake":  # which draws as many as are asked for, of any number of classes
        if data.n > pool:
            yield more_than_there_are(recipe, pool)
            return
        if data.n < classes:
            yield fewer_than_classes(recipe, classes, max(classes, 1 + _aside(data, usual=1)), pool)
            return
        pool = data.n
    for split, count in (("test", data.test), ("val", data.val)):  # in the order in which they are set aside
        if count is not None and count >= pool:
            help = f"write {split}={pool - 1} or less, or remove it" if pool > 1 else "set fewer aside"
            yield none_left(recipe, split, count, pool, help)
            return
        pool -= count or 0


def more_than_there_are(recipe: Recipe, pool: int) -> Diagnostic:
    """V512 for more images than the ``pool`` of those to train on has."""
    message = f"{recipe.data.n:,} images of {recipe.data.name}, which has {pool:,} to train on"
    return Diagnostic("V512", message, recipe.place("data"), f"write n={pool} or less, or remove it")


def fewer_than_classes(recipe: Recipe, classes: int, least: int, pool: int) -> Diagnostic:
    """V512 for fewer images than classes; ``least`` would do, if the pool has as many."""
    help = f"write n={least} or more" if least <= pool else "remove it"
    return Diagnostic("V512", f"{recipe.data.n:,} images of {classes:,} classes", recipe.place("data"), help)


def none_left(recipe: Recipe, split: str, count: int, pool: int, help: str) -> Diagnostic:
    """V512 for as many set aside as there are, or for none."""
    message = f"{count:,} images for {split} of {pool:,} leave none"
    if not count:
        message = f"{plural(pool, 'image')} to train on, of which none would be set aside for {split}"
    return Diagnostic("V512", message, recipe.place("data"), help)


def one_step(recipe: Recipe, train: int | None = None) -> Iterator[Diagnostic]:
    """W405 for a batch that is larger than the images to train on, but for the usual one: a record writes that out.

    Without their number ``train`` it is told where what is published of the set says enough.
    """
    most = _most_to_train_on(recipe.data)
    if train is not None and most is not None and recipe.batch > most:  # it is told without it
        return
    if train is None and most == 0:  # V512 tells it
        return
    number, at_most = (most, " at most") if train is None else (train, "")
    if number is not None and recipe.batch > number and recipe.batch != Recipe.batch:
        message = f"a batch of {recipe.batch:,} images, of {number:,} to train on{at_most}: an epoch is one step"
        help = "write a smaller batch: the weights change once an epoch"
        yield Diagnostic("W405", message, recipe.place("batch"), help)


def begins_too_long_ago(recipe: Recipe, train: int | None = None) -> Iterator[Diagnostic]:
    """W409 for an average of weights of which the first step's are more than a tenth when the training ends.

    Without the number of images to train on, ``train``, it is told where what is published of the set says enough.
    """
    most = _most_to_train_on(recipe.data)
    steps, known = (
        recipe.epochs * -(-number // recipe.batch) if number else 0 for number in (train if train else most, most)
    )
    if recipe.average is None or not steps or (train is not None and _share_of_first(recipe.average, known) > _MOST):
        return
    share = _share_of_first(recipe.average, steps)
    if share > _MOST:
        taken = f"{plural(steps, 'step')}{' at most' if train is None else ''}"
        message = f"of {recipe.average} the first step's weights are {share:.0%} at the end, after {taken}"
        shorter = Ema(float(f"{1 - float(f'{_SPANS / steps:.1g}'):.12g}")) if steps > 2 * _SPANS else None
        help = f"write {shorter} or less" if shorter else "leave it out"
        help += ", or train for longer: the average is what is evaluated and kept"
        yield Diagnostic("W409", message, recipe.place("average"), help)


def _share_of_first(average: Ema, steps: int) -> float:
    """What the first step's weights are of an average after so many steps; 0 where it isn't known how many."""
    return average.decay ** (steps - 1) if steps else 0.0


_MOST, _SPANS = 0.1, 5
"""The largest share of the first weights, and in how many times 1 / (1 - decay) steps hardly any of them is left."""


def _to_train_on(data: Data) -> int | None:
    """How many images the set has to train on, with those that are set aside of them; None where the data say it."""
    return (data.n or FAKE_IMAGES) if data.name == "fake" else DATA_SETS[data.name].train


def _most_to_train_on(data: Data) -> int | None:
    """No more are trained on; fewer, where a usual number is set aside, too."""
    pool = _to_train_on(data)
    return None if pool is None else max(0, min(pool, data.n or pool) - _aside(data, usual=0))


def _aside(data: Data, usual: int) -> int:
    """How many are set aside, where a usual number is counted as ``usual``."""
    own = DATA_SETS[data.name].splits
    return sum(count or usual for split, count in (("test", data.test), ("val", data.val)) if split not in own)
