"""A spec that was recovered from a model, and its weights."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from vggdsl.language.composing.compose import compose
from vggdsl.language.composing.words import Unsayable
from vggdsl.network.matching import NormalForm
from vggdsl.network.weights import Array, check_weights, weight_shapes
from vggdsl.spec.parsing import parse
from vggdsl.spec.spec import Spec
from vggdsl.targets.expected import Expected, Held, hold
from vggdsl.targets.torch import Network, load_weights, without_weights
from vggdsl.targets.weight_files import check_finite
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import replacing
from vggdsl.text.printing import shown
from vggdsl.text.units import plural


class Recovered(NamedTuple):
    """A spec, its weights by the names of its layers, in single precision, and what a user should know of both."""

    spec: Spec
    weights: Mapping[str, Array]
    said: Sequence[str]

    def __repr__(self) -> str:
        return f"Recovered({self.spec!r}, {plural(len(self.weights), 'tensor')}, {plural(len(self.said), 'remark')})"

    @property
    def network(self) -> Network:
        """The spec in PyTorch with these weights, in evaluation."""
        network = without_weights(self.spec.typed.inference)
        load_weights(network, self.weights)
        return network.eval()

    def write_spec(self, path: Path) -> None:
        """Raises ``InputError`` V506 if it can't be written."""
        with replacing(path) as part:
            part.write_text(self.spec.text, encoding="utf-8")

    def write_weights(self, path: Path) -> None:
        """As .safetensors. Raises ``InputError`` V506 if it can't be written."""
        metadata = {"name": self.spec.name, "spec": self.spec.text}
        with replacing(path) as part:
            try:
                save_file({name: np.ascontiguousarray(each) for name, each in self.weights.items()}, part, metadata)
            except SafetensorError as error:  # what it makes of a full disk
                raise OSError(str(error)) from None


class Takes(Protocol):
    """What a model holds for a layer of its form, and a part of it, as an array of that shape."""

    def __call__(self, layer: str, part: str, shape: tuple[int, ...]) -> Array: ...


def recovered(form: NormalForm, model: str, name: str, said: Iterable[str], takes: Takes) -> Recovered:
    """The spec of a model's layers, and the weights that it ``takes`` from the model, called ``model`` in findings.

    Raises ``InputError`` V535 if no spec can say them, V513 if weights aren't finite.
    """
    said = [*said, *_ends(form)]
    if form.heads:
        why = f"it gives {1 + len(form.heads)} outputs, and a network has one in evaluation"
        raise unsayable(model, why, "take the part of it that gives one of them")
    try:
        comments = [f"Recovered from {Path(model).name}.", *(f"{each[0].upper()}{each[1:]}." for each in said)]
        found = compose(form, softmax=form.ends.endswith("softmax"), comments=map(shown, comments))
    except Unsayable as error:
        raise unsayable(model, str(error)) from None
    spec = parse(found.text, f"{name}.arch")
    weights = {
        f"{typed.name}.{part.name}": np.array(takes(found.pairs[typed.name], part.name, part.shape), np.float32)
        for typed in spec.typed.nodes
        for part in typed.node.op.parts(typed.x)
    }
    check_weights(weight_shapes(spec.typed), weights)
    check_finite(model, weights)
    return Recovered(spec, weights, tuple(said))


def _ends(form: NormalForm) -> list[str]:
    if form.ends == "log-softmax":
        return ["it gives logarithms of probabilities, and the spec probabilities"]
    if form.ends == "nothing":
        return ["it gives no probabilities: the spec ends without a softmax, as it does"]
    return []


def unsayable(model: str, why: str, help: str = "") -> InputError:
    help = help or "write that part of it in layers of the language: its page is grammars/README.md"
    return InputError(Diagnostic("V535", f"no spec can be recovered from {shown(model)}: {why}", help=help))


def confirmed(found: Recovered, expected: Expected) -> Held:
    """Holds the outputs of a spec with its weights against those of its model. Raises ``InputError`` V535 if they
    differ by more than rounding: the model does something that its layers don't tell."""
    if not np.isfinite(expected.outputs).all():
        raise unsayable(expected.name, "it gives NaN or infinite values, so that nothing can be compared")
    try:
        return hold(found.network, expected)
    except InputError as error:
        raise unsayable(expected.name, f"its layers are known, and yet {error.diagnostics[0].message}") from None
