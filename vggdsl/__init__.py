"""Papers' notation for convolutional networks, compiled to PyTorch and ONNX.

>>> import vggdsl
>>> spec = vggdsl.load("vgg_d")
>>> spec.typed.params, spec.typed.macs
(138357544, 15470264320)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vggdsl.text import caches

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from vggdsl.drawing.draw import draw
    from vggdsl.experiments.evaluation.evaluate import evaluate
    from vggdsl.experiments.evaluation.features import features
    from vggdsl.experiments.export import export, to_onnx
    from vggdsl.experiments.report.report import report
    from vggdsl.experiments.train import train
    from vggdsl.language.library import shipped
    from vggdsl.network.graph import Graph, Node
    from vggdsl.network.infer import TypedGraph, TypedNode, infer
    from vggdsl.network.shapes import Shape
    from vggdsl.records.hub import eval_results, model_card
    from vggdsl.records.results import results
    from vggdsl.records.run import Run, load_run
    from vggdsl.spec.differences import differences
    from vggdsl.spec.ledger import claims
    from vggdsl.spec.parsing import load, parse, parse_all, write
    from vggdsl.spec.recipe import Recipe
    from vggdsl.spec.spec import Spec
    from vggdsl.targets.against import against
    from vggdsl.targets.recovering.files import from_onnx
    from vggdsl.targets.recovering.modules import from_torch
    from vggdsl.targets.torch import to_torch
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
    "against",
    "claims",
    "differences",
    "draw",
    "eval_results",
    "evaluate",
    "export",
    "features",
    "from_onnx",
    "from_torch",
    "infer",
    "load",
    "load_run",
    "model_card",
    "parse",
    "parse_all",
    "report",
    "results",
    "shipped",
    "to_onnx",
    "to_torch",
    "train",
    "write",
]


def _cache_folder() -> "Path | None":
    """The user's, as this system has it or $XDG_CACHE_HOME says; none where platformdirs isn't, as in a browser."""
    try:
        from platformdirs import user_cache_path
    except ModuleNotFoundError:
        return None
    return user_cache_path("vggdsl", appauthor=False)


caches.folder = _cache_folder


_LATER = {
    "vggdsl.drawing.draw": ("draw",),
    "vggdsl.experiments.evaluation.evaluate": ("evaluate",),
    "vggdsl.experiments.evaluation.features": ("features",),
    "vggdsl.experiments.export": ("export", "to_onnx"),
    "vggdsl.experiments.report.report": ("report",),
    "vggdsl.experiments.train": ("train",),
    "vggdsl.language.library": ("shipped",),
    "vggdsl.network.graph": ("Graph", "Node"),
    "vggdsl.network.infer": ("TypedGraph", "TypedNode", "infer"),
    "vggdsl.network.shapes": ("Shape",),
    "vggdsl.records.hub": ("eval_results", "model_card"),
    "vggdsl.records.results": ("results",),
    "vggdsl.records.run": ("Run", "load_run"),
    "vggdsl.spec.differences": ("differences",),
    "vggdsl.spec.ledger": ("claims",),
    "vggdsl.spec.recipe": ("Recipe",),
    "vggdsl.spec.parsing": ("load", "parse", "parse_all", "write"),
    "vggdsl.spec.spec": ("Spec",),
    "vggdsl.targets.against": ("against",),
    "vggdsl.targets.recovering.files": ("from_onnx",),
    "vggdsl.targets.recovering.modules": ("from_torch",),
    "vggdsl.targets.torch": ("to_torch",),
    "vggdsl.text.errors": (
        "ClaimError",
        "Diagnostic",
        "InputError",
        "Label",
        "NetworkError",
        "ParseError",
        "RecipeError",
        "RecordError",
        "ShapeError",
        "VggdslError",
    ),
}
"""Imported when one of their names is asked for: torch takes seconds, and the front end a fraction of one, in which the
program isn't ready yet to be interrupted."""
_MODULES = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'vggdsl' has no attribute {name!r}")
    from vggdsl.text.packages import needed

    with needed():
        return getattr(import_module(_MODULES[name]), name)


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """What `%load_ext vggdsl` calls; see ``notebook/``."""
    import_module("vggdsl.notebook.extension").load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    import_module("vggdsl.notebook.extension").unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
