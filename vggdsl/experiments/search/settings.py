"""What is searched and how, as its folder remembers it: a call that says otherwise doesn't go on with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vggdsl.records.collect import SEARCH
from vggdsl.records.runfolder import Lock
from vggdsl.spec.recipe import KEYS, Recipe
from vggdsl.text.errors import Diagnostic, InputError, RecordError
from vggdsl.text.files import is_file, write_text
from vggdsl.text.printing import shown

SPACE, DATA, WEIGHTS = "space", "data-digest", "weights"
_DIGESTS = {
    SPACE: "its space is another",
    DATA: "its images are others",
    WEIGHTS: "the weights that it begins with are others",
}
"""Settings whose values tell nobody anything."""
_LOCK = ".search.lock"


UNCOMPARED = ("seeds", "checkpoint")
"""Entries of a recipe that don't say what a training by one seed gives."""


def entries(recipe: Recipe) -> dict[str, str]:
    """A recipe as text, entry by entry, by which two are one."""
    return {key: recipe.written(key) for key in KEYS if key not in UNCOMPARED}


def keep(folder: Path, settings: Mapping[str, str]) -> bool:
    """Makes the folder of a search, with its settings; or finds the same ones there, which is told by True.

    Raises ``RecordError`` V613 for those of another search, and for a folder that holds something else; ``InputError``
    V506 if it can't be made.
    """
    path = folder / SEARCH
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [each for each in folder.iterdir() if not each.name.startswith(".")]  # first: another may begin now
        if others and not is_file(path):
            raise _other(folder, "it holds something else")
        with Lock(folder / _LOCK, "-o"):  # of several that begin at once one is the first
            if not is_file(path):
                write_text(path, json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
                return False
        there = json.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"{folder} can't be made: {error.strerror or error}"
        raise InputError(Diagnostic("V506", message, help="say where with `-o DIR`")) from None
    except ValueError:
        raise _other(folder, f"{SEARCH} can't be read") from None
    if there != settings:
        if not isinstance(there, dict) or there.keys() != settings.keys():
            raise _other(folder, f"{SEARCH} says other things than this version writes")
        help = "search in another folder with `-o DIR`, or remove that one; or say what was said there"
        raise _other(folder, "; ".join(_differences(there, settings)), help)
    return True


def kept(folder: Path, key: str) -> str | None:
    """A setting of the search whose folder it is; None where there is none."""
    with suppress(OSError, ValueError, AttributeError):
        said = json.loads((folder / SEARCH).read_text("utf-8")).get(key)
        return said if isinstance(said, str) else None
    return None


def _differences(there: Mapping[str, object], now: Mapping[str, str]) -> Iterator[str]:
    for key, value in now.items():
        if there[key] != value:
            yield _DIGESTS.get(key, f"{key} {shown(str(there[key]))}, now {value}")


def _other(folder: Path, why: str, help: str = "search in another folder with `-o DIR`") -> RecordError:
    return RecordError(Diagnostic("V613", f"{folder} isn't the folder of this search: {why}", help=help))
