"""Images in files."""

from pathlib import Path

import numpy as np
from PIL import Image


def save(path: Path, value: int | tuple[int, int, int] = 0, size: tuple[int, int] = (12, 10)) -> None:
    """A file of one grey or one colour, ``size`` wide and high, in folders that are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if isinstance(value, tuple) else "L", size, value).save(path)


def noise(path: Path, seed: int, size: tuple[int, int] = (12, 10)) -> None:
    """A file that is like none of another seed, ``size`` high and wide, in folders that are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.RandomState(seed).randint(0, 256, (*size, 3), np.uint8)).save(path)
