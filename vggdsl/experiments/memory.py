"""How much memory a training needs besides its images."""

from collections.abc import Collection

from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import Input
from vggdsl.spec.recipe import SGD, Recipe
from vggdsl.spec.tuned import tuned
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import bytes_text


class TooLargeError(InputError):
    """V508: a training takes more memory than there is; that of a smaller network may not."""


def training_bytes(typed: TypedGraph, recipe: Recipe, bytes_each: int, processes: int = 1) -> int:
    """Bytes that each process of a training needs at the least: a low estimate, without images and libraries.

    Single-precision weights; gradients and the optimizer's moments (one for SGD with momentum, two for
    Adam) of those that are trained, and their average if the recipe has one; and what the layers from the first trained
    one on store for the backward pass at the process's part of the recipe's batch, in values of ``bytes_each`` (2 under
    bf16, 4 otherwise).
    """
    optimizer, frozen = recipe.optimizer, tuned(recipe, typed).frozen
    moments = bool(optimizer.momentum) if isinstance(optimizer, SGD) else 2
    images = -(-recipe.batch // processes)
    copies = 1 + moments + (recipe.average is not None)
    trained = sum(t.params.learnable for t in typed.training_nodes if t.name not in frozen)
    values = sum(t.activations for t in behind_trained(typed, frozen))
    return 4 * (typed.training_params + trained * copies) + values * images * bytes_each


def behind_trained(typed: TypedGraph, frozen: Collection[str]) -> list[TypedNode]:
    """The nodes that a gradient reaches: those of layers that are trained, and all behind one."""
    reached = dict[str, TypedNode]()
    for t in typed.training_nodes:
        is_trained = bool(t.params.learnable) and t.name not in frozen
        if not isinstance(t.node.op, Input) and (not frozen or is_trained or any(x in reached for x in t.node.inputs)):
            reached[t.name] = t
    return list(reached.values())


def check_training(needed: int, free: int, recipe: Recipe) -> None:
    """Raises ``TooLargeError`` V508 if a training needs more than is free."""
    if needed <= free:
        return
    wanted = f"training at batch {recipe.batch} needs {bytes_text(needed)} of memory at the least"
    message = f"{wanted}, {bytes_text(free)} are free"
    help = "a smaller batch needs less: `--batch`"
    raise TooLargeError(Diagnostic("V508", message, recipe.place("batch"), help))
