"""Copies of a spec that runs keep: which file was run, since a copy's links are those of that file."""

import json
from collections.abc import Iterable
from pathlib import Path

from vggdsl.language import library
from vggdsl.language.links import Load
from vggdsl.text.files import is_file
from vggdsl.text.source import Source

PLAN = "recipe.json"
"""Of a run: what it was to do."""
SPEC = "spec.arch"
"""Of a run: the spec, exactly as it was run."""
MOST_THREADS = 4096
"""That it may ask for: more are a mistake, and would be tried."""


def copy_in(run: Path) -> Path | None:
    """The spec in a run's folder; None of what is none."""
    return run / SPEC if is_file(run / PLAN) and is_file(run / SPEC) else None


def original_of(path: Path) -> Path | None:
    """The file of the spec that was run, for a path in a run's folder whose plan names it."""
    file = _planned(path, "file")
    return None if file is None else Path(file)


def name_of(path: Path) -> str | None:
    """The name of the spec that was run, likewise."""
    return _planned(path, "spec")


def recipe_in(path: Path) -> str | None:
    """The name of the recipe that was followed, likewise."""
    return _planned(path, "name")


def began_with(path: Path) -> Path | None:
    """What a run took its first weights from, likewise."""
    said = _planned(path, "from", "run")
    return None if said is None else Path(said)


def _planned(path: Path, *keys: str) -> str | None:
    plan = path.parent / PLAN
    library.note(plan)
    try:
        said = json.loads(plan.read_text("utf-8"))
        for key in keys:
            said = said[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return said if isinstance(said, str) and said else None


def loader(source: Source, beside: Iterable[str | Path] = ()) -> Load:
    """What loads the links of a text, as ``library.loader``; those of a run's copy begin at the spec that was run."""
    return library.loader(source, beside, original_of)
