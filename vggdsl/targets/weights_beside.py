"""A model's weights in a file beside it: which they are stands in the model, since those of another may lie there."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

BESIDE = "vggdsl.external"
"""Of a model's metadata: the name of the file, and its digest."""


def described(file: Path) -> str:
    """A file of weights, as it stands in the metadata. Raises ``OSError``."""
    return f"{file.name} sha256={_digest(file)}"


def others_beside(metadata: Mapping[str, str], path: Path) -> str | None:
    """The name of the file beside a model in which other weights lie than the model was written with."""
    name, _, digest = metadata.get(BESIDE, "").rpartition(" sha256=")
    return name if name and _digest(path.with_name(name)) != digest else None


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
