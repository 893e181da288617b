"""A network with its weights as an ONNX file that is known to compute the same."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.spec.spec import Spec
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.torch import Network, weights
from vggdsl.targets.verify import Agreement, verify_onnx
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import hidden


def export_onnx(
    spec: Spec,
    network: Network,
    path: Path,
    *,
    preprocessing: Preprocessing,
    provenance: Mapping[str, str] = MappingProxyType({}),
    fold: bool = True,
    logits: bool = False,
    shown_as: str | None = None,
) -> Agreement:
    """Writes the file, once the ONNX checker and onnxruntime against PyTorch have found it right.

    Its metadata carry the spec's text, the network's digest, what images must go through, and where the
    weights come from: ``provenance`` with ``weights``, and for those of a run ``recipe`` and ``seed``.
    Raises ``VggdslError`` V511, V520 or V521; then what was at ``path`` is as it was. Findings call the
    file ``shown_as``, where its path is none that the user knows.
    """
    metadata = {
        "vggdsl.name": spec.name,
        "vggdsl.spec": spec.text,
        "vggdsl.network": spec.network.graph.digest,
        **{f"vggdsl.{key}": value for key, value in provenance.items()},
        **preprocessing.to_metadata(),
    }
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in spec.name)
    model = to_onnx(network.typed, weights(network), fold=fold, logits=logits, metadata=metadata, name=name)
    target = Path(os.path.realpath(path))  # unlike resolve, bears links that lead in a circle
    shown = shown_as or str(path)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=hidden(target)) as folder:
            new = Path(folder) / target.name
            save(model, new, shown_as=shown)
            agreement = verify_onnx(new, network, shown_as=shown)
            for file in sorted(Path(folder).iterdir(), reverse=True):  # the weights beside it first
                file.replace(target.parent / file.name)
    except OSError as error:
        raise InputError(Diagnostic("V511", f"can't write {shown}: {error.strerror or error}")) from None
    return agreement
