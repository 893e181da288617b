"""Runs in other tools' pictures: TensorBoard and Weights & Biases, by ignite's loggers.

They are told what a run's `metrics.csv` holds; nothing is read back from them.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from ignite.handlers.tensorboard_logger import TensorboardLogger
from ignite.handlers.wandb_logger import WandBLogger

from vggdsl.experiments.reporter import Costs, Outline, Reporter, Silent
from vggdsl.records.metrics import Epoch
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.packages import require
from vggdsl.text.printing import first_line

PROJECT = "vggdsl"
"""The project of Weights & Biases, unless $WANDB_PROJECT names one."""


_UNLOGGED = ("folder", "notes", "warnings", "classes", "done")
_DO_WITHOUT = "`--log none` trains without it"


class TensorBoard(Silent):
    """Scalars in the run's folder; `tensorboard --logdir runs` shows them.

    A resumed run's curves go on where its checkpoint was: what came after it is hidden.
    Raises ``InputError`` V517 if it can't write, V533 if the package isn't installed.
    """

    def __init__(self) -> None:
        require("tensorboard", otherwise=_DO_WITHOUT)
        self._logger: TensorboardLogger | None = None

    def started(self, outline: Outline) -> None:
        try:
            self._logger = TensorboardLogger(log_dir=str(outline.folder), purge_step=outline.done + 1)
        except (OSError, UnicodeError) as error:  # it knows no names that aren't UTF-8
            message = f"TensorBoard can't log in {outline.folder}: {first_line(error)}"
            help = "another folder (`--runs DIR`), or `--log none`"
            raise InputError(Diagnostic("V517", message.encode("utf-8", "replace").decode(), help=help)) from None

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        assert self._logger is not None
        for name, value in _scalars(epoch).items():
            self._logger.writer.add_scalar(name, value, epoch.number)
        self._logger.writer.flush()

    def ended(self) -> None:
        if self._logger is not None:
            self._logger.close()


class WeightsAndBiases(Silent):
    """A run of Weights & Biases; $WANDB_MODE=offline keeps it on this machine.

    Raises ``InputError`` V517 if its run can't begin, V533 if the package isn't installed.
    """

    def __init__(self) -> None:
        require("wandb", otherwise=_DO_WITHOUT)
        self._logger: WandBLogger | None = None

    def started(self, outline: Outline) -> None:
        told = replace(outline, notes=(), warnings=(), classes=None)
        config = {key: value for key, value in asdict(told).items() if key not in _UNLOGGED}
        try:
            self._logger = WandBLogger(
                project=os.environ.get("WANDB_PROJECT", PROJECT),
                name=outline.folder.name,
                dir=str(outline.folder),
                config=config,
            )
        except Exception as error:  # of its own kinds, which aren't there to name without the package
            message = f"Weights & Biases can't begin a run: {first_line(error)}"
            help = "`wandb login`, or WANDB_MODE=offline keeps the run on this machine"
            raise InputError(Diagnostic("V517", message, help=help)) from None

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        assert self._logger is not None
        self._logger.log(_scalars(epoch), step=epoch.number)

    def ended(self) -> None:
        if self._logger is not None:
            self._logger.finish()


def _scalars(epoch: Epoch) -> dict[str, float]:
    return {
        "loss/train": epoch.train_loss,
        "loss/val": epoch.val_loss,
        "accuracy/train": epoch.train_accuracy,
        "accuracy/val": epoch.val_accuracy,
        "learning rate": epoch.lr,
    }


class Together:
    """Tells several reporters. One that can't start keeps the training from starting."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def reading(self, done: int, total: int) -> None:
        for reporter in self._reporters:
            reporter.reading(done, total)

    def started(self, outline: Outline) -> None:
        for reporter in self._reporters:
            reporter.started(outline)

    def step(self, images: int, loss: Callable[[], float]) -> None:
        for reporter in self._reporters:
            reporter.step(images, loss)

    def estimated(self, seconds: float) -> None:
        for reporter in self._reporters:
            reporter.estimated(seconds)

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        for reporter in self._reporters:
            reporter.epoch(epoch, is_best)

    def noticed(self, finding: Diagnostic) -> None:
        for reporter in self._reporters:
            reporter.noticed(finding)

    def finished(self, costs: Costs) -> None:
        for reporter in self._reporters:
            reporter.finished(costs)

    def ended(self) -> None:
        for reporter in self._reporters:
            reporter.ended()


LOGGERS: Mapping[str, Callable[[], Reporter]] = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}
