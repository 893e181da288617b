"""What arithmetic can say of a network: the measures that a source's figures are held against."""

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
