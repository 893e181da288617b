"""How much memory a training needs besides its images."""

from vggdsl.network.infer import TypedGraph
from vggdsl.spec.recipe import SGD, Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import bytes_text


def training_bytes(typed: TypedGraph, recipe: Recipe, bytes_each: int, processes: int = 1) -> int:
    """Bytes that each process of a training needs at the least: a low estimate, without images and libraries.

    Single-precision weights, gradients and the optimizer's moments (one for SGD with momentum, two for
    Adam), the weights' average if the recipe has one, and what the layers store for the backward pass at the process's
    part of the recipe's batch, in values of ``bytes_each`` (2 under bf16, 4 otherwise).
    """
    optimizer = recipe.optimizer
    moments = bool(optimizer.momentum) if isinstance(optimizer, SGD) else 2
    heads = sum(t.activations for head in typed.heads for t in head.nodes)
    images = -(-recipe.batch // processes)
    copies = 2 + moments + (recipe.average is not None)
    return typed.training_params * 4 * copies + (typed.activations + heads) * images * bytes_each


def check_training(needed: int, free: int, recipe: Recipe) -> None:
    """Raises ``InputError`` V508 if a training needs more than is free."""
    if needed <= free:
        return
    wanted = f"training at batch {recipe.batch} needs {bytes_text(needed)} of memory at the least"
    message = f"{wanted}, {bytes_text(free)} are free"
    help = "a smaller batch needs less: `--batch`"
    raise InputError(Diagnostic("V508", message, recipe.place("batch"), help))
