"""Writes scans from scikit-learn's digits as PNG files: one of each digit, or all of them, a folder a class.

python examples/digits_as_png.py DIR          ten scans, to try `vggdsl predict` on
python examples/digits_as_png.py --all DIR    1,797 scans, to train on as on a folder of your own
"""

import sys
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits


def main(folder: Path, *, everything: bool = False) -> None:
    digits = load_digits()
    seen: dict[int, int] = {}
    for values, label in zip(digits.images, map(int, digits.target), strict=True):
        number = seen[label] = seen.get(label, -1) + 1
        if number and not everything:
            continue
        path = folder / str(label) / f"{number:04}.png" if everything else folder / f"digit_{label}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((values * 255 / 16).round().astype("uint8")).save(path)
    print(f"{sum(seen.values()) + len(seen):,} scans in {folder}" if everything else f"ten digits in {folder}")


if __name__ == "__main__":
    *options, folder = sys.argv[1:]
    main(Path(folder), everything="--all" in options)
