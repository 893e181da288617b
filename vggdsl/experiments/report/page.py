"""The page: what an account holds, put into templates."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vggdsl.drawing.draw import draw
from vggdsl.experiments.evaluation.claimed_classes import ClaimedClasses, claimed_classes
from vggdsl.experiments.evaluation.scores import Scores
from vggdsl.experiments.evaluation.tables import MOST, Mistake, accuracies, class_table, known_classes, mistakes
from vggdsl.experiments.report import charts
from vggdsl.experiments.report.account import Account
from vggdsl.experiments.report.differences import network_differences, recipe_table
from vggdsl.network.ops import Dropout
from vggdsl.records.cells import to_table
from vggdsl.records.collect import RECORD, Collection, collect, has_diverged
from vggdsl.records.run import Run
from vggdsl.records.table import rows
from vggdsl.spec.layers import layer_table, notes
from vggdsl.spec.spec import Spec
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.printing import printable
from vggdsl.text.tables import Table
from vggdsl.text.units import percent_text, plural

_GENERATOR = "vggdsl report"
MARK = f'<meta name="generator" content="{_GENERATOR}">'
HEAD = f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARK}\n'
"""With which a page begins, and by which it is known for one of ours."""


def page(accounts: Sequence[Account], lines: Sequence[str]) -> str:
    """One run, or several with what they have in common first; ``lines`` are to be known. The same runs give the same
    text."""
    runs = [_Shown(each) for each in accounts]
    family = _Family(runs) if len(runs) > 1 else None
    if family is None:
        title = f"{runs[0].name}: {runs[0].result or 'no result'}"
    else:
        title = f"{', '.join(family.names)}: {plural(len(runs), 'run')}"
    values = {"runs": runs, "family": family, "title": title, "lines": lines}
    return HEAD + _environment().get_template("page.html").render(values)


def told(accounts: Sequence[Account]) -> list[str]:
    """What is missing on the page, and what is to be known of the rest, a line each."""
    lines = [
        f"{each.run.path}: {line}"
        for each in accounts
        for line in (*(f"no {gap.part}: {gap.why}" for gap in each.gaps), *each.notes)
    ]
    together = Collection() if len(accounts) == 1 else _collected(accounts)
    rows(together, every=False)  # which finds seeds that were measured twice and not alike
    further = (finding.in_a_line for finding in together.findings)
    return lines + [line for line in dict.fromkeys(further) if not any(line in each for each in lines)]


def _collected(accounts: Sequence[Account]) -> Collection:
    return collect([str(each.run.path) for each in accounts if each.record is not None])


@cache
def _environment() -> Environment:
    """Names of classes, specs and files are others': all that is put in is escaped and shows what it is."""
    made = Environment(
        loader=PackageLoader("vggdsl.experiments.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    made.filters["short"] = _short
    made.filters["percent"] = percent_text
    return made


_LONGEST = 40
"""Letters of a class's name that are shown."""


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


_SIDE = 96
"""Pixels of an image's side on the page."""


@dataclass(frozen=True)
class Figure:
    """A chart as SVG, and what is said to who doesn't see it."""

    drawn: Markup
    alt: str


class _Shown:
    """A run, as the templates ask for it."""

    def __init__(self, account: Account) -> None:
        self.account, self.run = account, account.run
        self.spec = account.run.spec
        self.name = self.spec.name
        self.path = str(account.run.path)
        self.answers = account.answers
        self.scores = None if account.answers is None else account.answers.scores

    @property
    def result(self) -> str:
        """In the sources' words; empty where nothing was measured."""
        return str(self.run.line) if self.run.measured is not None else ""

    @property
    def circumstances(self) -> str:
        """By what the result was found."""
        recipe, measured = self.run.recipe, self.run.measured
        parts = [f"recipe {recipe.name}"] if recipe.name else []
        parts += [str(recipe.data), f"seed {self.run.seed}"]
        if measured is not None:
            parts += [f"images {measured.split}", measured.precision, f"on {measured.device}"]
            parts += [f"deviates: {measured.deviates}"] if measured.deviations else []
        return ", ".join(parts)

    @property
    def results(self) -> Table:
        return to_table(self.account.rows)

    @property
    def curves(self) -> list[Figure]:
        return [
            Figure(Markup(charts.svg(chart)), _told_curve(title, self.run))  # noqa: S704  # vl-convert escapes names
            for title, chart in curves_of(self.run, charts.PAGE)
        ]

    @property
    def best(self) -> int | None:
        return None if self.run.measured is None else self.run.measured.best

    @property
    def batches(self) -> str:
        """Over what the figures of the training are."""
        is_changed = bool(self.run.recipe.augment or self.run.recipe.mix)
        has_dropout = any(isinstance(t.node.op, Dropout) for t in self.spec.typed.nodes)
        return ("augmented batches" if is_changed else "batches") + " with dropout" * has_dropout

    @property
    def drops(self) -> list[int]:
        return charts.drops(self.run)

    @property
    def diagram(self) -> Markup:
        return Markup(draw(self.spec))  # noqa: S704  # which escapes names itself

    @property
    def layers(self) -> Table:
        return layer_table(self.spec.network, self.spec.typed)

    @property
    def layer_notes(self) -> Iterator[str]:
        return notes(self.name, self.spec.document, self.spec.typed)

    @property
    def accuracies(self) -> Iterator[str]:
        assert self.scores is not None
        return accuracies(self.scores)

    @property
    def is_small(self) -> bool:
        """Whether there are so few classes that all of them are shown."""
        return self.scores is not None and len(self.scores.classes) <= MOST

    @property
    def confusion(self) -> Figure:
        assert self.scores is not None
        drawn = charts.svg(charts.confusion(self.scores, charts.PAGE, cell=_cell(self.scores)))
        return Figure(Markup(drawn), _told_confusion(self.scores))  # noqa: S704  # vl-convert escapes names

    @property
    def mistakes(self) -> Sequence[Mistake]:
        assert self.scores is not None
        return mistakes(self.scores)

    @property
    def classes(self) -> Table:
        assert self.scores is not None
        return class_table(self.scores)

    @property
    def claimed_classes(self) -> list[ClaimedClasses]:
        """What is claimed of them, beside what was measured."""
        return claimed_classes(self.answers.held if self.answers is not None else ())

    @property
    def classes_left(self) -> int:
        """Classes that the table leaves out."""
        assert self.scores is not None
        known = len(known_classes(self.scores))
        return known if known > MOST else 0

    @property
    def is_fine(self) -> bool:
        """Whether images are larger than they are shown."""
        return max(self.spec.typed.input.h, self.spec.typed.input.w) > _SIDE

    @property
    def text(self) -> str:
        return self.spec.source.written

    @property
    def record(self) -> Spec | None:
        return self.account.record

    @property
    def commands(self) -> list[str]:
        """By which it is done again, or goes on."""
        path, record, plan = shlex.quote(self.path), self.run.path / RECORD, self.account.plan
        if self.account.is_trained:
            return [f"vggdsl watch {path}"]
        if not is_file(record) and not has_diverged(self.run.path):
            return [f"vggdsl train --resume {path}"]
        is_of_files = self.run.recipe.data.name not in ("digits", "fake") and is_folder(plan.data)
        flags = f" --data {shlex.quote(str(plan.data))}" * is_of_files + " --skip-bad" * plan.skip_bad
        if self.record is None:
            return [f"vggdsl train {shlex.quote(str(self.run.path / 'spec.arch'))} --seed {self.run.seed}{flags}"]
        again = f"vggdsl train {shlex.quote(str(record))}{flags}"
        return [again, f"vggdsl evaluate {path}", f"vggdsl export {path}", f"vggdsl report {path}"]


class _Family:
    """What several runs have in common, and in what they differ."""

    def __init__(self, shown: Sequence[_Shown]) -> None:
        self.runs = [each.run for each in shown]
        self.names = list(dict.fromkeys(each.name for each in shown))
        self.rows = rows(_collected([each.account for each in shown]), every=False)
        first = {each.spec.network.graph.digest: each for each in reversed(shown)}
        self.networks = list(first.values())[::-1]
        self.recipes = recipe_table(self.runs)

    @property
    def results(self) -> Table:
        return to_table(self.rows, changed=True)

    @property
    def curves(self) -> list[Figure]:
        alt = f"by epoch, of {plural(len(self.runs), 'run')}"
        return [
            Figure(Markup(charts.svg(chart)), f"{title} in validation {alt}")  # noqa: S704  # vl-convert escapes names
            for title, chart in common_curves(self.runs, charts.PAGE)
        ]

    @property
    def without_curves(self) -> list[str]:
        return [str(run.path) for run in self.runs if not run.metrics]

    @property
    def differences(self) -> list[tuple[str, list[str]]]:
        """Of each network but the first its name and what is otherwise in it."""
        first, *others = self.networks
        return [(each.name, network_differences(first.spec, each.spec)) for each in others]


def common_curves(runs: Sequence[Run], style: charts.Style) -> Iterator[tuple[str, charts.Chart]]:
    """Loss and accuracy in validation, a line a run."""
    names = labels(runs)
    for title in ("loss", "accuracy"):
        lines = [charts.curve(name, run.metrics, f"val_{title}") for name, run in zip(names, runs, strict=True)]
        lines = [line for line in lines if line.points]
        if lines:
            yield title, charts.curves(lines, title, style)


def labels(runs: Sequence[Run]) -> list[str]:
    """Short names of runs: of their folders, or their paths where two are called alike."""
    names = [run.path.resolve().name for run in runs]
    return [str(run.path) if names.count(name) > 1 else name for name, run in zip(names, runs, strict=True)]


def curves_of(run: Run, style: charts.Style) -> Iterator[tuple[str, charts.Chart]]:
    """Loss, accuracy and learning rate of a run by its epochs."""
    epochs, marks = run.metrics, charts.drops(run)
    best = None
    if run.measured is not None:
        best = next((epoch for epoch in epochs if epoch.number == run.measured.best), None)
    for title in ("loss", "accuracy"):
        lines = [charts.curve(name, epochs, f"{part}_{title}") for name, part in _PARTS]
        lines = [line for line in lines if line.points]
        point = None if best is None else (best.number, getattr(best, f"val_{title}"))
        if lines:
            yield title, charts.curves(lines, title, style, marks=marks, point=point)
    if sum(epoch.lr > 0 for epoch in epochs) > 1:
        yield "learning rate", charts.rate(epochs, style, marks)


_PARTS = (("validation", "val"), ("training batches", "train"))


def _cell(scores: Scores) -> float:
    digits = len(str(int(scores.confusion.max())))
    return max(26.0, 9.0 * digits)


def _told_curve(title: str, run: Run) -> str:
    first, last = run.metrics[0], run.metrics[-1]
    if title == "learning rate":
        return f"learning rate by epoch: {first.lr:.3g} at epoch {first.number}, {last.lr:.3g} at epoch {last.number}"
    before, after = (getattr(epoch, f"val_{title}") for epoch in (first, last))
    ends = f"{before:.4f} at epoch {first.number}, {after:.4f} at epoch {last.number}"
    return f"{title} by epoch, in training and validation; in validation {ends}"


def _told_confusion(scores: Scores) -> str:
    return (
        f"confusion matrix of {len(scores.classes)} classes: {scores.right(1)} of {len(scores)} images are recognised"
    )
