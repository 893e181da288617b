"""What a training measures at each epoch."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """An epoch's figures, accuracies from 0 to 1.

    The training's are running ones, as the sources' "Train Accuracy": over the epoch's own batches,
    augmented and with dropout, each seen by the weights of its step. The validation's are those of the
    weights at the epoch's end, over images as they are. ``lr`` is the rate of the last step.
    """

    number: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    seconds: float

    @property
    def rank(self) -> tuple[float, float]:
        """Of two epochs that of the higher rank is better: by validation accuracy, and of the many ties that a small
        split has by the lower loss."""
        return self.val_accuracy, -self.val_loss

    @property
    def is_possible(self) -> bool:
        """Whether a training can give such figures: it ends where its loss is no number any more."""
        figures = (self.train_loss, self.val_loss, self.lr, self.seconds)
        shares = (self.train_accuracy, self.val_accuracy)
        return all(math.isfinite(value) and value >= 0 for value in figures) and all(
            0 <= share <= 1 for share in shares
        )
