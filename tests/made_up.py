"""What runs might have left: results that nobody measured, in records and in specs."""

from dataclasses import replace
from pathlib import Path

from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.result import Result, write_record
from vggdsl.spec.spec import Spec


def result_of(spec: Spec, recipe: str | None = None, **changed: object) -> Result:
    """What a run might have found."""
    by = spec.recipe(recipe)
    plain = Result(
        best=2,
        epochs=by.epochs,
        train_accuracy=0.5,
        val_accuracy=0.6,
        test_accuracy=0.7,
        recipe_name=by.name,
        seed=0,
        precision="fp32",
        device='a "fast" one',
        minutes=1.5,
        deviations=(),
        network=spec.network.graph.digest,
        recipe=by.digest,
        data="0123abcd",
        split="70/10/20",
        scale=8,
        versions={"vggdsl": "0.1.0", "torch": "2.11.0"},
        weights="0123456789abcdef",
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def run_of(spec: Spec, folder: Path, recipe: str | None = None, **changed: object) -> Path:
    """A run's folder, as far as its record goes."""
    folder.mkdir(parents=True)
    (folder / "recipe.json").write_text("{}")
    (folder / "record.arch").write_text(write_record(spec, result_of(spec, recipe, **changed)), encoding="utf-8")
    return folder


def with_blocks(spec: Spec, *results: Result) -> str:
    """The spec's text with the blocks of results."""
    lines = [line for result in results for line in (Line(None), Line(result.block()))]
    return notations.write(Document((*spec.document.lines, *lines)))
