"""CIFAR-10 as its archives unpack, in the binary or the Python version (Krizhevsky 2009)."""

from pathlib import Path
from stat import S_ISREG

import numpy as np
import torch

from vggdsl.errors import Diagnostic, InputError
from vggdsl.files import is_file, is_folder
from vggdsl.recipe import Recipe
from vggdsl.training.memory import place
from vggdsl.training.splits import Split

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BINARY, PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"
IMAGES_A_FILE = 10_000
_TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
_TEST = ("test_batch.bin",)
_RECORD = 1 + 3 * 32 * 32


def read(root: Path, recipe: Recipe, *, download: bool) -> tuple[Split, Split]:
    """The official 50,000 and 10,000 images.

    The binary version is preferred, since it holds no pickles; torchvision reads the Python version,
    once it has checked the sums. Nothing is fetched unless ``download``.

    Raises ``InputError`` V503 if neither is there, V512 if the files aren't what they should be.
    """
    folder = root / PYTHON if download and not _binary(root) else find(root, recipe)
    if folder == root / PYTHON:
        return _read_python(root, True, download), _read_python(root, False, download)
    return read_binary(folder, _TRAIN), read_binary(folder, _TEST)


def find(root: Path, recipe: Recipe) -> Path:
    """The folder of the binary version, else that of the Python version. Raises ``InputError`` V503."""
    found = _binary(root)
    if found is not None:
        return found
    if is_folder(root / PYTHON):
        return root / PYTHON
    message = f"no CIFAR-10 in {root}"
    help = f"looked for {root / BINARY} and {root / PYTHON}; say where with `--data DIR`, or fetch it with `--download`"
    raise InputError(Diagnostic("V503", message, place(recipe, "data"), help))


def _binary(root: Path) -> Path | None:
    return next((folder for folder in (root / BINARY, root) if is_file(folder / _TEST[0])), None)


def read_binary(folder: Path, names: tuple[str, ...]) -> Split:
    """Files of the binary version: records of one byte of label and 3,072 of pixels in C, H, W order."""
    parts = []
    for name in names:
        path = folder / name
        try:
            found = path.stat()
            size = found.st_size if S_ISREG(found.st_mode) else 0  # a pipe is never read
            data = np.fromfile(path, np.uint8) if size == IMAGES_A_FILE * _RECORD else np.empty(0, np.uint8)
        except OSError as error:
            raise InputError(Diagnostic("V512", f"{path}: {error.strerror or error}")) from None
        if data.size != IMAGES_A_FILE * _RECORD:
            message = f"{path} has {size:,} bytes, not {IMAGES_A_FILE * _RECORD:,}"
            raise InputError(Diagnostic("V512", message, help="unpack the archive again"))
        parts.append(data.reshape(-1, _RECORD))
    records = np.concatenate(parts)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        message = f"{folder} has a label {labels.max()}; CIFAR-10's are 0 to 9"
        raise InputError(Diagnostic("V512", message, help="unpack the archive again"))
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32)
    return Split(torch.from_numpy(images), torch.from_numpy(labels))


def _read_python(root: Path, train: bool, download: bool) -> Split:
    from torchvision.datasets import CIFAR10

    try:
        read = CIFAR10(root, train=train, download=download)
    except (RuntimeError, OSError) as error:
        why = str(error).partition("\n")[0]
        message = f"can't {'fetch' if download else 'read'} CIFAR-10 in {root}: {why}"
        raise InputError(Diagnostic("V512", message, help="unpack the archive again, or `--download`")) from None
    images = torch.from_numpy(np.ascontiguousarray(read.data.transpose(0, 3, 1, 2)))
    return Split(images, torch.tensor(read.targets))
