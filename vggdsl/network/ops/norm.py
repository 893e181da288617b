"""Normalisation."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Implied, Part
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
    passing: ClassVar[bool] = True
    eps: float = 1e-5
    momentum: float = 0.1

    def parts(self, x: Shape) -> tuple[Part, ...]:
        return (
            Part("weight", (x.c,), "weights", 1),
            Part("bias", (x.c,), "biases", 0),
            Part("running_mean", (x.c,), "running", 0),
            Part("running_var", (x.c,), "running", 1),
        )

    def plain(self, x: Shape) -> "BatchNorm":
        return BatchNorm(self.eps)

    @property
    def text(self) -> str:
        """
        >>> BatchNorm(1e-3).text, BatchNorm().text
        ('BN eps=0.001', 'BN')
        """
        eps = f" eps={self.eps:g}" if self.eps != BatchNorm.eps else ""
        return f"BN{eps}" + (f" momentum={self.momentum:g}" if self.momentum != BatchNorm.momentum else "")

    def tell_params(self, x: Shape) -> str:
        p = self.params(x)
        return f"{p.weights:,} gamma + {p.biases:,} beta = {p.learnable:,}, and {p.running:,} running statistics"

    def implied(self) -> tuple[Implied, ...]:
        return Implied("eps", f"eps {self.eps:g}"), Implied("momentum", f"momentum {self.momentum:g}")


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
    passing: ClassVar[bool] = True
    n: int = 5
    k: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75

    @property
    def text(self) -> str:
        return f"LRN n={self.n} k={self.k:g} alpha={self.alpha:g} beta={self.beta:g}"

    def implied(self) -> tuple[Implied, ...]:
        options = (("n", f"{self.n}"), ("k", f"{self.k:g}"), ("alpha", f"{self.alpha:g}"), ("beta", f"{self.beta:g}"))
        return tuple(Implied(key, f"{key} {value}", "Krizhevsky et al. 2012") for key, value in options)
