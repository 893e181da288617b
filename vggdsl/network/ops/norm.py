"""Normalisation."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Params
from vggdsl.network.shapes import Shape


@dataclass(frozen=True)
class BatchNorm(Facts):
    """Batch normalisation over each channel.

    Spelled: ``BN``, ``BN eps=1e-3 momentum=0.1``.
    Shape:   unchanged.
    Params:  c weights (gamma), c biases (beta); c running means and c running variances.
    MACs:    none.
    Source:  Ioffe & Szegedy 2015.
    Differs: ``momentum`` is the share of the new batch, as in PyTorch; Keras writes 1 - momentum.

    >>> BatchNorm().params(Shape(512, 1, 1))
    Params(weights=512, biases=512, running=1024)
    """

    word: ClassVar[str] = "BN"
    eps: float = 1e-5
    momentum: float = 0.1

    def params(self, x: Shape) -> Params:
        return Params(x.c, x.c, 2 * x.c)


@dataclass(frozen=True)
class LRN(Facts):
    """Local response normalisation across channels.

    Spelled: ``LRN``, ``LRN n=5 k=2 alpha=1e-4 beta=0.75``.
    Shape:   unchanged: x / (k + alpha * sum of x² over n neighbouring channels)^beta.
    Params:  none.
    MACs:    none.
    Source:  Krizhevsky et al. 2012, sec. 3.3.
    Differs: PyTorch and ONNX divide alpha by n; here alpha is Krizhevsky's.

    >>> LRN().params(Shape(64, 224, 224)).total
    0
    """

    word: ClassVar[str] = "LRN"
    nonlinear: ClassVar[bool] = True
    n: int = 5
    k: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75
