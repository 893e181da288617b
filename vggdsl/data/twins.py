"""Images whose pixels are the same, though their files are not: PNG and BMP of one picture."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np

from vggdsl.data.batches import THREADS
from vggdsl.data.inspection import Digests, number
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy
from vggdsl.data.traits import Traits
from vggdsl.data.unreadable import UnreadableImageError

_SEVERAL = 2


def contents(
    splits: Mapping[str, Lazy], digests: Mapping[str, Digests], traits: Mapping[str, Traits]
) -> dict[str, Digests]:
    """The digests, of files that only differ as files made one: of which two are the same, the pixels are.

    Their sketches tell which may be so, and only these are decoded once more, one for each content.
    """
    found = {name: of.copy() for name, of in digests.items()}
    files = [(name, split.pictures) for name, split in splits.items() if isinstance(split.pictures, Files)]
    by_sketch = dict[int, dict[int, tuple[Files, int]]]()
    for name, pictures in files:
        rows = zip(traits[name]["sketch"].tolist(), digests[name].tolist(), strict=True)
        for i, (sketch, digest) in enumerate(rows):
            if digest:
                by_sketch.setdefault(sketch, {}).setdefault(digest, (pictures, i))
    unsure = {digest: at for alike in by_sketch.values() if len(alike) >= _SEVERAL for digest, at in alike.items()}
    if not unsure:
        return found
    with ThreadPoolExecutor(THREADS, "twins") as pool:
        pixels = dict(zip(unsure, pool.map(lambda at: _pixels(*at), unsure.values()), strict=True))
    for name, _ in files:
        chosen = np.flatnonzero(np.isin(digests[name], np.fromiter(unsure, np.uint64)))
        found[name][chosen] = [pixels[int(digest)] or digest for digest in digests[name][chosen]]
    return found


def _pixels(pictures: Files, index: int) -> int:
    """Of an image's size and pixels; 0 where it can't be read any more."""
    with suppress(UnreadableImageError, OSError):
        image = pictures[index]
        digest = hashlib.sha256(repr(image.size).encode())
        digest.update(image.tobytes())
        return number(digest.digest())
    return 0
