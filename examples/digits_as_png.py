"""Writes scans from scikit-learn's digits as PNG files, to try `vggdsl predict` on.

python examples/digits_as_png.py DIR
"""

import sys
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    for digit in range(10):
        index = next(i for i, label in enumerate(digits.target) if label == digit)
        pixels = (digits.images[index] * 255 / 16).round().astype("uint8")
        Image.fromarray(pixels).save(folder / f"digit_{digit}.png")
    print(f"ten digits in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
