"""The specs and measurements that paths lead to, and which of the measurements count."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from vggdsl.language import notations
from vggdsl.language.library import find, is_folder_of_specs, read_source
from vggdsl.language.links import is_blocks
from vggdsl.records.evaluation import Evaluation, read_evaluation
from vggdsl.records.result import Result, read_result
from vggdsl.spec.copies import PLAN, original_of
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, Label, RecordError, VggdslError, nearest
from vggdsl.text.files import is_file, is_folder

SEARCH = "search.json"
"""Of a search's folder: what was searched, and how."""
RECORD = "record.arch"
"""Of a run: what it found."""
DIVERGED = "diverged.txt"
"""Of a run without one whose loss was no number any more: what was told."""


@dataclass(frozen=True, eq=False)
class SeedGroup:
    """Measurements of one network by one recipe on the same data, a seed each, in their order."""

    results: tuple[Result, ...]

    def __repr__(self) -> str:
        return f"SeedGroup(seeds {' '.join(str(result.seed) for result in self.results)}: {self.one})"

    @property
    def one(self) -> Result:
        """One of them, for what all of them share."""
        return self.results[0]


@dataclass
class Subject:
    """A spec whose results are told, with its measurements."""

    name: str
    path: str
    spec: Spec
    results: list[Result] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    """Of the weights of its results, each protocol once a precision."""

    def __repr__(self) -> str:
        return f"Subject({self.name!r}, {len(self.results)} results)"

    def own(self, result: Result, path: str) -> Result | None:
        """A result, of the spec or record at ``path``, as one of this spec, by its name for the recipe.

        None if it is of another network or recipe, or on the folder of images beside another spec.
        """
        if result.network != self.spec.network.graph.digest:
            return None
        recipes = [r for r in self.spec.recipes or (self.spec.recipe(),) if self._is_by(r, result, path)]
        names = [recipe.name for recipe in recipes]
        if not names:
            return None
        return replace(result, recipe_name=result.recipe_name if result.recipe_name in names else names[0])

    def _is_by(self, recipe: Recipe, result: Result, path: str) -> bool:
        is_by = recipe.digest == result.recipe and result.is_of(self.spec.bases(recipe))
        return is_by and are_its_images(recipe, Path(path), Path(self.path))

    def groups(self, findings: list[Diagnostic]) -> list[SeedGroup]:
        """Its measurements by network, recipe, data, split, deviations, precision and the weights that they began with.

        Of one seed the first counts: a repetition adds no evidence. One that disagrees is added to ``findings``.
        """
        by_key: dict[tuple[str, ...], dict[int, Result]] = {}
        for result in self.results:
            seeds = by_key.setdefault(group_key(result), {})
            first = seeds.setdefault(result.seed, result)
            if str(first.line) != str(result.line):
                message = f"{self.name} was measured more than once with seed {result.seed}, and not alike"
                shown = f"{first.line} on {first.device} counts, {result.line} on {result.device} doesn't"
                findings.append(Diagnostic("W610", message, help=shown))
        return [SeedGroup(tuple(seeds[seed] for seed in sorted(seeds))) for seeds in by_key.values()]


@dataclass
class Collection:
    """What paths lead to. ``findings``: what was wrong, or doesn't count."""

    subjects: list[Subject] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)


def group_key(result: Result) -> tuple[str, ...]:
    """What measurements share that may be averaged."""
    return (
        result.network,
        result.recipe,
        result.data,
        result.split,
        str(result.left_out),
        result.deviates,
        result.precision,
        result.start or "",
    )


def collect(paths: Sequence[str], runs: Sequence[str] = (), beside: Sequence[str] = ()) -> Collection:
    """The specs of paths with the measurements that count: sealed, not stale, each block once.

    A path is a spec, a record, a run, or a folder of them. Records whose network and recipe are those of no spec
    among the paths stand for themselves; those of ``runs`` are left out then. Links may lead ``beside``, too.
    """
    made, seen = Collection(), set[str]()
    specs, records = list[tuple[str, Spec]](), list[tuple[str, Spec]]()
    for path in _files(paths, made.findings):
        spec = _loaded(path, (*paths, *beside), made.findings)
        if spec is not None:
            (records if Path(path).name == RECORD else specs).append((path, spec))
    made.subjects += [Subject(name, path, spec) for name, (path, spec) in zip(_names(specs), specs, strict=True)]
    kept = {path for path, _ in records}
    for path in _files([run for run in runs if is_folder(Path(run))], list[Diagnostic](), records_only=True):
        spec = None if path in kept else _loaded(path, (), made.findings)
        records += [(path, spec)] if spec is not None else []
    for path, spec in [*specs, *records]:
        for result in counted(spec, made.findings, seen):
            owners = [(subject, own) for subject in made.subjects if (own := subject.own(result, path)) is not None]
            if not owners and path in kept:
                made.subjects.append(Subject(_name_of_record(spec, result), path, spec))
                owners = [(made.subjects[-1], result)]
            for subject, own in owners:
                subject.results.append(own)
    evaluations = [each for _, spec in [*specs, *records] for each in evaluated(spec, made.findings)]
    for subject in made.subjects:
        weights = {result.weights for result in subject.results}
        subject.evaluations += (each for each in evaluations if each.weights in weights)
    return made


