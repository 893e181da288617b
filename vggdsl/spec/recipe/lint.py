"""Warnings: recipes that can be followed, but don't do what they say."""

from collections.abc import Iterator

from vggdsl.spec.recipe.division import begins_too_long_ago, one_step
from vggdsl.spec.recipe.elsewhere import ADAMW_DECAY
from vggdsl.spec.recipe.model import Adam, Plateau, Recipe
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label


def lint_recipe(recipe: Recipe) -> Iterator[Diagnostic]:
    """W403 for a plateau that early stopping comes before: both wait for a better validation accuracy. W405 for a batch
    that is known to be larger than the images to train on. W406 for the decoupled weight decay that isn't said.
    W409 for an average that is known to hold too much of the first weights."""
    yield from one_step(recipe)
    yield from begins_too_long_ago(recipe)
    yield from _no_decay(recipe)
    schedule, stop = recipe.main_schedule, recipe.stop
    if not isinstance(schedule, Plateau) or stop is None or stop.measure != "val-accuracy":
        return
    if stop.patience <= schedule.patience:
        labels = (
            Label(recipe.places["stop"], f"ends it when {stop.patience:,} brought none better"),
            Label(recipe.places["schedule"], f"drops when {schedule.patience:,} brought none better", primary=False),
        )
        longer = f"stop val-accuracy(patience={3 * schedule.patience})"
        wrong = Diagnostic("W403", "the learning rate never drops: the training stops before it", labels)
        yield wrong.helped(f"let it wait longer: `{longer}`", Edit(recipe.places["stop"], longer))


def _no_decay(recipe: Recipe) -> Iterator[Diagnostic]:
    """Other tools decay the weights where nothing is said."""
    optimizer, place = recipe.optimizer, recipe.places.get("optimizer")
    if not isinstance(optimizer, Adam) or not optimizer.decoupled or optimizer.weight_decay:
        return
    if place is None or "weight-decay" not in place.text.lower():  # `weight-decay=0` says it
        usual = f"PyTorch's own is `weight-decay={ADAMW_DECAY['PyTorch']}`, Keras's {ADAMW_DECAY['Keras']}"
        help = f"say it, or that it is `adam`: {usual}"
        yield Diagnostic("W406", "adamw without a weight decay is adam", recipe.place("optimizer"), help)
