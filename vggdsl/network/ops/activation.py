"""Activation functions."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from vggdsl.network.ops.facts import Facts, Implied, Part
from vggdsl.network.shapes import Shape

Function = Literal[
    "ReLU", "LeakyReLU", "ReLU6", "ELU", "GELU", "SiLU", "hard-swish", "tanh", "sigmoid", "hard-sigmoid"
]  # fmt: skip
FUNCTIONS: tuple[Function, ...] = get_args(Function)
_RECTIFIERS: frozenset[Function] = frozenset({"ReLU", "LeakyReLU", "ReLU6", "ELU", "GELU", "SiLU", "hard-swish"})


@dataclass(frozen=True)
class Activation(Facts):
    """An activation function, value by value.

    Spelled: ``ReLU``, ``LeakyReLU`` (slope 0.01), ``ReLU6`` (at most 6), ``ELU`` (alpha 1), ``GELU`` (exact), ``SiLU``,
             ``hard-swish`` (x ReLU6(x + 3) / 6), ``tanh``, ``sigmoid``, ``hard-sigmoid`` (ReLU6(x + 3) / 6).
    Shape:   unchanged.
    Params:  none.
    MACs:    none.
    Source:  ReLU: Krizhevsky et al. 2012, sec. 3.1; ReLU6: Krizhevsky 2010, used by Howard et al. 2017,
             arXiv:1704.04861; ELU: Clevert et al. 2016; hard-swish and hard-sigmoid: Howard et al. 2019,
             arXiv:1905.02244, sec. 5.2.
    Differs: counted as in place, without activations of its own, as CS231n's table does. Keras 2's hard sigmoid
             has the slope 0.2, not 1/6.

    >>> Activation("ELU").kind
    'ELU'
    """

    word: ClassVar[str] = "activation"
    nonlinear: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    activation: ClassVar[bool] = True
    function: Function

    @property
    def kind(self) -> str:
        return self.function

    @property
    def rectifier(self) -> bool:
        return self.function in _RECTIFIERS


@dataclass(frozen=True)
class PReLU(Facts):
    """A ReLU with a slope for negative values that is learned, one for each channel, and begins at 0.25.

    Spelled: ``PReLU``.
    Shape:   unchanged.
    Params:  c weights (the slopes), no biases.
    MACs:    none.
    Source:  He et al. 2015, arXiv:1502.01852, sec. 2.1.
    Differs: weight decay is that of all parameters, where He et al. have none on the slopes; counted as in
             place like the other activations.

    >>> PReLU().params(Shape(64, 56, 56))
    Params(weights=64, biases=0, running=0)
    """

    word: ClassVar[str] = "PReLU"
    nonlinear: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    activation: ClassVar[bool] = True

    @property
    def rectifier(self) -> bool:
        return True

    def parts(self, x: Shape) -> tuple[Part, ...]:
        return (Part("weight", (x.c,), "weights", 0.25),)

    def tell_params(self, x: Shape) -> str:
        return f"{self.params(x).weights:,}, a slope for each channel"

    def implied(self) -> tuple[Implied, ...]:
        return (Implied("slope", "slopes begin at 0.25"),)


@dataclass(frozen=True)
class Softmax(Facts):
    """Softmax over the channels, at the end of a head.

    Spelled: ``softmax``, ``soft-max``.
    Shape:   unchanged.
    Params:  none.
    MACs:    none.
    Source:  Simonyan & Zisserman 2015, sec. 2.1.
    Differs: not in the PyTorch module, whose ``forward`` gives logits; in the ONNX graph if written.

    >>> Softmax().kind
    'softmax'
    """

    word: ClassVar[str] = "softmax"
    nonlinear: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
