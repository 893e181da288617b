"""The curves and confusion matrices of runs as figures of a paper."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from vggdsl.experiments.evaluation.tables import MOST
from vggdsl.experiments.report import charts
from vggdsl.experiments.report.account import Account
from vggdsl.experiments.report.page import common_curves, curves_of


def figures(accounts: Sequence[Account]) -> Iterator[tuple[str, str]]:
    """Names without an end, and SVG: as wide as a column, letters of 8 points, colours on white.

    Of several runs there are curves of all of them, too. Of more than twenty classes there is no matrix, and of a run
    that doesn't tell there is nothing.
    """
    if len(accounts) > 1:
        for title, chart in common_curves([account.run for account in accounts], charts.PAPER):
            yield f"all-{title}", charts.svg(chart)
    for name, account in zip(_names([account.run.path for account in accounts]), accounts, strict=True):
        for title, chart in curves_of(account.run, charts.PAPER):
            yield f"{name}-{title.replace(' ', '-')}", charts.svg(chart)
        if account.answers is not None and len(account.answers.scores.classes) <= MOST:
            yield f"{name}-confusion", charts.svg(charts.confusion(account.answers.scores, charts.PAPER))


def possible(runs: Sequence[Path]) -> Iterator[str]:
    """The names that ``figures`` can give of runs, before they are evaluated."""
    if len(runs) > 1:
        yield from ("all-loss", "all-accuracy")
    for name in _names(runs):
        yield from (f"{name}-{chart}" for chart in ("loss", "accuracy", "learning-rate", "confusion"))


def _names(runs: Sequence[Path]) -> list[str]:
    """Of the folders; of several that are called alike, numbered."""
    names = [run.resolve().name for run in runs]
    seen = Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name}-{seen[name]}" if names.count(name) > 1 else name)
    return found
