"""The weights of a network whose batch normalisations are folded."""

from collections.abc import Sequence

import numpy as np

from vggdsl.network.passes.fold_batch_norm import Fold
from vggdsl.network.weights import Array, Weights


def fold_weights(folds: Sequence[Fold], weights: Weights) -> dict[str, Array]:
    """The weights of a graph with batch normalisations folded from those of the one it was made of.

    Computed in double precision and given in each weight's own: with s = gamma / sqrt(var + eps),
    weight' = s * weight and bias' = s * (bias - mean) + beta. Unfolded weights aren't copied.
    """
    exact: dict[str, Array] = {}
    for fold in folds:
        weight = _double(exact.get(f"{fold.layer}.weight", weights[f"{fold.layer}.weight"]))
        bias = _double(exact.get(f"{fold.layer}.bias", weights.get(f"{fold.layer}.bias", np.zeros(1))))
        gamma, beta, mean, var = (
            _double(weights[f"{fold.norm}.{part}"]) for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(var + fold.eps)
        exact[f"{fold.layer}.weight"] = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        exact[f"{fold.layer}.bias"] = (bias - mean) * scale + beta
    gone = {fold.norm for fold in folds}
    out = {name: array for name, array in weights.items() if name.rpartition(".")[0] not in gone}
    for name, array in exact.items():
        out[name] = array.astype(weights[f"{name.rpartition('.')[0]}.weight"].dtype)
    return out


def _double(array: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(array, dtype=np.float64)
