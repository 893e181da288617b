"""Images in the rows of a column of Arrow, as `datasets` keeps them: the bytes of files, or where those are."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from vggdsl.data.pictures import Files
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.text.packages import needed

if TYPE_CHECKING:
    from datasets import Dataset

_NOWHERE = "it has neither bytes nor a file on this machine"
_OUTSIDE = "it is a file outside of the set's folder"


@dataclass(frozen=True, eq=False)
class Rows(Files):
    """Images by the numbers of their rows in a ``column`` of bytes, or of bytes and paths.

    ``known`` says since when they are so, and ``part`` of which part of a set they are.
    """

    column: Any
    """A ``ChunkedArray`` of pyarrow, which has no types."""
    part: str
    places: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    """Of the bytes of every row of the column; -1 where there are none."""
    known: bytes
    folders: Sequence[Path]
    """In which a row's file may lie: a row is anybody's, and may name any file of this machine."""

    @classmethod
    def of(
        cls,
        root: Path,
        names: Sequence[str],
        channels: int,
        rows: "Dataset",
        image: str,
        folders: Sequence[Path],
        part: str = "train",
    ) -> "Rows":
        """All of a set. ``root`` and ``names`` are what they are called."""
        with needed():
            from pyarrow import compute, types

        chosen = rows._indices  # of a table of which some rows were chosen, or in another order
        places = np.arange(len(rows)) if chosen is None else chosen.column(0).to_numpy()
        column = rows.data.column(image)
        contents = compute.struct_field(column, "bytes") if types.is_struct(column.type) else column
        lengths = compute.binary_length(contents).fill_null(-1).to_numpy()
        states = [Path(file["filename"]).stat() for file in rows.cache_files]
        known = f"{rows._fingerprint} {[(state.st_size, state.st_mtime_ns) for state in states]} {image}".encode()
        real = [Path(os.path.realpath(folder)) for folder in folders]
        return cls(root, names, channels, column, part, places.astype(np.int64), lengths.astype(np.int64), known, real)

    def size(self, index: int) -> tuple[int, int] | None:
        try:
            return super().size(index)
        except UnreadableImageError:
            return None

    def called(self, index: int) -> str:
        return f"{self.names[index]} of {self.root}"

    def digested_as(self, index: int) -> str:
        """By its part: what its split is called says nothing of the image."""
        return f"{self.part}/{self.names[index].rpartition('/')[2]}"

    def state(self, index: int) -> bytes:
        """Of a row without bytes it is the file's, too, which may change while the row doesn't."""
        of_row = self.known + str(self.places[index]).encode()
        if self.lengths[self.places[index]] >= 0:  # nothing is decoded of Arrow for it
            return of_row
        with suppress(UnreadableImageError):
            if isinstance(file := self.source(index), Path):
                state = file.stat()
                return of_row + f" {state.st_size} {state.st_mtime_ns} ".encode() + os.fsencode(file)
        return of_row

    def content(self, index: int) -> bytes:
        """Raises ``UnreadableImageError`` V530 where there are none, ``OSError``."""
        file = self.source(index)
        return file.read_bytes() if isinstance(file, Path) else file

    def fingerprint(self, index: int) -> bytes:
        return sha256(self.content(index)).digest()

    def length(self, index: int) -> int:
        length = int(self.lengths[self.places[index]])
        if length < 0 and isinstance(file := self.source(index), Path):
            return file.stat().st_size
        return length

    def take(self, indices: Tensor) -> "Rows":
        return replace(self, names=super().take(indices).names, places=self.places[indices.numpy()])

    def source(self, index: int) -> bytes | Path:
        """Raises ``UnreadableImageError`` V530 for a row that has no image on this machine, or of another set."""
        row = self.column[int(self.places[index])].as_py() or {}
        content, path = (row, None) if isinstance(row, bytes) else (row.get("bytes"), row.get("path"))
        if content is not None:
            return bytes(content)
        if path is None or not Path(path).is_absolute() or "\0" in path:
            raise UnreadableImageError(self.called(index), _NOWHERE)
        file = Path(os.path.realpath(path))
        if not any(file.is_relative_to(folder) for folder in self.folders):
            raise UnreadableImageError(
                self.called(index), _OUTSIDE, "a set has the bytes of its images, or their files"
            )
        return file
