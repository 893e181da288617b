"""Runs -> one page of HTML, and the figures of a paper."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from vggdsl.experiments.device import choose
from vggdsl.experiments.report.account import account
from vggdsl.experiments.report.named import named
from vggdsl.experiments.report.page import page, told
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.run import Run
from vggdsl.text.kinds import refuse_other_kinds

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

    Raises ``VggdslError`` for what is no run, V509 without a CUDA device that is asked for; ``ValueError`` for another
    split or device.
    """
    refuse_other_kinds(report, locals(), but=("split", "device", "threads"))
    several = [runs] if isinstance(runs, Run | str | Path) else [*runs]
    if split not in ("val", "test"):
        raise ValueError(f"split is val or test, not {split!r}")
    if not several:
        raise ValueError("name a run")
    if device not in (None, "auto", "cpu", "cuda"):
        raise ValueError(f"device is auto, cpu or cuda, not {device!r}")
    choose(device or "auto", "auto")
    workplace = Workplace(None if data is None else Path(data), device, threads=threads, skip_bad=skip_bad)
    found = named(each.path if isinstance(each, Run) else Path(each) for each in several)
    accounts = [account(path, split, workplace, force=force) for path in found.runs]
    lines = [*found.told, *told(accounts)]
    for line in lines:
        warnings.warn(line, stacklevel=2)
    return page(accounts, lines)
