"""Runs -> one page of HTML, and the figures of a paper."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from vggdsl.experiments.report.account import account, runs_in
from vggdsl.experiments.report.page import page, told
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.run import Run

Split = Literal["val", "test"]


def report(
    runs: "Run | str | Path | Sequence[Run | str | Path]",
    *,
    split: Split = "test",
    data: str | Path | None = None,
    device: str | None = None,
    threads: int | None = None,
    skip_bad: bool = False,
    force: bool = False,
) -> str:
    """One page of HTML about what a training left, or several; as ``vggdsl report``.

    ``runs`` are runs, their folders, or folders of such. The page needs no network and no other file. What is missing,
    such as what a network whose data set isn't there would answer, is said on the page and is a ``UserWarning``.

    Raises ``VggdslError`` for what is no run, ``ValueError`` for another split.
    """
    several = [runs] if isinstance(runs, Run | str | Path) else [*runs]
    if split not in ("val", "test"):
        raise ValueError(f"split is val or test, not {split!r}")
    if not several:
        raise ValueError("name a run")
    workplace = Workplace(None if data is None else Path(data), device, threads=threads, skip_bad=skip_bad)
    named = [each.path if isinstance(each, Run) else Path(each) for each in several]
    paths = dict.fromkeys(path for each in named for path in runs_in(each))
    accounts = [account(path, split, workplace, force=force) for path in paths]
    for line in told(accounts):
        warnings.warn(line, stacklevel=2)
    return page(accounts)
