"""Papers' notation for convolutional networks, compiled to PyTorch and ONNX.

>>> import vggdsl
>>> spec = vggdsl.load("vgg_d")
>>> spec.typed.params, spec.typed.macs
(138357544, 15470264320)
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vggdsl.language.library import shipped
from vggdsl.network.graph import Graph, Node
from vggdsl.network.infer import TypedGraph, TypedNode, infer
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec, load, parse, write
from vggdsl.text import caches
from vggdsl.text.errors import (
    ClaimError,
    Diagnostic,
    InputError,
    Label,
    NetworkError,
    ParseError,
    RecipeError,
    RecordError,
    ShapeError,
    VggdslError,
)
from vggdsl.text.packages import needed

if TYPE_CHECKING:
    from vggdsl.experiments.export import export, to_onnx
    from vggdsl.experiments.train import train
    from vggdsl.records.run import Run, load_run
    from vggdsl.records.table import results
    from vggdsl.targets.torch import to_torch

__version__ = "0.1.0"

__all__ = [
    "ClaimError",
    "Diagnostic",
    "Graph",
    "InputError",
    "Label",
    "NetworkError",
    "Node",
    "ParseError",
    "Recipe",
    "RecipeError",
    "RecordError",
    "Run",
    "Shape",
    "ShapeError",
    "Spec",
    "TypedGraph",
    "TypedNode",
    "VggdslError",
    "export",
    "infer",
    "load",
    "load_run",
    "parse",
    "results",
    "shipped",
    "to_onnx",
    "to_torch",
    "train",
    "write",
]


def _cache_folder() -> Path | None:
    """The user's, as this system has it or $XDG_CACHE_HOME says; none where platformdirs isn't, as in a browser."""
    try:
        from platformdirs import user_cache_path
    except ModuleNotFoundError:
        return None
    return user_cache_path("vggdsl", appauthor=False)


caches.folder = _cache_folder


_LATER = {
    "Run": "vggdsl.records.run",
    "export": "vggdsl.experiments.export",
    "load_run": "vggdsl.records.run",
    "results": "vggdsl.records.table",
    "to_onnx": "vggdsl.experiments.export",
    "to_torch": "vggdsl.targets.torch",
    "train": "vggdsl.experiments.train",
}
"""Imported when they are asked for: torch takes seconds to import, the front end none."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'vggdsl' has no attribute {name!r}")
    with needed():
        return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
