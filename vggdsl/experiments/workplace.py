"""Where and how trainings are done: what a caller says once, and no recipe."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vggdsl.spec.copies import MOST_THREADS
from vggdsl.text.files import at_home

if TYPE_CHECKING:  # which import torch
    from vggdsl.experiments.device import Precision
    from vggdsl.records.runfolder import Planned


@dataclass(frozen=True)
class Workplace:
    """Folders and the device, whether data may be fetched, the run that an `init from(…)` is to begin with, the
    threads of a CPU, whether images that can't be read are left out, whether a GPU makes no CUDA graph, whether the
    network is compiled, the digest of the data that it must be on, those that can't be read with them, and which
    precision it is where a recipe says ``auto``.

    What isn't said is found out: for a run that goes on, as it was; else data are in $VGGDSL_DATA or ``data``, the
    device is ``auto``, threads are as many as the steps are worth, nothing is compiled, and precision is as the device
    has it.
    """

    data: Path | None = None
    device: str | None = None
    runs: Path = Path("runs")
    download: bool = False
    start: Path | None = None
    threads: int | None = None
    skip_bad: bool = False
    eager: bool = False
    compiled: bool | None = None
    digest: str | None = None
    precision: "Precision | None" = None

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for threads that there can't be."""
        if self.threads is not None and (type(self.threads) is not int or not 0 < self.threads <= MOST_THREADS):
            raise ValueError(f"threads is a whole number from 1 to {MOST_THREADS:,}, not {self.threads!r}")

    @property
    def data_folder(self) -> Path:
        """Where data sets are."""
        return at_home(self.data if self.data is not None else Path(os.environ.get("VGGDSL_DATA") or "data"))

    def going_on(self, run: "Planned") -> "Workplace":
        """The same for a run that goes on: where it began, but for what is said."""
        return replace(
            self,
            data=self.data or run.data,
            device=self.device or run.device,
            threads=self.threads or run.threads,
            skip_bad=self.skip_bad or run.skip_bad,
            eager=self.eager or run.eager,
            compiled=run.compiled if self.compiled is None else self.compiled,
            runs=run.folder.path.parent,
        )
