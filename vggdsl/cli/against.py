"""``vggdsl check --against``: whether another program's model implements a spec."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.language.library import is_folder_of_specs
from vggdsl.spec.recipe import TORCHVISION
from vggdsl.spec.spec import Spec
from vggdsl.text.packages import needed

if TYPE_CHECKING:
    from vggdsl.cli.schemas.specs import Against
    from vggdsl.targets.against import Verdict


def refuse_call(specs: tuple[str, ...], model: str | None, numerically: bool, expect: Path | None) -> None:
    """Raises ``UsageError`` for options that go with nothing."""
    if model is None:
        if numerically or expect is not None:
            raise click.UsageError(f"{'--numerically' if numerically else '--expect'} needs --against MODEL")
        return
    if len(specs) > 1 or is_folder_of_specs(specs[0]):
        raise click.UsageError("--against takes one SPEC")
    if numerically and not (model.lower().endswith(".onnx") or model.startswith(TORCHVISION)):
        raise click.UsageError(f"{model} is weights alone, which can't be run: give --expect X.npz instead")


def held(spec: Spec, model: str, numerically: bool, expect: Path | None) -> "Verdict":
    """Holds a model against a spec; raises as ``targets.against.against``, and V533 for a package that isn't there."""
    with needed():
        from vggdsl.targets.against import against

        return against(spec, model, numerically=numerically, expect=expect)


def lines(verdict: "Verdict", spec: str) -> list[str]:
    """What is said of a model that implements the spec."""
    does = "has the weights of" if verdict.kind == "state-dict" else "implements"
    return [
        f"{verdict.model} {does} {spec}: {verdict.compared}",
        *(f"    not told by it: {text}" for text in verdict.untold),
        *(f"    note: {text}" for text in verdict.said),
        *(f"    outputs: {each}" for each in verdict.held),
    ]


def row(verdict: "Verdict") -> "Against":
    return {
        "model": verdict.model,
        "kind": verdict.kind,
        "implements": verdict.implements,
        "differences": [
            {
                "layer": each.here,
                "there": each.there,
                "behind": each.behind,
                "text": each.text,
                "change": each.change,
                "file": next((label.span.source.name for label in verdict.labels(each)), None),
                "line": next((label.span.line for label in verdict.labels(each)), None),
            }
            for each in verdict.differences
        ],
        "compared": verdict.compared,
        "untold": list(verdict.untold),
        "said": list(verdict.said),
        "outputs": [{"of": each.of, "max_rel": each.max_rel, "images": each.images} for each in verdict.held],
    }
