"""``vggdsl import MODEL.onnx``: a model of another program, or of this one, as a spec and its weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import echo_json, say
from vggdsl.cli.folders import made, refuse_there
from vggdsl.cli.schemas.specs import Imported
from vggdsl.language.notations import Beside
from vggdsl.text.packages import needed
from vggdsl.text.printing import shown
from vggdsl.text.units import plural

if TYPE_CHECKING:
    from vggdsl.targets.recovering.recovered import Recovered


def is_model(file: str) -> bool:
    return file.lower().endswith(".onnx")


def refuse_call(notation: str | None, beside: Beside) -> None:
    """Raises ``UsageError`` for options that are of texts."""
    of_texts = {
        "--from": notation,
        "--column": beside.column,
        "--input": beside.image,
        "--means": beside.means or None,
        "--heading": beside.heading,
    }
    given = next((option for option, value in of_texts.items() if value is not None), None)
    if given is not None:
        raise click.UsageError(f"{given} is of texts, and a model is none")


def import_model(file: Path, output: str | None, force: bool, as_json: bool) -> None:
    """Writes the spec and its weights in a folder, beside the model unless one is named: the weights first, so
    that no spec is there without them.

    Raises ``InputError`` as ``targets.recovering.files.from_onnx``, V533 for a package that isn't there, V514 without
    ``force`` for a file that is.
    """
    folder = file.parent if output is None else Path(output)
    spec_file, weights_file = (folder / f"{file.stem}{end}" for end in (".arch", ".safetensors"))
    for path in (spec_file, weights_file):
        refuse_there(path, force)
    with needed():
        from vggdsl.targets.recovering.files import from_onnx

        found = from_onnx(file)
    made(folder)
    found.write_weights(weights_file)
    found.write_spec(spec_file)
    if as_json:
        echo_json([_row(file, found, spec_file, weights_file)])
        return
    typed = found.spec.typed
    size = f"{typed.params:,} parameters, {plural(typed.weight_layers, 'weight layer')}"
    say(f"read as an ONNX model: {shown(found.spec.name)}, {size}")
    for said in found.said:
        say(f"    note: {shown(said)}")
    say(str(spec_file))
    say(str(weights_file))


def _row(file: Path, found: "Recovered", spec: Path, weights: Path) -> Imported:
    return {
        "notation": "onnx",
        "name": found.spec.name,
        "where": str(file),
        "file": str(spec),
        "weights": str(weights),
        "text": found.spec.text,
        "params": found.spec.typed.params,
        "said": list(found.said),
        "ok": True,
        "diagnostics": [],
    }
