"""What is searched and how, as its folder remembers it: a call that says otherwise doesn't go on with it."""

import json
from collections.abc import Mapping
from pathlib import Path

from vggdsl.records.collect import SEARCH
from vggdsl.records.runfolder import Lock
from vggdsl.text.errors import Diagnostic, InputError, RecordError
from vggdsl.text.files import is_file, write_text

_LOCK = ".search.lock"


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
        differ = [key for key in settings if not isinstance(there, dict) or there.get(key) != settings[key]]
        said = [f"{key} {there.get(key) if isinstance(there, dict) else None}, now {settings[key]}" for key in differ]
        raise _other(folder, "; ".join(said) or f"{SEARCH} says more")
    return True


def _other(folder: Path, why: str) -> RecordError:
    help = "search in another folder with `-o DIR`, or say what was said there"
    return RecordError(Diagnostic("V613", f"{folder} isn't the folder of this search: {why}", help=help))
