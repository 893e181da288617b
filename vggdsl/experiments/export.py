"""A network with weights from anywhere as an ONNX model, and as a file that is known to be right."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Unpack, overload

import onnx_ir as ir

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.exportable import Given, Taken, exportable, other_network, refuse_other_module, taken
from vggdsl.experiments.precision.reduce import Asked, Precision, Reduced, of_drawn, reduction_of
from vggdsl.experiments.workplace import Workplace
from vggdsl.language.library import is_folder_of_specs
from vggdsl.network.infer import TypedGraph
from vggdsl.network.weights import WEIGHT_FILES, Weights, check_weights, weight_shapes
from vggdsl.records.run import Run
from vggdsl.records.trained import Trained, is_run, load_trained
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe import TORCHVISION
from vggdsl.spec.spec import Spec
from vggdsl.targets import onnx
from vggdsl.targets.expected import Expectation
from vggdsl.targets.forms import FormOptions
from vggdsl.targets.memory import check_use, out_of_memory
from vggdsl.targets.overwrite import check_target
from vggdsl.targets.told import Told
from vggdsl.targets.torch import Network, to_torch, weights
from vggdsl.targets.verify import Agreement
from vggdsl.targets.weight_files import check_finite
from vggdsl.text.errors import error_of
from vggdsl.text.kinds import refuse_other_kinds

_NETWORKS = "give a spec, its file, the name of one that ships, or a run"


@overload
def export(
    network: Spec | Run | str | Path,
    path: str | Path,
    *,
    weights: Given = ...,
    force: bool = ...,
    expect: Expectation | None = ...,
    mean: Sequence[float] | None = ...,
    std: Sequence[float] | None = ...,
    shorter_side: int | None = ...,
    classes: Sequence[str] | None = ...,
    precision: Literal["fp32"] = ...,
    **options: Unpack[FormOptions],
) -> Agreement: ...
@overload
def export(
    network: Spec | Run | str | Path,
    path: str | Path,
    *,
    weights: Given = ...,
    force: bool = ...,
    expect: Expectation | None = ...,
    mean: Sequence[float] | None = ...,
    std: Sequence[float] | None = ...,
    shorter_side: int | None = ...,
    classes: Sequence[str] | None = ...,
    precision: Precision | Asked,
    recipe: str | None = ...,
    data: str | Path | None = ...,
    **options: Unpack[FormOptions],
) -> Reduced: ...
def export(
    network: Spec | Run | str | Path,
    path: str | Path,
    *,
    weights: Given = None,
    force: bool = False,
    expect: Expectation | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    shorter_side: int | None = None,
    classes: Sequence[str] | None = None,
    precision: Literal["fp32"] | Precision | Asked = "fp32",
    recipe: str | None = None,
    data: str | Path | None = None,
    **options: Unpack[FormOptions],
) -> Agreement | Reduced:
    """Writes a network as ONNX once the file is known to compute the same; as ``vggdsl export``.

    A run, or the path of one, has its weights; a spec, its file or the name of one that ships takes them from
    ``weights``, without which it is exported as its recipe's first seed would start training. The other keywords are
    the fields of a ``Form``, such as ``fold=False``, ``logits=True`` or ``opset=17``. What stands at ``path`` is
    overwritten by ``force`` alone, by which also weights are used that aren't those of their run's record. What a user
    should know of the weights is a ``UserWarning``.

    ``expect`` holds the network with its weights against outputs that are known: a .npz file, or arrays by name, of an
    ``input`` and the ``output`` that it gave (see ``read_expected``).

    Of weights that don't say what images went through before them, ``mean`` and ``std`` by channel tell it, of pixels
    from 0 to 1 in RGB, with the ``shorter_side`` to which they were scaled; ``classes`` name the outputs.

    With a ``precision``, "fp16" or "int8" or what is ``Asked`` of it, the file is held against single precision on
    images of the recipe, which are looked for in ``data``; of a spec with several recipes one is named by ``recipe``.
    What came of it is given then.

    Raises ``VggdslError``: of what ``check`` finds, V510 for weights of another network, V513 for NaN among them, V604
    for those of another run, V511 and V514 for a path that can't be written or shouldn't be, V525 for a form in which
    the network can't be written or what can't be told of its images, V520 and V521 if the file isn't right after all,
    V522 and V523 if ``expect`` can't be used or isn't what the network gives, V528 for what has no such precision, V529
    for a file that isn't as good by it; then nothing was written. ``TypeError`` for what is no network or no weights,
    an ``expect`` without any, or images in single precision, which needs none.
    """
    refuse_other_kinds(export, locals(), but=("network", "weights", "precision"))
    asked = precision if isinstance(precision, Asked) else Asked(precision) if precision != "fp32" else None
    if asked is None and (recipe is not None or data is not None):
        raise TypeError("a recipe and data are for another precision than fp32")
    spec, given = _with_weights(network, weights, force=force)
    if expect is not None and given is None:
        raise TypeError("random weights give nothing that could be expected: give weights, too")
    if not isinstance(given, Trained):  # a run's spec was checked when it was trained
        wrong = [d for d in spec.check(to_train=False) if d.is_error]
        if wrong:
            raise error_of(wrong)
    if asked is not None and given is None:
        raise of_drawn(spec)
    path = Path(path)
    check_target(path, spec, _file_of(given), force=force, beside=(".data",))
    check_use("exporting", spec.typed)
    notes = list[str]()
    with out_of_memory("exporting"):
        trained = _trained(given, force=force) if asked is not None else None
        told = Told(
            _numbers(mean),
            _numbers(std),
            shorter_side=shorter_side,
            classes=None if classes is None else tuple(classes),
        )
        made = exportable(spec, trained or given, notes.append, force=force, told=told)
        reduction = None
        if asked is not None:
            place = Workplace(None if data is None else Path(data))
            reduction = reduction_of(asked, spec, made, trained, place, notes.append, recipe=recipe, **options)
        for note in notes:
            warnings.warn(note, stacklevel=2)
        if expect is not None:
            made.hold(expect)
        agreement = made.write(spec, path, force=force, reduce=reduction, **options).agreement
    return agreement if reduction is None or reduction.found is None else reduction.found


def _trained(given: Taken, *, force: bool) -> Trained | None:
    """The run whose weights are given, if they are of one."""
    file = _file_of(given)
    if isinstance(given, Trained) or file is None or not is_run(file):
        return given if isinstance(given, Trained) else None
    return load_trained(file, force=force)


def to_onnx(
    network: TypedGraph | Spec | Run | str | Path,
    weights: Given = None,
    *,
    metadata: Mapping[str, str] | None = None,
    name: str = "network",
    **options: Unpack[FormOptions],
) -> ir.Model:
    """The network at inference as an ONNX model; see ``targets.onnx.to_onnx``.

    ``network`` may be a spec, its file, the name of one that ships, a run or its path; ``weights`` are as for
    ``export``, and refused as there. Bytes of a run's images are normalised as its recipe says. Nothing is written,
    verified or said of them: ``export`` does that.
    """
    refuse_other_kinds(to_onnx, locals(), but=("network", "weights"))
    preprocessing: Preprocessing | None = None
    if isinstance(network, TypedGraph):
        if isinstance(given := taken(weights), str | Path):
            raise TypeError("weights from elsewhere are found by a spec, not by a graph alone")
        given = to_torch(network) if given is None else given
        if isinstance(given, Network):
            refuse_other_module(network, given)
        elif isinstance(given, Trained) and given.spec.network.graph.digest != network.graph.digest:
            raise other_network(f"{given.path} trained another network", network.graph, given.spec.network.graph)
        typed, arrays = network, _arrays(given)
        preprocessing = given.preprocessing if isinstance(given, Trained) else None
    else:
        spec, given = _with_weights(network, weights)
        if isinstance(given, Mapping):
            typed, arrays = spec.typed, given
        else:
            found = exportable(spec, given, lambda note: None)
            preprocessing, module = found.preprocessing, found.network
            typed, arrays = module.typed, _arrays(module)  # without heads, where there are no weights for them
    check_weights(weight_shapes(typed), arrays)
    check_finite("the network", arrays)
    return onnx.to_onnx(typed, arrays, preprocessing=preprocessing, metadata=metadata or {}, name=name, **options)


def _with_weights(
    network: Spec | Run | Trained | str | Path, weights: Given, *, force: bool = False
) -> tuple[Spec, Taken]:
    """The spec, and what it takes its weights from: a run, or the path of one, has its own.

    Raises ``TypeError`` if a run is given others, or for what is no network or no weights.
    """
    if isinstance(network, str | Path):
        has_weights = is_folder_of_specs(str(network)) or Path(network).suffix in WEIGHT_FILES
        network = load_trained(Path(network), force=force) if has_weights else load(network)
    if isinstance(network, Spec):
        return network, taken(weights)
    if not isinstance(network, Run | Trained):
        raise TypeError(f"{type(network).__name__} is no network: {_NETWORKS}")
    if weights is not None:
        raise TypeError("weights are for a spec: a run has its own")
    return network.spec, network.trained if isinstance(network, Run) else network


def _numbers(given: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if given is None else tuple(map(float, given))


def _arrays(given: "Weights | Network | Trained") -> Weights:
    return weights(given) if isinstance(given, Network) else given.weights if isinstance(given, Trained) else given


def _file_of(given: Taken) -> Path | None:
    if isinstance(given, Trained):
        return given.path
    return Path(given) if isinstance(given, Path | str) and not str(given).startswith(TORCHVISION) else None
