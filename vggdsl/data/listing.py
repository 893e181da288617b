"""The image files below a folder, and what is passed over among them."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vggdsl.data.formats import SUFFIXES, UNREAD
from vggdsl.data.names import is_hidden, is_named_as_image
from vggdsl.data.unreadable import begins_as_image
from vggdsl.text.units import names_text, plural

_LOOKED_AT, _IN_EACH = 100, 3
"""Files of one ending that are looked into for images, of a set at least, and then still of each folder of it."""
_TEXTS = (".txt", ".json", ".xml", ".csv", ".md", ".html", ".yaml", ".yml")


@dataclass
class PassedOver:
    """How many files below a folder are not read."""

    endings: Counter[str] = field(default_factory=Counter)
    irregular: int = 0
    links: int = 0
    stray: int = 0
    images: Counter[str] = field(default_factory=Counter)
    """Those of ``endings`` that are images, by them or by how the files begin."""
    in_vain: Counter[str] = field(default_factory=Counter)
    """Those that were looked into, and are none; one count for all folders of a set."""

    def within(self) -> "PassedOver":
        """Nothing yet, of a folder of the same set; to be added."""
        return PassedOver(in_vain=self.in_vain)

    def count(self, entry: os.DirEntry[str]) -> None:
        """One that is no image of a class, and no folder."""
        if entry.is_dir():
            self.links += 1
        elif not entry.is_file():
            self.irregular += 1
        elif is_named_as_image(entry.name):
            self.stray += 1
        else:
            ending = Path(entry.name).suffix.lower()[:16]
            self.endings[ending] += 1
            if ending in UNREAD or self._begins_as_image(entry, ending):
                self.images[ending] += 1

    def _begins_as_image(self, entry: os.DirEntry[str], ending: str) -> bool:
        has_none = self.endings[ending] > _IN_EACH and not self.images[ending]
        if ending in _TEXTS or (has_none and self.in_vain[ending] >= _LOOKED_AT):
            return False
        is_image = begins_as_image(Path(entry.path))
        self.in_vain[ending] += not is_image
        return is_image

    def add(self, other: "PassedOver") -> None:
        self.endings += other.endings
        self.images += other.images
        self.irregular += other.irregular
        self.links += other.links
        self.stray += other.stray

    @property
    def others(self) -> str:
        """How many files have which ending."""
        return names_text([f"{n:,} {ending or 'without an ending'}" for ending, n in sorted(self.endings.items())])

    def notes(self, root: Path) -> tuple[str, ...]:
        reasons = (
            (self.stray, "image", "in no class's folder"),
            (self.endings.total(), "file", f"{self.others}; images end in {', '.join(SUFFIXES)}"),
            (self.irregular, "file", "no regular file" if self.irregular == 1 else "no regular files"),
            (self.links, "link", "folders elsewhere"),
        )
        return tuple(f"{plural(n, what)} in {root} passed over: {why}" for n, what, why in reasons if n)


def entries_of(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not is_hidden(entry.name)]


def images_below(folder: Path, passed_over: PassedOver | None = None) -> Iterator[Path]:
    """The image files below a folder; links to folders aren't followed."""
    for entry in entries_of(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from images_below(folder / entry.name, passed_over)
        elif is_named_as_image(entry.name) and entry.is_file():
            yield folder / entry.name
        elif passed_over is not None:
            passed_over.count(entry)


def count_beside(folder: Path, passed_over: PassedOver) -> None:
    """Counts what lies beside folders."""
    for entry in entries_of(folder):
        if not entry.is_dir():
            passed_over.count(entry)


def holds_images(folder: Path) -> bool:
    return next(images_below(folder), None) is not None
