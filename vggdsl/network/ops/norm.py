"""Normalisation."""

from dataclasses import dataclass
from typing import ClassVar

from vggdsl.network.ops.facts import Facts, Implied, Part, Unsaid, divisors
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic, ShapeError


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

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        return (Unsaid("epsilon", f"BN {self.eps:g}"),)

    def tell_elsewhere(self, x: Shape) -> str:
        """
        >>> BatchNorm(momentum=0.01).tell_elsewhere(Shape(64, 8, 8))
        'Keras, TensorFlow and Caffe count the other way round: 0.99 there is the momentum 0.01 here'
        """
        theirs = f"{1 - self.momentum:g} there is the momentum {self.momentum:g} here"
        return f"Keras, TensorFlow and Caffe count the other way round: {theirs}"


@dataclass(frozen=True)
class GroupNorm(Facts):
    """Group normalisation: in each image over the positions and channels of each group of channels.

    Spelled: ``GN-32``, ``GN-16 eps=1e-3``.
    Shape:   unchanged.
    Params:  c weights (gamma), c biases (beta); no running statistics.
    MACs:    none.
    Raises:  ShapeError V208 if groups don't divide the channels, or hold one value each, which would become 0.
    Source:  Wu & He 2018, arXiv:1803.08494, sec. 3.1.
    Differs: its statistics see the whole map and are left out of receptive fields, as those of all normalisation.

    >>> GroupNorm(32).params(Shape(64, 56, 56))
    Params(weights=64, biases=64, running=0)
    """

    word: ClassVar[str] = "GN"
    nonlinear: ClassVar[bool] = True
    passing: ClassVar[bool] = True
    groups: int
    eps: float = 1e-5

    def out_shape(self, x: Shape) -> Shape:
        if x.c % self.groups:
            message = f"channels ({x.c}) must be divisible by groups ({self.groups})"
            raise ShapeError(Diagnostic("V208", message, help=f"choose groups that divide them: {divisors(x.c)}"))
        if x.elements == self.groups:
            message = f"each group of {self.text} on {x} holds one value, which becomes 0"
            raise ShapeError(Diagnostic("V208", message, help="choose fewer groups, or remove it"))
        return x

    def parts(self, x: Shape) -> tuple[Part, ...]:
        return Part("weight", (x.c,), "weights", 1), Part("bias", (x.c,), "biases", 0)

    @property
    def text(self) -> str:
        return f"GN-{self.groups}" + (f" eps={self.eps:g}" if self.eps != GroupNorm.eps else "")

    def tell_params(self, x: Shape) -> str:
        p = self.params(x)
        return f"{p.weights:,} gamma + {p.biases:,} beta = {p.learnable:,}"

    def implied(self) -> tuple[Implied, ...]:
        return (Implied("eps", f"eps {self.eps:g}"),)

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        return Unsaid("groups", f"GN-{self.groups}"), Unsaid("epsilon", f"GN {self.eps:g}")


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

    def tell_elsewhere(self, x: Shape) -> str:
        """
        >>> LRN().tell_elsewhere(Shape(64, 8, 8))
        'Caffe and PyTorch divide alpha by n: 0.0005 there is the alpha 0.0001 here'
        """
        return f"Caffe and PyTorch divide alpha by n: {self.alpha * self.n:g} there is the alpha {self.alpha:g} here"