def evaluated(spec: Spec, findings: list[Diagnostic]) -> list[Evaluation]:
    """What was measured with the weights of a spec's trainings under other protocols.

    Of one protocol, in one precision, the first counts. Why others don't is added to ``findings``.
    """
    wrong = {label.span for d in spec.check() if d.row.discounts for label in d.labels} if spec.evaluations else set()
    trained = {m.values.get("by", {}).get("weights") for m in spec.measurements}
    found = list[Evaluation]()
    for measurement in spec.evaluations:
        if measurement.span in wrong:
            continue
        made = read_evaluation(measurement)
        if made is None or made.weights not in trained:
            label = Label(measurement.span, "this block")
            message = "a measured block that doesn't say what was run isn't counted"
            help = "it stands behind that of the training whose weights were evaluated: `vggdsl evaluate RUN` writes it"
            findings.append(Diagnostic("W611", message, (label,), help))
        elif all(made.key != each.key for each in found):
            found.append(made)
    return found


def counted(spec: Spec, findings: list[Diagnostic], seen: set[str]) -> Iterator[Result]:
    """A spec's measurements that count, but for the blocks ``seen``; why others don't is added to ``findings``."""
    wrong = [d for d in spec.check() if d.row.discounts] if spec.measurements else []
    findings += wrong
    spans = {label.span for d in wrong for label in d.labels}
    for measurement in spec.measurements:
        if measurement.span in spans:
            continue
        result = read_result(measurement, spec)
        if result is None:
            label = Label(measurement.span, "this block")
            message = "a measured block that doesn't say what was run isn't counted"
            findings.append(Diagnostic("W611", message, (label,), "train again to measure"))
            continue
        seal = measurement.values["seal"]["sha256"]
        if seal not in seen:
            seen.add(seal)
            yield result


def no_run(path: Path) -> InputError:
    """V501 for a folder that isn't there, with the run beside it that may be meant; never one with another number."""
    names = list[str]()
    with suppress(OSError):
        names = sorted(each.name for each in path.parent.iterdir() if is_file(each / PLAN))
    parts = {*path.name.split("-")}
    near = nearest(path.name, names) or next((name for name in names if parts <= {*name.split("-")}), None)
    help = "name a folder that `vggdsl train` made" if near is None else f"did you mean `{path.parent / near}`?"
    return InputError(Diagnostic("V501", f"no run `{path}`", help=help))


def record_of(run: Path) -> Spec:
    """The record of a run: its folder, or the file itself.

    Raises ``InputError`` V501 if there is no run, ``RecordError`` V609 if it left no record, and what ``load`` raises.
    """
    if not is_folder(run):
        if not is_file(run):
            raise no_run(run)
        return load(run)
    if is_file(run / RECORD):
        return load(run / RECORD)
    if is_file(run / PLAN):
        found = without_record(run)
        raise RecordError(Diagnostic("V609", found.message, help=found.help))
    raise RecordError(Diagnostic("V609", f"{run} is no run", help="name a folder that `vggdsl train` made"))


def specs_in(name: str) -> list[str]:
    """The specs in a folder and in those in it, but for runs, and for files and folders of blocks.

    What isn't a folder is a spec itself. Raises ``InputError`` V501 for a folder without a spec.
    """
    if not is_folder_of_specs(name):
        return [name]
    found = [path for path in _walk(Path(name), []) if Path(path).name != RECORD]
    if not found:
        help = "name specs, or a folder of them"
        if is_file(Path(name) / PLAN):
            is_whole = is_file(Path(name) / RECORD)
            help = (
                f"`vggdsl train {Path(name) / RECORD}` repeats this run" if is_whole else str(without_record(name).help)
            )
        raise InputError(Diagnostic("V501", f"no spec in {name}", help=help))
    return found


def checked_in(folder: str, findings: list[Diagnostic]) -> list[str]:
    """What can be checked in a folder and in those in it: specs, files of blocks, and of each run its record.

    Runs without one are added to ``findings``.
    """
    return list(_walk(Path(folder), findings, blocks=True))


def are_its_images(recipe: Recipe, path: Path, spec: Path) -> bool:
    """Whether what the spec or record at ``path`` was measured on is what a recipe of ``spec`` names: of a folder of
    images, whether it is the one beside it."""
    if recipe.data.path is None or not recipe.data.is_local or Path(recipe.data.path).is_absolute():
        return True
    file, ours = (original_of(each) or each for each in (path, spec))  # this may be a run's, too
    # Of a run that doesn't say what it was of, or whose spec was moved, nobody can tell.
    return file.name == RECORD or not is_file(file) or is_beside(file, ours)


