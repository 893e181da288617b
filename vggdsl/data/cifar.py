"""CIFAR-10 and CIFAR-100 as their archives unpack, in the binary or the Python version (Krizhevsky 2009)."""

from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

import numpy as np
import torch
from torch import Tensor

from vggdsl.data.sources import DataSource, Found, Wanted, missing
from vggdsl.spec.recipe import CLASS_NAMES, Recipe
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.packages import needed
from vggdsl.text.printing import first_line

_PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class CifarArchives:
    """A set's two archives. A record of the binary version is bytes of labels, the last of them read, and pixels."""

    title: str
    binary: str
    python: str
    train: tuple[str, ...]
    test: str
    images: tuple[int, int]
    """In each file of ``train``, and in ``test``."""
    label_bytes: int
    classes: tuple[str, ...]

    def read(self, wanted: Wanted) -> Found:
        """50,000 colour photographs, 32x32, to train on; the test split is the official 10,000.

        The binary version is preferred, since it holds no pickles; torchvision reads the Python version,
        once it has checked the sums. Nothing is fetched unless ``wanted.download``.

        Raises ``InputError`` V503 if neither is there, V512 if the files aren't what they should be.
        """
        wanted.check_memory(len(self.train) * self.images[0] + self.images[1], size=_PIXELS)
        root = wanted.root
        fetches = wanted.download and not self._binary(root)
        folder = root / self.python if fetches else self.find(wanted.recipe, root)
        if folder == root / self.python:
            train, test = (self._read_python(root, part, wanted.download) for part in (True, False))
        else:
            train = self._read_binary(folder, self.train, self.images[0])
            test = self._read_binary(folder, (self.test,), self.images[1])
        return Found(self.classes, {"train": wanted.arrays(*train), "test": wanted.arrays(*test)}, val=5000)

    def find(self, recipe: Recipe, root: Path) -> Path:
        """The folder of the binary version, else that of the Python version. Raises ``InputError`` V503."""
        found = self._binary(root)
        if found is not None:
            return found
        if is_folder(root / self.python):
            return root / self.python
        looked = f"looked for {root / self.binary} and {root / self.python}"
        help = f"{looked}; say where with `--data DIR`, or fetch it with `--download`"
        raise missing(recipe, self.title, root, help)

    def _binary(self, root: Path) -> Path | None:
        folders = (root / self.binary, root)
        return next((f for f in folders if is_file(f / self.test) and is_file(f / self.train[0])), None)

    def _read_binary(self, folder: Path, names: tuple[str, ...], count: int) -> tuple[Tensor, Tensor]:
        """Files of the binary version: records of labels and 3,072 bytes of pixels in C, H, W order."""
        parts, record = [], self.label_bytes + _PIXELS
        for name in names:
            path = folder / name
            try:
                found = path.stat()
                size = found.st_size if S_ISREG(found.st_mode) else 0  # a pipe is never read
                data = np.fromfile(path, np.uint8) if size == count * record else np.empty(0, np.uint8)
            except OSError as error:
                raise InputError(Diagnostic("V512", f"{path}: {error.strerror or error}")) from None
            if data.size != count * record:
                message = f"{path} has {size:,} bytes, not {count * record:,}"
                raise InputError(Diagnostic("V512", message, help="unpack the archive again"))
            parts.append(data.reshape(-1, record))
        records = np.concatenate(parts)
        labels = records[:, self.label_bytes - 1].astype(np.int64)
        if labels.max() >= len(self.classes):
            message = f"{folder} has a label {labels.max()}; {self.title}'s are 0 to {len(self.classes) - 1}"
            raise InputError(Diagnostic("V512", message, help="unpack the archive again"))
        images = np.ascontiguousarray(records[:, self.label_bytes :]).reshape(-1, 3, 32, 32)
        return torch.from_numpy(images), torch.from_numpy(labels)

    def _read_python(self, root: Path, train: bool, download: bool) -> tuple[Tensor, Tensor]:
        with needed():
            from torchvision import datasets
        kind = datasets.CIFAR10 if self.python == datasets.CIFAR10.base_folder else datasets.CIFAR100
        try:
            read = kind(root, train=train, download=download)
        except (RuntimeError, OSError) as error:
            message = f"can't {'fetch' if download else 'read'} {self.title} in {root}: {first_line(error)}"
            raise InputError(Diagnostic("V512", message, help="unpack the archive again, or `--download`")) from None
        images = torch.from_numpy(np.ascontiguousarray(read.data.transpose(0, 3, 1, 2)))
        return images, torch.tensor(read.targets)


CIFAR10 = CifarArchives(
    title="CIFAR-10",
    binary="cifar-10-batches-bin",
    python="cifar-10-batches-py",
    train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    test="test_batch.bin",
    images=(10_000, 10_000),
    label_bytes=1,
    classes=CLASS_NAMES["cifar10"],
)
CIFAR100 = CifarArchives(
    title="CIFAR-100",
    binary="cifar-100-binary",
    python="cifar-100-python",
    train=("train.bin",),
    test="test.bin",
    images=(50_000, 10_000),
    label_bytes=2,
    classes=CLASS_NAMES["cifar100"],
)


def source(archive: CifarArchives) -> DataSource:
    return DataSource(archive.read, archive.find, is_fetched=True)
