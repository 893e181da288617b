"""Calls of other tools that read a set of images, as they are pasted into a recipe's `data`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from vggdsl.language.syntax import Arguments
from vggdsl.spec.recipe.elsewhere import DATA_NOTES, NOTES, SETS
from vggdsl.spec.recipe.foreign import Call, Written, number, path
from vggdsl.text.facts import Meant

_FOLDER = Call(
    "folder",
    ("root", "transform", "targettransform"),
    placed={"root": path, "directory": path},
    options={"seed": ("seed", number)},
    notes=DATA_NOTES,
)
_IN_FOLDER = replace(_FOLDER, order=("directory",))


def _set(name: str) -> Call:
    own = {key: (key, number) for key in ("n", "val", "test", "seed")}
    return Call(name, ("root", "train", "transform", "targettransform", "download"), options=own, notes=DATA_NOTES)


def _loaded(arguments: Arguments) -> Meant | None:
    """A published set by its name: `tfds.load("cifar10")`."""
    given = Written(arguments, ("name",))
    said = SETS.get(_plain(given.take("name") or ""))
    return Meant((said,), tuple(given.rest(_NOTES)), is_same=not given.left) if said else None


def _of_hub(arguments: Arguments) -> Meant | None:
    """That of `datasets`, by a published name, that of a kind of files, or the hub's: `load_dataset("OWNER/NAME")`."""
    given = Written(arguments, ("path", "name", "datadir", "datafiles"))
    name = given.take("path") or ""
    if (published := SETS.get(_plain(name))) is not None:
        return Meant((published,), tuple(given.rest(_NOTES)), is_same=not given.left)
    if (files := _FILES.get(_plain(name))) is not None:
        return files.read(given)
    if path(name) is None:
        return None
    config = given.take("name")
    said = f"hf({path(name)}, config={config.strip(_QUOTES)})" if config else f"hf({path(name)})"
    return Meant((said,), tuple(given.rest(_NOTES)), is_same=not given.left)


def _plain(name: str) -> str:
    return re.sub("[-_]", "", name.strip(_QUOTES)).lower()


_QUOTES = "'\""
_NOTES = {**NOTES, **DATA_NOTES}


@dataclass(frozen=True)
class _Files:
    """Files of a kind: which set of ours reads the folder that they lie in, if any, and what is to be said of that."""

    ours: str
    note: str

    def meant(self, arguments: Arguments) -> Meant:
        return self.read(Written(arguments, ("files",)))

    def read(self, given: Written) -> Meant:
        written = given.take(*_WHERE) or ""
        said = f'{self.ours}("{self._folder((path(written) or "").strip(_QUOTES))}")' if self.ours else ""
        files = written.strip(_QUOTES)
        note = self.note if not files or f'{files}"' in said else f"`{files}`: {self.note}"
        return Meant((said,) if said else (), (note, *given.rest(_NOTES)))

    def _folder(self, files: str) -> str:
        """That of files, a folder or a pattern; left open for what is no path on this machine."""
        where = PurePosixPath("DIR" if not files or ":" in files else files)
        folder = str(where.parent if re.search(r"[.*{\[]", where.name.lstrip(".")) else where)
        return f"./{folder}" if self.ours == "hf" and folder[0] not in "./~" else folder


_WHERE = ("files", "datafiles", "datadir", "path", "pathorpaths", "filepathorbuffer", "urls", "datasetpath", "root")
_TABLE = _Files("", '`folder("DIR")` reads a folder with a folder of images for each class, and no table of labels')
_PARQUET = _Files(
    "hf", "it reads all Parquet files of a folder, whose names say the split, as train-00000-of-00002.parquet"
)
_FILES: Mapping[str, _Files] = {
    "parquet": _PARQUET,
    "webdataset": _Files("shards", "it reads all tar files of a folder"),
    "imagefolder": _Files("folder", "it has a folder for each class, or folders train, val and test of such"),
    "arrow": _Files("hf", "it reads the folder that `save_to_disk` of `datasets` wrote"),
    **dict.fromkeys(("csv", "json", "jsonl", "text"), _TABLE),
}
"""As `datasets` calls them."""


READERS: Mapping[str, Callable[[Arguments], Meant | None]] = {
    **{theirs: _set(ours).meant for theirs, ours in SETS.items()},
    **dict.fromkeys(("imagefolder", "datasetfolder"), _FOLDER.meant),
    **dict.fromkeys(("imagedatasetfromdirectory", "flowfromdirectory"), _IN_FOLDER.meant),
    "load": _loaded,
    "loaddataset": _of_hub,
    **{
        word: _FILES[kind].meant
        for kind in ("parquet", "webdataset", "csv", "json", "jsonl", "arrow")
        for word in (kind, f"read{kind}", f"from{kind}")
    },
    "wds": _FILES["webdataset"].meant,
    "loadfromdisk": _FILES["arrow"].meant,
}
"""By the call's word, without `-` and `_`."""
