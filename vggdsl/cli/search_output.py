"""What ``vggdsl search`` tells: its trainings while they run, and the table and picture of what it found."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import quote

import click

from vggdsl.cli.common import echo_json, note, print_table, report, say
from vggdsl.cli.schemas.search import Searched, SearchedNetwork
from vggdsl.experiments.report.charts import png, svg
from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.search.chart import scatter
from vggdsl.experiments.search.halving import Leg, Standing
from vggdsl.experiments.search.proposals import Tried
from vggdsl.experiments.search.search import Search
from vggdsl.experiments.search.table import Found, alike, on_front
from vggdsl.records.metrics import Epoch
from vggdsl.spec.budget import Budget
from vggdsl.spec.copies import SPEC
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.files import replacing, write_text
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import count_text, plural

FRONT = "front"
"""The picture's files, in the folder of a search."""
_PATIENCE = 30.0
"""Seconds without a line, after which one tells how far a training is."""


class Terminal:
    """Progress on standard error, if wanted: a line a network that comes to a rung, and more where that takes long.
    What looks wrong is told anyway, that of the data once."""

    def __init__(self, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet, self._clock = quiet, clock
        self._wanted, self._told = 0, clock()
        self._there: dict[int | None, set[int]] | None = None
        self._data_told = set[str]()

    def begins(self, search: Search) -> None:
        """What is about to be searched."""
        proposals, halving = search.proposals, search.halving
        self._wanted = proposals.most
        if self._quiet:
            return
        networks, fitting = proposals.space.networks, ""
        if proposals.fitting is not None and proposals.budget != Budget():
            fitting = f", {len(proposals.fitting):,} of them fit the budget"
        elif proposals.fitting is not None and len(proposals.fitting) < networks:
            fitting = f", {len(proposals.fitting):,} different ones"
        note(f"{proposals.space.name}: {plural(networks, 'network')}{fitting} -> {search.folder}")
        cuts = [str(rung) for rung in halving.rungs if rung is not None]
        halved = f", one of {halving.factor} goes on after epoch {' and '.join(cuts)}" if cuts else ""
        tried = len(proposals.networks)
        most = plural(max(proposals.most, tried), "network")
        note(f"at most {most} for at most {plural(halving.epochs, 'epoch')}{halved}")
        if tried:
            fewer = (
                f"; --trials {proposals.wanted} adds none, and all of them go on" if tried > proposals.wanted else ""
            )
            note(f"goes on: {plural(tried, 'network')} {'was' if tried == 1 else 'were'} begun{fewer}")
        search.look()

    def reporter(self, network: Tried, rung: int | None) -> "Slow":
        return Slow(network, self, self._clock)

    def noticed(self, network: Tried, finding: Diagnostic) -> None:
        note(f"network {network.number:03}: {finding.in_a_line}")

    def of_data(self, findings: Sequence[Diagnostic]) -> None:
        """What looks wrong before the first step, once, since all networks have the same data."""
        new = [finding for finding in findings if finding.in_a_line not in self._data_told]
        self._data_told.update(finding.in_a_line for finding in new)
        report(new)

    def line(self, text: str) -> None:
        if not self._quiet:
            self._told = self._clock()
            note(text)

    def stands(self, legs: Sequence[Leg], standings: Mapping[int, Standing], networks: Mapping[int, Tried]) -> None:
        """What has come to a rung since this was called for the first time; sometimes that nothing has."""
        is_first, self._there = self._there is None, self._there or {}
        for leg in legs:
            there = self._there.setdefault(leg.rung, set())
            count = max(self._wanted, len(leg.group)) if leg is legs[0] else len(leg.group)
            for number in sorted({*leg.group} - {*leg.left} - there):
                there.add(number)
                if not is_first and not standings[number].failed:
                    self._came(networks[number], standings[number], leg.rung, f"{_of(len(there), count)}")
        if self._clock() - self._told >= _PATIENCE:
            self.line(f"to {_end(leg.rung)}: {_of(len(there), count)}")

    def _came(self, network: Tried, standing: Standing, rung: int | None, how_many: str) -> None:
        accuracy, loss = standing.best(rung)
        params = count_text(network.spec.typed.params)
        self.line(
            f"to {_end(rung)}: {how_many}  network {network.number:03}  {params:>8}  val {-loss:.4f} {accuracy:.4f}"
        )

    def failed(self, network: Tried, error: VggdslError) -> None:
        note(f"network {network.number:03} failed:")
        report(error.diagnostics)

    def died(self, why: str) -> None:
        self.line(f"a process died{why and ': '}{why}; another takes up what it was at")

    def waiting(self, leg: Leg) -> None:
        self.line(f"waiting for other processes, which train {plural(len(leg.left), 'network')}")


def _end(rung: int | None) -> str:
    return "the end" if rung is None else f"epoch {rung}"


def _of(done: int, count: int) -> str:
    return f"{done:>{len(str(count))}}/{count}"


class Slow(Silent):
    """Of one training: nothing, unless it takes long."""

    def __init__(self, network: Tried, terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> None:
        self._network, self._terminal, self._clock = network, terminal, clock
        self._told, self._epoch, self._steps, self._of = clock(), 0, 0, 0

    def started(self, outline: Outline) -> None:
        self._epoch, self._of = outline.done + 1, outline.steps
        self._terminal.of_data(outline.warnings)

    def step(self, images: int, loss: Callable[[], float]) -> None:
        self._steps += 1
        if self._clock() - self._told >= _PATIENCE:
            self._told = self._clock()
            where = f"epoch {self._epoch}  step {self._steps:,}/{self._of:,}"
            self._terminal.line(f"network {self._network.number:03}  {where}  loss {loss():.4f}")

    def epoch(self, epoch: Epoch, is_best: bool) -> None:
        self._epoch, self._steps = epoch.number + 1, 0

    def noticed(self, finding: Diagnostic) -> None:
        self._terminal.noticed(self._network, finding)


def show(search: Search, found: Sequence[Found], against: str, said: str, *, as_json: bool) -> None:
    """The table on standard output, and the picture in the folder; ``said`` are the flags by which ``vggdsl train``
    trains as the search did."""
    best = on_front(found, against)
    files = _drawn(search.folder, found, against)
    if as_json:
        echo_json(_json(search, found, best, against))
        return
    space = search.proposals.space
    picked = [each.network.picks.items() for each in found]
    common = dict(item for item in picked[0] if all(item in others for others in picked)) if len(found) > 1 else {}
    rows = [
        (
            "*" if each in best else "",
            f"{each.network.number:03}",
            f"{each.network.spec.typed.params:,}",
            count_text(each.network.spec.typed.macs),
            each.network.spec.typed.receptive_field.short,
            "failed" if each.standing.failed else f"{each.epochs}/{search.halving.epochs}",
            _accuracy(each.val_accuracy),
            _accuracy(each.test_accuracy),
            space.said({name: place for name, place in each.network.picks.items() if name not in common}),
        )
        for each in found
    ]
    figures = numbers("params", "MACs", "field", "epochs", "val", "test")
    columns = words("", "network") + figures + words("choices")
    print_table(Table(columns, [RowGroup(rows)], space.said(common)))
    click.echo()
    click.echo(f"* no other that was trained to the end is as accurate with as few {_FEW[against]}")
    click.echo("chosen by val, the accuracy on the validation images; nothing is chosen by test")
    if images := found[0].val_images:
        say(f"{plural(images, 'validation image')}: one of them is {1 / images:.4f} of val")
    if len(best) < _FEW_ON_FRONT and not all(each.standing.has_ended for each in found):
        say("halving goes by accuracy alone: `--halving none`, with another -o, trains small networks to the end, too")
    for line in _told(search, found):
        say(line)
    for path in files:
        say(f"picture: {path}")
    if found[0].run is not None and found[0].standing.has_ended:
        say(f"the best: {found[0].run}")
        say(f"by more seeds: vggdsl train {quote(str(found[0].run / SPEC))} --seeds 5 --missing{said}")


_FEW_ON_FRONT = 3
_FEW = {"params": "parameters", "macs": "MACs"}


def _accuracy(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _told(search: Search, found: Sequence[Found]) -> list[str]:
    """What it took."""
    ended = sum(each.standing.has_ended for each in found)
    epochs = sum(each.epochs for each in found)
    beyond = f"{plural(search.proposals.beyond, 'proposal')} beyond the budget or no network"
    lines = [f"{plural(len(found), 'network')} begun, {ended} trained to the end, {plural(epochs, 'epoch')}; {beyond}"]
    lines += [
        f"{other.network.number:03} has the weights of {first.network.number:03}: it computes the same"
        for other, first in alike(found)
    ]
    if failed := [each.standing.failed for each in found if each.standing.failed]:
        lines.append(f"{plural(len(failed), 'network')} failed: {'; '.join(dict.fromkeys(failed))}")
    going = [each for each in found if not each.standing.has_ended and not each.standing.failed]
    stopped = next((each for each in going if each.epochs and each.run), None)
    if stopped is not None:
        lines.append(f"one that was stopped early goes on by `vggdsl train --resume {quote(str(stopped.run))}`")
    return lines


def _drawn(folder: Path, found: Sequence[Found], against: str) -> list[Path]:
    """Writes the picture, where there is a network on it."""
    if all(each.val_accuracy is None for each in found):
        return []
    drawn = svg(scatter(found, against))
    path, other = folder / f"{FRONT}.svg", folder / f"{FRONT}.png"
    write_text(path, drawn)
    with replacing(other) as part:
        part.write_bytes(png(drawn))
    return [path, other]


def _json(search: Search, found: Sequence[Found], best: Sequence[Found], against: str) -> Searched:
    proposals = search.proposals
    fitting = proposals.fitting
    return {
        "space": proposals.space.name,
        "networks": proposals.space.networks,
        "fitting": None if fitting is None else len(fitting),
        "beyond": proposals.beyond,
        "folder": str(search.folder),
        "epochs": sum(each.epochs for each in found),
        "against": against,
        "tried": [_row(each, search, each in best) for each in found],
    }


def _row(each: Found, search: Search, is_on_front: bool) -> SearchedNetwork:
    typed = each.network.spec.typed
    return {
        "number": each.network.number,
        "choices": each.chosen(search.proposals.space),
        "network": each.network.digest,
        "params": typed.params,
        "macs": typed.macs,
        "receptive_field": list(typed.receptive_field),
        "epochs": each.epochs,
        "ended": each.standing.has_ended,
        "failed": each.standing.failed or None,
        "val_accuracy": each.val_accuracy,
        "test_accuracy": each.test_accuracy,
        "weights": each.weights,
        "front": is_on_front,
        "run": None if each.run is None else str(each.run),
    }
