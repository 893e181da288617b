"""A run's measured block, put behind the spec that was run."""

from collections.abc import Callable, Sequence
from pathlib import Path

from vggdsl.language import notations, syntax
from vggdsl.language.library import LARGEST_FILE
from vggdsl.language.syntax import Document, Line
from vggdsl.records.evaluation import Evaluation
from vggdsl.spec.measured import Measurement
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, Label, RecordError, VggdslError, in_a_line
from vggdsl.text.files import content, is_file, replacing
from vggdsl.text.locks import alone


def own_block(record: Spec) -> str:
    """The block of the run that a record is of: the last one. Raises ``RecordError`` V609 if it is none or edited."""
    return _text(record, _last(record))


def evaluation_blocks(record: Spec) -> list[str]:
    """Those of what the run's weights gave under other protocols. Raises ``RecordError`` V609 if one is edited."""
    return [_text(record, measured) for measured in _further(record)]


def _further(record: Spec) -> list[Measurement]:
    weights = _last(record).values.get("by", {}).get("weights")
    return [m for m in record.evaluations if m.values.get("by", {}).get("weights") == weights]


def append(record: Spec, path: Path) -> int:
    """Appends the blocks of a record, that of its run and those of evaluations of its weights, to the spec that was
    run, and changes nothing else in the file. Gives how many; those that stand there stay as they are.

    Of several processes at once each appends its own. Raises ``InputError`` V501 if there is no such file, V506 if it
    can't be written or somebody writes it meanwhile, ``RecordError`` V609 if its network or recipe isn't the run's, or
    all blocks stand in it already, and ``VggdslError`` if it is no spec.
    """
    if not is_file(path):
        raise InputError(Diagnostic("V501", f"no file `{path}`", help="name the file that was trained"))
    own = _last(record)
    with alone(path):
        before = content(path, LARGEST_FILE + 1)
        spec = load(path)
        if spec.is_reworded:
            help = f"`vggdsl fmt --flatten {path}` prints it in the language that can"
            raise RecordError(Diagnostic("V609", f"{path} is in a notation that can't hold the block", help=help))
        _refuse_other(spec, own, path)
        there = {_seal(m): m for m in (*spec.measurements, *spec.evaluations)}
        new = [_text(record, m) for m in (own, *_further(record)) if _seal(m) not in there]
        if not new:
            places = (Label(there[_seal(own)].span, "here"),)
            raise RecordError(Diagnostic("V609", f"the block stands in {path} already", places, "nothing is to do"))
        _write(path, before, new)
    return len(new)


def add(block: str, path: Path, there: Callable[[Spec], Evaluation | None]) -> Evaluation | None:
    """Adds the sealed block of an evaluation to a run's own record, unless it is ``there`` already: gives what is.

    Raises as ``append``.
    """
    with alone(path):
        before = content(path, LARGEST_FILE + 1)
        found = there(load(path))
        if found is None:
            _write(path, before, [block])
    return found


def _text(record: Spec, measured: Measurement) -> str:
    if not measured.sealed:
        label = Label(measured.span, "this block")
        help = "train again: what it says was never measured"
        raise RecordError(Diagnostic("V609", "the measured block was edited by hand", (label,), help))
    blocks = (c for c in record.document.contents if isinstance(c, syntax.Measured))
    return notations.write(Document((Line(next(block for block in blocks if block.span == measured.span)),)))


def _seal(measured: Measurement) -> str:
    return measured.values.get("seal", {}).get("sha256", "")


def _write(path: Path, before: bytes, blocks: Sequence[str]) -> None:
    end = "\r\n" if b"\r\n" in before else "\n"
    after = before
    for block in blocks:
        blank = "" if after.endswith(b"\n") else end
        after += (blank + end + block.replace("\n", end)).encode()
    _check(after, path, len(blocks))
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


def _recipe(spec: Spec, name: str | None) -> str | None:
    """The digest of the recipe of that name, as a stale block is told by it."""
    recipes = {recipe.name: recipe.digest for recipe in spec.recipes} or {None: Recipe().digest}
    return recipes.get(name)


def _check(after: bytes, path: Path, blocks: int) -> None:
    """A file that would not say the same is not written. Raises ``RecordError`` V609."""
    try:
        if len(after) > LARGEST_FILE:
            raise ValueError(f"it would be larger than {LARGEST_FILE:,} bytes")
        made = parse(after.decode("utf-8-sig"), str(path))
    except (VggdslError, ValueError) as error:
        message = f"{path} can't hold the block: {in_a_line(error)}"
        raise RecordError(Diagnostic("V609", message, help="make a copy")) from None
    measured = sorted((*made.measurements, *made.evaluations), key=lambda m: m.span.start)
    added = {m.span for m in measured[-blocks:]}
    wrong = [d for d in made.check() if added & {label.span for label in d.labels}]
    assert not wrong, f"the block isn't sealed: {wrong}"
