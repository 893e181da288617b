"""A linear classifier on what a layer gives of images, beside one on their pixels.

python examples/linear_on_features.py [RUN [LAYER]]          by default of the quickstart, which is trained first

The images are those that the network was tested on and never saw in training. A linear classifier learns to tell odd
digits from even ones on half of them, and is measured on the other half.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import vggdsl
from vggdsl.experiments.device import choose
from vggdsl.experiments.evaluation.candidate import candidate
from vggdsl.experiments.evaluation.features import features


def main(run: vggdsl.Run, layer: str) -> None:
    images = vggdsl.evaluate(run, split="test").images.lazy
    pictures = [images.pictures[i] for i in range(len(images))]
    made = features(candidate(run, say=print), pictures, layer, choose("auto", "fp32"))
    pixels = np.stack([np.asarray(picture) for picture in pictures])
    for name, values in ((made.layer, made.values), ("pixels", pixels)):
        flat = values.reshape(len(values), -1) / np.abs(values).max()
        x, unseen, y, truth = train_test_split(flat, images.labels.numpy() % 2, random_state=0, test_size=0.5)
        classifier: Any = LogisticRegression(max_iter=2000)  # type: ignore[no-untyped-call]  # scikit-learn's
        share = classifier.fit(x, y).score(unseen, truth)
        print(f"odd or even, by {flat.shape[1]} values of {name}: {share:.1%}")


if __name__ == "__main__":
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as runs:
        network = vggdsl.load_run(Path(given[0])) if given else vggdsl.train("quickstart", epochs=10, runs=runs)
        main(network, given[1] if len(given) > 1 else "relu3")
