"""In what runs differ, in the words of specs and recipes."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from vggdsl.records.run import Run
from vggdsl.spec.layers import layer_table
from vggdsl.spec.recipe import KEYS
from vggdsl.spec.spec import Spec
from vggdsl.text.tables import RowGroup, Table, words


def recipe_table(runs: Sequence[Run]) -> Table | None:
    """The entries in which recipes differ, as they were followed: a row an entry, a column a recipe; None if none do.

    Seeds are no difference.
    """
    recipes = {(run.spec.name, run.recipe.name, run.recipe.digest, run.recipe.epochs): run for run in runs}
    keys = [key for key in KEYS if key != "seeds" and len({run.recipe.written(key) for run in recipes.values()}) > 1]
    if not keys:
        return None
    names = ["-".join(filter(None, (run.spec.name, run.recipe.name))) for run in recipes.values()]
    rows = [[key, *(run.recipe.written(key) for run in recipes.values())] for key in keys]
    return Table(words("entry", *names), [RowGroup(rows)])


def network_differences(one: Spec, other: Spec) -> list[str]:
    """What is otherwise in another network, layer by layer; those that differ in figures alone belong together."""
    sides = _layers(one), _layers(other)
    ours, theirs = ([_FIGURE.sub("#", text) for _, text in side] for side in sides)
    found = list[str]()
    for what, i, i_end, j, j_end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        before, after = sides[0][i:i_end], sides[1][j:j_end]
        if len(before) == len(after):
            pairs = zip(before, after, strict=True)
            found += (f"{name}: {text} instead of {old}" for (_, old), (name, text) in pairs if text != old)
        elif what == "delete":
            found.append(f"without {_told(before)}")
        elif what == "insert":
            found.append(f"with {_told(after)} {f'behind {sides[1][j - 1][0]}' if j else 'first'}")
        else:
            found.append(f"{_told(after)} instead of {_told(before)}")
    return found


_FIGURE = re.compile(r"\d+(\.\d+)?")


def _layers(spec: Spec) -> list[tuple[str, str]]:
    """Name and text of each row of the table of layers; of the input its shape."""
    rows = (row for group in layer_table(spec.network, spec.typed).groups if not group.is_total for row in group.rows)
    return [(row[0], row[1] or row[2]) for row in rows]


def _told(layers: Sequence[tuple[str, str]]) -> str:
    return ", ".join(" ".join(filter(None, layer)) for layer in layers)
