"""A network with its weights as an ONNX file that is known to compute the same."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, Unpack

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.network.weights import weights_digest
from vggdsl.spec.spec import Spec
from vggdsl.targets.forms import Form, FormOptions
from vggdsl.targets.metadata import AS_WRITTEN, given_in_words, metadata_of, told
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.opsets import oldest_runtime
from vggdsl.targets.overwrite import there_already
from vggdsl.targets.torch import Network, weights_in_place
from vggdsl.targets.verify import Agreement, verify_onnx
from vggdsl.targets.weights_beside import has_beside
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import as_before, hidden
from vggdsl.text.locks import alone


class Written(NamedTuple):
    """What is to be said of a file, or of two: how it and PyTorch agree, and its versions of ONNX."""

    files: tuple[Path, ...]
    """The model, and its weights if they lie beside it."""
    agreement: Agreement
    opset: int
    ir_version: int

    @property
    def oldest_runtime(self) -> str:
        """The first release of onnxruntime that reads it."""
        return oldest_runtime(self.opset)


class Reduce(Protocol):
    """Writes another precision of a network over the file, which findings call ``shown``.

    ``external`` says whether its weights lie beside it.
    """

    def __call__(self, file: Path, shown: str, *, external: bool) -> None: ...


def export_onnx(
    spec: Spec,
    network: Network,
    path: Path,
    *,
    preprocessing: Preprocessing,
    provenance: Mapping[str, str] = MappingProxyType({}),
    force: bool = False,
    shown_as: str | None = None,
    reduce: Reduce | None = None,
    **options: Unpack[FormOptions],
) -> Written:
    """Writes the file in a ``Form``, once the ONNX checker and onnxruntime against PyTorch have found it right.
    With ``reduce`` that is done with the file before it stands at its place; it may raise what it likes.

    Its metadata carry the spec's text, the network's digest, what images must go through, and where the
    weights come from: ``provenance`` with ``weights``, and for those of a run ``recipe`` and ``seed``.
    Raises ``VggdslError`` V511, V520, V521 or V525, and without ``force`` V514 if a file is there by then; what was at
    ``path`` is as it was. Findings call the file ``shown_as``, where its path is none that the user knows.
    """
    form = Form(**options)
    form.check(network.typed)
    preprocessing = replace(preprocessing, in_graph=form.uint8)
    metadata = metadata_of(spec, preprocessing, provenance)
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in spec.name)
    weights = weights_in_place(network)
    model = to_onnx(network.typed, weights, preprocessing=preprocessing, metadata=metadata, name=name, **options)
    model.metadata_props[AS_WRITTEN] = weights_digest(
        {key: value.const_value.numpy() for key, value in model.graph.initializers.items() if value.const_value}
    )
    model.metadata_props["vggdsl.outputs.words"] = given_in_words(model.graph.outputs)
    model.doc_string = told(spec, preprocessing, model.graph.outputs)
    target = Path(os.path.realpath(path))  # unlike resolve, bears links that lead in a circle
    shown = shown_as or str(path)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=hidden(target)) as folder:
            new = Path(folder) / target.name
            save(model, new, external=form.external, shown_as=shown)
            agreement = verify_onnx(new, network, shown_as=shown, preprocessing=preprocessing, **options)
            if reduce is not None:
                reduce(new, shown, external=form.external)
            with alone(target):
                files = _put(Path(folder), target, shown, force)
    except OSError as error:
        raise InputError(Diagnostic("V511", f"can't write {shown}: {error.strerror or error}")) from None
    beside = tuple(path.with_name(file.name) for file in files if file.name != target.name)
    return Written((path, *beside), agreement, model.opset_imports[""], model.ir_version)


def _put(folder: Path, target: Path, shown: str, force: bool) -> list[Path]:
    """Moves all files of a folder beside the target, which is one of them. Raises ``InputError`` V514.

    Weights that lay beside an older target go with it.
    """
    places = {file: target.parent / file.name for file in sorted(folder.iterdir(), reverse=True)}  # the weights first
    if not force and any(place.exists() for place in places.values()):
        raise there_already(shown)
    old = target.with_name(f"{target.name}.data")  # as `save` names it
    is_old = has_beside(target, old)
    if is_old and old in places.values():
        target.replace(folder / "old")  # ended here, it would be read with the weights of another
    for file, place in places.items():
        as_before(file, place)
        file.replace(place)
    if is_old and old not in places.values():
        old.unlink(missing_ok=True)
    return [*places.values()]
