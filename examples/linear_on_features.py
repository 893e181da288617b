"""Deep features of classes that a network never saw: a linear classifier on them, beside one on the pixels.

python examples/linear_on_features.py

A network learns to tell the digits 0 to 5 apart. A linear classifier then learns 6 to 9 from five images of each,
and is measured on all others: on what layers of the network give of them, and on their pixels. Which five images
these are is chance: the mean over twenty draws is printed. What the first layers learned serves other digits, too; the
last ones know nothing but the six (Yosinski et al. 2014, "How transferable are features in deep neural networks?").
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import vggdsl

KNOWN, EACH, DRAWS = 6, 5, 20
SPEC = """
input 8x8x1
after conv: BN ReLU
conv3-32 conv3-32 maxpool
conv3-64 conv3-64 maxpool
FC-64 ReLU FC-6 softmax
train {
  data      folder("digits", val=100, test=100)
  augment   crop(8, pad=1)
  batch     32
  optimizer sgd(lr=0.05, momentum=0.9, weight-decay=5e-4)
  schedule  cosine
  precision fp32
  epochs    12
}
"""


def main(folder: Path) -> None:
    digits: Any = load_digits()
    images = [Image.fromarray((image * 255 / 16).astype(np.uint8)) for image in digits.images]
    unseen, labels = list[Image.Image](), list[int]()
    for i, (image, label) in enumerate(zip(images, digits.target.tolist(), strict=True)):
        if label < KNOWN:
            path = folder / "digits" / str(label) / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path)
        else:
            unseen.append(image)
            labels.append(label)
    (folder / "known.arch").write_text(SPEC)
    run = vggdsl.train(vggdsl.load(folder / "known.arch"), data=folder, runs=folder / "runs")
    print(f"the network tells 0 to {KNOWN - 1} apart: {run.result.test_accuracy:.1%} of the test images")
    pixels = np.stack([np.asarray(image) for image in unseen]).astype(np.float32)
    for layer in ("pool1", "pool2", "fc3"):
        tell(layer, vggdsl.features(run, unseen, layer).values, labels)
    tell("pixels", pixels, labels)


def tell(name: str, values: "np.ndarray[Any, np.dtype[np.float32]]", labels: list[int]) -> None:
    """How many of the images a linear classifier tells apart after it has seen ``EACH`` of each class."""
    flat = values.reshape(len(values), -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True).mean()
    shares = []
    for draw in range(DRAWS):
        few = EACH * len(set(labels))
        x, others, y, truth = train_test_split(flat, labels, train_size=few, stratify=labels, random_state=draw)
        classifier: Any = LogisticRegression(C=100, max_iter=2000)  # type: ignore[no-untyped-call]  # scikit-learn's
        shares.append(classifier.fit(x, y).score(others, truth))
    print(f"6 to 9, from {EACH} images of each, by {flat.shape[1]} values of {name}: {np.mean(shares):.1%}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
