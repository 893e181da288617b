"""Classes of which there are more images than of others: what a label counts so that all classes count alike."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import Diagnostic, InputError

UNEVEN = 1.5
"""How many times the images of the smallest class the largest has, where an accuracy alone may mislead. What is drawn
class by class differs by less, unless it is a handful."""
_LISTED = 5


def class_weights(recipe: Recipe, labels: Tensor, classes: Sequence[str]) -> tuple[float, ...] | None:
    """n / (k·m) for each of k classes that m of n ``labels`` to train on are of; None where all count alike.

    It is what scikit-learn calls balanced (King & Zeng 2001). Raises ``InputError`` V512 for a class without images.
    """
    if recipe.loss.class_weights is None:
        return None
    sizes = _sizes(labels, len(classes))
    empty = [name for name, size in zip(classes, sizes, strict=True) if not size]
    if empty:
        listed = ", ".join(empty[:_LISTED]) + (", …" if len(empty) > _LISTED else "")
        message = f"no images to train on of {listed}: no weight balances a class without any"
        help = "add images, take the class away, or leave `class-weights=balanced` out"
        raise InputError(Diagnostic("V512", message, recipe.place("loss"), help))
    return tuple(len(labels) / (len(sizes) * size) for size in sizes)


def are_uneven(labels: Tensor, classes: int) -> bool:
    """Whether the classes differ so much in size that the mean of their recalls says more than the accuracy."""
    sizes = _sizes(labels, classes)
    return max(sizes) > UNEVEN * min(sizes)


def _sizes(labels: Tensor, classes: int) -> list[int]:
    return [int(size) for size in torch.bincount(labels, minlength=classes)]
