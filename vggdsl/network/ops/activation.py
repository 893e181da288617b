"""Activation functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

from vggdsl.network.ops.facts import Facts, Implied, Part, Topic, Unsaid
from vggdsl.network.shapes import Shape

Function = Literal[
    "ReLU", "LeakyReLU", "ReLU6", "ELU", "GELU", "SiLU", "hard-swish", "tanh", "sigmoid", "hard-sigmoid"
]  # fmt: skip
FUNCTIONS: tuple[Function, ...] = get_args(Function)
_RECTIFIERS: frozenset[Function] = frozenset({"ReLU", "LeakyReLU", "ReLU6", "ELU", "GELU", "SiLU", "hard-swish"})
CONSTANTS: Mapping[Function, float] = MappingProxyType({"LeakyReLU": 0.01, "ELU": 1.0})
"""What goes where none is written, of the functions that have a constant; also PyTorch's."""


@dataclass(frozen=True)
class Activation(Facts):
    """An activation function, value by value.

    Spelled: ``ReLU``, ``LeakyReLU`` (slope 0.01), ``LeakyReLU-0.1``, ``ReLU6`` (at most 6), ``ELU`` (alpha 1),
             ``ELU-0.5``, ``GELU`` (exact), ``SiLU``, ``hard-swish`` (x ReLU6(x + 3) / 6), ``tanh``, ``sigmoid``,
             ``hard-sigmoid`` (ReLU6(x + 3) / 6).
    Shape:   unchanged.
    Params:  none.
    MACs:    none.
    Source:  ReLU: Krizhevsky et al. 2012, sec. 3.1; ReLU6: Krizhevsky 2010, used by Howard et al. 2017,
             arXiv:1704.04861; LeakyReLU: Maas et al. 2013; ELU: Clevert et al. 2016;
             hard-swish and hard-sigmoid: Howard et al. 2019, arXiv:1905.02244, sec. 5.2.
    Differs: counted as in place, without activations of its own, as CS231n's table does. Keras 2's hard sigmoid
             has the slope 0.2, not 1/6, and its LeakyReLU 0.3. Xu et al. 2015, arXiv:1505.00853, divide by what
             they write: their a = 5.5 is a slope of 0.182.

    >>> Activation("ELU").kind, Activation("ELU", 0.5).text
    ('ELU', 'ELU-0.5')
    """

    word: ClassVar[str] = "activation"
    nonlinear: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    activation: ClassVar[bool] = True
    function: Function
    constant: float | None = None
    """Of those that have one: the slope of LeakyReLU below 0, the alpha of ELU. None for the usual one."""

    def __post_init__(self) -> None:
        """A network is the same whether the usual constant is written or not."""
        if self.constant == CONSTANTS.get(self.function):
            object.__setattr__(self, "constant", None)

    def __repr__(self) -> str:
        """As digests have it: one without a constant is told as it was before there were any."""
        constant = "" if self.constant is None else f", constant={self.constant!r}"
        return f"Activation(function={self.function!r}{constant})"

    @property
    def kind(self) -> str:
        return self.function

    @property
    def rectifier(self) -> bool:
        return self.function in _RECTIFIERS

    @property
    def text(self) -> str:
        """
        >>> Activation("LeakyReLU", 1e-5).text, Activation("LeakyReLU", 0.01).text
        ('LeakyReLU-0.00001', 'LeakyReLU')
        """
        return self.function if self.constant is None else f"{self.function}-{Decimal(repr(self.constant)):f}"

    def implied(self) -> tuple[Implied, ...]:
        if self.function not in CONSTANTS:
            return ()
        name = "slope" if self.function == "LeakyReLU" else "alpha"
        return (Implied("rate", f"{name} {self.constant or CONSTANTS[self.function]:g}"),)

    def unsaid(self, x: Shape) -> tuple[Unsaid, ...]:
        return (Unsaid("activations", self.kind + "".join(f" ({each.text})" for each in self.implied())),)


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
    topic: ClassVar[Topic] = "output"
    nonlinear: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
