"""The measures by which a network is spoken of: what follows from its layers, and what was found of its classes."""

STRUCTURAL = (
    "params",
    "total-params",
    "training-params",
    "non-trainable-params",
    "weights",
    "macs",
    "activations",
    "weight-layers",
    "receptive-field",
    "output",
)
"""What arithmetic can say: a source's figures are held against it."""

OF_A_CLASS = ("precision", "recall", "f1-score")
"""What a classification report prints of each class, and of all on average."""
