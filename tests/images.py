"""Images in files."""

from pathlib import Path

from PIL import Image


def save(path: Path, value: int | tuple[int, int, int] = 0, size: tuple[int, int] = (12, 10)) -> None:
    """A file of one grey or one colour, ``size`` wide and high, in folders that are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if isinstance(value, tuple) else "L", size, value).save(path)
