"""A run's measured block, put behind the spec that was run."""

from pathlib import Path

from vggdsl.language import notations, syntax
from vggdsl.language.library import LARGEST_FILE
from vggdsl.language.syntax import Document, Line
from vggdsl.spec.measured import Measurement
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec, load, parse
from vggdsl.text.errors import Diagnostic, InputError, Label, RecordError, VggdslError, in_a_line
from vggdsl.text.files import content, is_file, replacing
from vggdsl.text.locks import alone


def own_block(record: Spec) -> str:
    """The block of the run that a record is of: the last one. Raises ``RecordError`` V609 if it is none or edited."""
    measured = _last(record)
    if not measured.sealed:
        label = Label(measured.span, "this block")
        help = "train again: what it says was never measured"
        raise RecordError(Diagnostic("V609", "the measured block was edited by hand", (label,), help))
    content = [c for c in record.document.contents if isinstance(c, syntax.Measured)][-1]
    return notations.write(Document((Line(content),)))


def append(record: Spec, block: str, path: Path) -> None:
    """Appends the block of a record to the spec that was run, and changes nothing else in the file.

    Of several processes at once each appends its own. Raises ``InputError`` V501 if there is no such file, V506 if it
    can't be written or somebody writes it meanwhile, ``RecordError`` V609 if its network or recipe isn't the run's or
    the block stands in it already, and ``VggdslError`` if it is no spec.
    """
    if not is_file(path):
        raise InputError(Diagnostic("V501", f"no file `{path}`", help="name the file that was trained"))
    with alone(path):
        _append(record, block, path)


def _append(record: Spec, block: str, path: Path) -> None:
    before = content(path, LARGEST_FILE + 1)
    spec = load(path)
    if not notations.is_spec_language(spec.source):
        help = f"`vggdsl fmt --flatten {path}` prints it in the language that can"
        raise RecordError(Diagnostic("V609", f"{path} is in a notation that can't hold the block", help=help))
    measured = _last(record)
    _refuse_other(spec, measured, path)
    end = "\r\n" if b"\r\n" in before else "\n"
    blank = "" if before.endswith(b"\n") else end
    after = before + (blank + end + block.replace("\n", end)).encode()
    _check(after, path, measured)
    with replacing(path, instead_of=before) as part:
        part.write_bytes(after)


def _last(record: Spec) -> Measurement:
    if not record.measurements:
        help = "name a run's folder, or its record.arch"
        raise RecordError(Diagnostic("V609", f"{record.source.name} holds no measured block", help=help))
    return record.measurements[-1]


def _refuse_other(spec: Spec, measured: Measurement, path: Path) -> None:
    of, name = measured.values.get("of", {}), measured.values.get("run", {}).get("recipe")
    place = (Label(measured.span, "this block"),)
    ours = {"network": spec.network.graph.digest, "recipe": _recipe(spec, name)}
    differs = [
        f"its {key} is {value}, the run's {of.get(key, '?')}" if value else f"it has no recipe `{name}`"
        for key, value in ours.items()
        if value != of.get(key)
    ]
    if differs:
        help = "append to the file that was trained, or train this one"
        raise RecordError(Diagnostic("V609", f"{path} isn't what was run: {'; '.join(differs)}", place, help))
    seal = measured.values["seal"]["sha256"]
    for there in spec.measurements:
        if there.values.get("seal", {}).get("sha256") == seal:
            places = (Label(there.span, "here"),)
            raise RecordError(Diagnostic("V609", f"the block stands in {path} already", places, "nothing is to do"))


def _recipe(spec: Spec, name: str | None) -> str | None:
    """The digest of the recipe of that name, as a stale block is told by it."""
    recipes = {recipe.name: recipe.digest for recipe in spec.recipes} or {None: Recipe().digest}
    return recipes.get(name)


def _check(after: bytes, path: Path, measured: Measurement) -> None:
    """A file that would not say the same is not written. Raises ``RecordError`` V609."""
    try:
        if len(after) > LARGEST_FILE:
            raise ValueError(f"it would be larger than {LARGEST_FILE:,} bytes")
        made = parse(after.decode("utf-8-sig"), str(path))
    except (VggdslError, ValueError) as error:
        message = f"{path} can't hold the block: {in_a_line(error)}"
        raise RecordError(Diagnostic("V609", message, help="make a copy")) from None
    last = made.measurements[-1]
    wrong = [d for d in made.check() if last.span in (label.span for label in d.labels)]
    assert last.values == measured.values, "the block was changed on its way"
    assert not wrong, f"the block isn't sealed: {wrong}"
