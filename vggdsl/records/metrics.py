"""What a training measures at each epoch."""

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
