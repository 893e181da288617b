"""Where and how trainings are done: what a caller says once, and no recipe."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which reads weights, by torch
    from vggdsl.records.runfolder import Planned


@dataclass(frozen=True)
class Workplace:
    """Folders and the device, whether data may be fetched, the run that an `init from(…)` is to begin with, and the
    threads of a CPU.

    What isn't said is found out: for a run that goes on, as it was; else data are in $VGGDSL_DATA or ``data``, the
    device is ``auto``, and threads are as many as the steps are worth.
    """

    data: Path | None = None
    device: str | None = None
    runs: Path = Path("runs")
    download: bool = False
    start: Path | None = None
    threads: int | None = None

    @property
    def data_folder(self) -> Path:
        """Where data sets are."""
        return self.data if self.data is not None else Path(os.environ.get("VGGDSL_DATA") or "data")

    def going_on(self, run: "Planned") -> "Workplace":
        """The same for a run that goes on: where it began, but for what is said."""
        return replace(
            self,
            data=self.data or run.data,
            device=self.device or run.device,
            threads=self.threads or run.threads,
            runs=run.folder.path.parent,
        )