def is_beside(one: Path, other: Path) -> bool:
    """Whether two files lie in the same folder."""
    return os.path.realpath(one.parent) == os.path.realpath(other.parent)


def without_record(run: str | Path) -> Diagnostic:
    """W612: a run that left no record, and why."""
    try:
        told = _diverged(Path(run)).partition("\n")[0][:_TOLD].strip()
        help = "train by another recipe; remove the folder to let this one be tried again"
        return Diagnostic("W612", f"{run} diverged and has no record: {told}", help=help)
    except OSError:
        help = f"`vggdsl train --resume {run}` goes on"
        return Diagnostic("W612", f"{run} was interrupted and has no record", help=help)


_TOLD = 500
"""Characters of what a run tells of itself."""


def unfinished(runs: Path) -> list[Path]:
    """The runs in a folder that have a plan and no record: interrupted, diverged, or going on.

    Those of a search are its own to go on with, unless its folder is the one that is asked for.
    """
    if not is_folder(runs):
        return []
    searches = {path.parent for path in runs.rglob(SEARCH)} - {runs}
    found = (path.parent for path in runs.rglob(PLAN) if not is_file(path.parent / RECORD))
    return sorted(run for run in found if searches.isdisjoint(run.parents))


def has_diverged(run: Path) -> bool:
    return is_file(run / DIVERGED)


def diverged_on(run: Path) -> Mapping[str, str]:
    """Data, device and precision of a run that diverged; nothing where it doesn't tell, as those of older versions."""
    try:
        _, _, told = _diverged(run).partition("\nof ")
    except OSError:  # it was taken away meanwhile
        return {}
    return dict(part.split("=", 1) for part in told.split() if "=" in part)


def _diverged(run: Path) -> str:
    """Why, in the first line, and on what, in the second. Raises ``OSError`` of a run that didn't."""
    return (run / DIVERGED).read_text("utf-8", "replace")


def _files(paths: Iterable[str], findings: list[Diagnostic], records_only: bool = False) -> list[str]:
    """The specs and records of paths, each file once."""
    files: dict[str, str] = {}
    for path in paths:
        inside = list(_walk(Path(path), findings)) if is_folder_of_specs(path) else _found(path, findings)
        if not inside and is_folder_of_specs(path) and not records_only:
            help = "name specs, runs, or folders of them"
            findings.append(Diagnostic("V501", f"no spec and no finished run in {path}", help=help))
        for file in inside:
            if not records_only or Path(file).name == RECORD:
                files.setdefault(os.path.realpath(file), file)
    return list(files.values())


def _found(path: str, findings: list[Diagnostic]) -> list[str]:
    """The file of a path or of a spec that ships."""
    try:
        return [path if path == "-" or is_file(Path(path)) else str(find(path))]
    except VggdslError as error:
        findings += error.diagnostics
        return []


def _walk(folder: Path, findings: list[Diagnostic], blocks: bool = False) -> Iterator[str]:
    """The specs below a folder and the records of its runs; files of blocks only if asked for. Runs that were
    interrupted are added to ``findings``, but for those of a search, which stops most of them."""
    for root, folders, names in os.walk(folder):
        if PLAN in names:
            folders.clear()
            if RECORD in names:
                yield os.path.join(root, RECORD)  # noqa: PTH118  # as the walk spells it
            elif root == str(folder) or has_diverged(Path(root)) or not is_file(Path(root).parent / SEARCH):
                findings.append(without_record(root))
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (blocks or name != "blocks"))
        for name in sorted(names):
            path = os.path.join(root, name)  # noqa: PTH118
            if name.endswith(".arch") and not name.startswith(".") and (blocks or not _holds_blocks(path)):
                yield path


def _holds_blocks(path: str) -> bool:
    """Whether a file is for other specs to use; one that can't be read is left to its reader."""
    try:
        source = read_source(path)
        return "block" in source.text.lower() and is_blocks(notations.read(source))
    except VggdslError:
        return False


def _loaded(path: str, beside: Sequence[str], findings: list[Diagnostic]) -> Spec | None:
    try:
        return load(path, beside)
    except VggdslError as error:
        findings += error.diagnostics
        return None


def _names(specs: Sequence[tuple[str, Spec]]) -> list[str]:
    """The names of specs; where two share one, with their folders."""
    names = [spec.name for _, spec in specs]
    return [
        f"{Path(spec.source.name).absolute().parent.name}/{spec.name}" if names.count(spec.name) > 1 else spec.name
        for _, spec in specs
    ]


def _name_of_record(spec: Spec, result: Result) -> str:
    """The name of the spec that was run: a run's folder is named after spec and recipe."""
    return spec.name.removesuffix(f"-{result.recipe_name}") if result.recipe_name else spec.name
