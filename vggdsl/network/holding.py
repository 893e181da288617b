"""Where what another network's layers hold isn't what ours do: all that a state dict says."""

from collections.abc import Mapping

from vggdsl.network.comparing import Comparison, compare
from vggdsl.network.foreign import Holds
from vggdsl.network.matching import NormalForm
from vggdsl.network.ordering import Parts, arranged
from vggdsl.network.shapes import Shape


def compare_held(ours: Mapping[str, Parts], theirs: Mapping[str, Parts], *, ordered: bool) -> Comparison:
    """Holds what their layers hold against what ours do, one behind the other; nothing else is known of theirs.

    Without ``ordered`` theirs come in no order, and are arranged as ours are.
    """
    return compare(_in_a_row(ours), _in_a_row(theirs if ordered else arranged(ours, theirs, pairs=False)))


def _in_a_row(held: Mapping[str, Parts]) -> NormalForm:
    form = NormalForm("", Shape(1, 1, 1))
    before = ""
    for name, parts in held.items():
        form.add(name or "an entry", Holds(parts), [before])
        before = name or "an entry"
    return form.finish(before)
