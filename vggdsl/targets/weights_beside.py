"""A model's weights in a file beside it: which they are stands in the model, since those of another may lie there."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from vggdsl.text.packages import needed

BESIDE = "vggdsl.external"
"""Of a model's metadata: the name of the file, and its digest."""


def described(file: Path) -> str:
    """A file of weights, as it stands in the metadata. Raises ``OSError``."""
    return f"{file.name} sha256={_digest(file)}"


def has_beside(model: Path, file: Path) -> bool:
    """Whether a file beside a model is of its weights, as the model says; never of what is no model."""
    if not (file.is_file() and model.is_file()):
        return False
    with needed():
        import onnx
    with suppress(Exception):  # of what is no model, for which protobuf and onnx have errors of their own
        graph = onnx.load(model, load_external_data=False).graph
        said = (entry for one in graph.initializer for entry in one.external_data if entry.key == "location")
        return any(entry.value == file.name for entry in said)
    return False


def others_beside(metadata: Mapping[str, str], path: Path) -> str | None:
    """The name of the file beside a model in which other weights lie than the model was written with.

    None also of a model that another program has written anew, with its weights in itself or in another file.
    """
    name, _, digest = metadata.get(BESIDE, "").rpartition(" sha256=")
    file = path.parent / name
    is_plain = file.name == name and "\0" not in name
    return name if is_plain and has_beside(path, file) and _digest(file) != digest else None


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
