"""Which files of a folder are shards, and what is said of the others that lie beside these."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vggdsl.data.names import is_hidden
from vggdsl.data.shards.index import INDEX
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.units import plural

_ENDING = ".tar"
_PACKED = re.compile(r"\.tar\.(gz|bz2|xz|zst|lz4)$|\.tgz$", re.IGNORECASE)


def is_tar(path: Path) -> bool:
    """Whether a file's name is as a shard's."""
    return path.suffix.lower() == _ENDING


def is_compressed(path: Path) -> bool:
    """Whether a file's name is as a shard's that is compressed as a whole."""
    return bool(_PACKED.search(path.name))


def seen(paths: Iterable[Path]) -> list[Path]:
    """Those that aren't hidden, in order."""
    return sorted(path for path in paths if not is_hidden(path.name))


def tars_below(root: Path) -> Iterator[Path]:
    """All files in a folder, however deep, that are shards by their names, compressed or not; none that is hidden."""
    for path in sorted(root.rglob("*")):
        is_named = is_tar(path) or is_compressed(path)
        if is_named and not path.is_dir() and not any(map(is_hidden, path.relative_to(root).parts)):
            yield path


def passed_over(files: Sequence[Path]) -> list[str]:
    """A note of files of one folder that aren't read; none if there are none."""
    if not files:
        return []
    return [f"{plural(len(files), 'file')} in {files[0].parent} passed over: {files[0].name} is no {_ENDING}"]


def told_beside(root: Path, shards: Iterable[str], recipe: Recipe) -> list[str]:
    """Notes of what lies beside the shards of an index and isn't read.

    Raises ``InputError`` V512 for a shard that the index doesn't have: it may be meant as a part of the set.
    """
    known = {root / name for name in shards}
    other = next((path for path in tars_below(root) if path not in known), None)
    if other is not None:
        help = "take it elsewhere, or pack all images anew: `vggdsl pack DIR -o SHARDS`"
        if other.parent == root:
            help += f"; without {INDEX} all shards are read by the headers in them"
        raise wrong(recipe, f"{other} isn't among the shards of {root / INDEX}", help)
    beside = [path for path in seen(root.iterdir()) if path not in known and path.name != INDEX]
    folders = [f"{path} passed over: it holds no shards" for path in beside if path.is_dir()]
    return passed_over([path for path in beside if not path.is_dir()]) + folders
