"""Each package that isn't installed is told, with how it is installed."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from refusals import refusal

import vggdsl
from vggdsl.text import packages
from vggdsl.text.errors import InputError
from vggdsl.text.packages import EXTRAS, PACKAGES, is_installed, missing, needed, require

PACKAGE = Path(vggdsl.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]


def only(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    """Whatever is installed here, only these modules aren't."""
    monkeypatch.setattr(packages, "is_installed", lambda module: module not in absent)


def names(requirements: list[str]) -> set[str]:
    """Of packages, without versions and what they are for."""
    return {re.split(r"[ >=;\[]", requirement)[0] for requirement in requirements}


def test_every_package_that_the_project_needs_can_be_told() -> None:
    either = {"onnxruntime", "onnxruntime-gpu"}  # one of them is this machine's
    assert names(PROJECT["dependencies"]) - {"click", "lark"} - either == set(PACKAGES.values()) - either
    assert len(either & set(PACKAGES.values())) == 1
    assert {f"vggdsl[{extra}]" for extra in PROJECT["optional-dependencies"]} - {"vggdsl[test]"} == set(EXTRAS.values())


def test_one_that_is_missing_is_told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "sklearn")
    found = missing("sklearn.datasets").diagnostics[0]
    assert found.code == "V533"
    assert found.row.about_call
    assert found.message == "the package scikit-learn isn't installed"
    assert found.help == "`pip install scikit-learn`"


def test_with_one_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "torch", "torchvision", "PIL")
    found = missing("torch").diagnostics[0]
    assert found.message == "the package torch isn't installed"
    others = "with all else that isn't there, `pip install torch pillow torchvision`"
    assert found.help == f"`pip install torch`; {others}"


def test_what_another_package_lacks_is_told() -> None:
    found = missing("google.protobuf").diagnostics[0]
    assert found.message == "the module google.protobuf isn't installed"
    assert found.help == "another package needs it: `pip check` says which"


def test_how_to_do_without_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "wandb")
    found = refusal(lambda: require("wandb", otherwise="`--log none` trains without it"), InputError)
    assert found.help == "`pip install vggdsl[wandb]`; `--log none` trains without it"
    only(monkeypatch)
    require("wandb", otherwise="")


def test_what_is_installed_is_found_without_importing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    assert is_installed("this")
    assert "this" not in sys.modules
    assert not is_installed("no_such_module")
    assert not is_installed("no_such_module.inner")
    monkeypatch.setitem(sys.modules, "this", None)
    assert not is_installed("this")


def test_an_import_that_fails_is_a_finding() -> None:
    with pytest.raises(InputError, match="no_such_module isn't installed"), needed():
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401  # that is the point


@pytest.mark.parametrize("name", ["vggdsl", "vggdsl.no_such_module", None])
def test_a_mistake_of_our_own_stays_one(name: str | None) -> None:
    with pytest.raises(ModuleNotFoundError), needed():
        raise ModuleNotFoundError("no such module", name=name)


# -- every import that may come late tells it


def late(tree: ast.AST, is_needed: bool = False, is_late: bool = False) -> Iterator[ast.stmt]:
    """Imports of these packages within functions that neither ``needed()`` tells nor an ``except`` does without."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Import([ast.alias(module)]) | ast.ImportFrom(str(module)):
                if is_late and not is_needed and module.partition(".")[0] in PACKAGES | EXTRAS:
                    yield node
            case ast.With(items):
                texts = [ast.unparse(item.context_expr) for item in items]
                yield from late(node, is_needed or bool({"needed()", "packages.needed()"} & set(texts)), is_late)
            case ast.Try(_, handlers):
                caught = {ast.unparse(handler.type) for handler in handlers if handler.type is not None}
                yield from late(node, is_needed or "ModuleNotFoundError" in caught, is_late)
            case _:
                yield from late(node, is_needed, is_late or isinstance(node, ast.FunctionDef))


def test_every_late_import_tells_what_is_missing() -> None:
    """But for those of the command line, which tells it of whatever a command imports."""
    seen = []
    for path in sorted(PACKAGE.rglob("*.py")):
        found = list(late(ast.parse(path.read_text("utf-8"))))
        seen += [f"{path.relative_to(PACKAGE)}:{node.lineno}" for node in found if path.parent.name != "cli"]
    assert seen == []


@pytest.mark.parametrize("text", ["import torch", "from torch import nn", "import numpy as np", "import PIL.Image"])
def test_a_late_import_is_found(text: str) -> None:
    assert list(late(ast.parse(f"def f():\n    if True:\n        {text}")))
    assert not list(late(ast.parse(f"def f():\n    with needed():\n        {text}")))
    assert not list(late(ast.parse(text)))
