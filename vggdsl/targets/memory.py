"""How much memory an export or a prediction needs."""

from collections.abc import Iterator
from contextlib import contextmanager

from vggdsl.data.memory import available
from vggdsl.network.infer import TypedGraph
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import bytes_text

_COPIES = 3


def check_use(what: str, typed: TypedGraph | None = None, held: int = 0, needed: int = 0) -> None:
    """Raises ``InputError`` V508 if an export or a prediction needs more than is free.

    That is ``needed`` bytes, or three copies of the weights, of ``typed`` or ``held`` bytes: the network's, and the
    two that ONNX's checker makes; and one layer's values for the three images on which an export is verified: a
    low estimate.
    """
    needed = max(needed, _COPIES * held)
    if typed is not None:
        values = max((t.x.elements + t.shape.elements for t in typed.nodes[1:]), default=0)
        needed = max(needed, _COPIES * 4 * typed.params) + 3 * 4 * values
    free = available()
    if needed > free:
        message = f"{what} needs {bytes_text(needed)} of memory at the least, {bytes_text(free)} are free"
        raise InputError(Diagnostic("V508", message, help="use a machine with more memory"))


@contextmanager
def out_of_memory(what: str) -> Iterator[None]:
    """``InputError`` V508 where an estimate was too low after all."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # the latter is PyTorch's
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        message = f"{what} needs more memory than there is"
        raise InputError(Diagnostic("V508", message, help="use a machine with more memory")) from None
