"""Which networks a search tries and how long it trains them, also where it is killed or several processes share it."""

import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from errno import ENOSYS
from math import ceil
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.storages.journal import JournalFileBackend
from profiles import THOROUGH, fewer
from refusals import refusal

from vggdsl.experiments.memory import TooLargeError
from vggdsl.experiments.report.charts import svg
from vggdsl.experiments.reporter import Reporter, Silent
from vggdsl.experiments.search.budget import nothing_fits
from vggdsl.experiments.search.chart import scatter
from vggdsl.experiments.search.front import front
from vggdsl.experiments.search.halving import Halving, Leg, Rank, Standing
from vggdsl.experiments.search.plan import Plan
from vggdsl.experiments.search.proposals import Proposals, Tried
from vggdsl.experiments.search.search import Search
from vggdsl.experiments.search.settings import keep
from vggdsl.experiments.search.table import Found, on_front
from vggdsl.experiments.search.table import table as rows_of
from vggdsl.experiments.search.trainings import TORN, Runs
from vggdsl.experiments.train import Stopped
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import metrics_of
from vggdsl.records.runfolder import RunFolder, Start
from vggdsl.spec.budget import Budget, excess, within
from vggdsl.spec.parsing import parse
from vggdsl.spec.space import Network, Space, load_space, made_networks, space_of
from vggdsl.text.errors import Diagnostic, InputError, RecipeError, RecordError, VggdslError
from vggdsl.text.files import is_file
from vggdsl.text.source import Source

SPEC = parse("input 4x4x1 FC-2 softmax")
SMALL = parse("input 8x8x1 conv3-4 maxpool conv3-4 FC-3 softmax").typed
ANY = Budget()


class Unheard:
    def __init__(self) -> None:
        self.told = list[str]()
        self.legs: Sequence[Leg] = ()

    def reporter(self, network: Tried, rung: int | None) -> Reporter:
        return Silent()

    def noticed(self, network: Tried, finding: Diagnostic) -> None:
        self.told.append("noticed")

    def stands(self, legs: Sequence[Leg], standings: Mapping[int, Standing], networks: Mapping[int, Tried]) -> None:
        self.legs = legs

    def failed(self, network: Tried, error: VggdslError) -> None:
        self.told.append(f"failed {network.number}")

    def waiting(self, leg: Leg) -> None:
        self.told.append("waiting")


class KilledError(BaseException):
    """A process that ends at once."""


@dataclass
class Pretended:
    """Trainings that take no time and whose accuracies are given; ``left`` epochs are trained until the process is
    killed. What is in ``epochs``, by networks, outlives it."""

    accuracy: Callable[[Tried, int], float]
    last: int
    epochs: dict[int, list[Rank]] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    left: int = 10**9
    trained: Counter[tuple[int, int]] = field(default_factory=Counter)
    wrong: Mapping[int, BaseException] = field(default_factory=dict)

    def run_of(self, network: Tried) -> Path | None:
        return None

    def standing(self, network: Tried) -> Standing:
        return Standing(tuple(self.epochs.get(network.number, ())), network.number in self.ended)

    def train(self, network: Tried, rung: int | None) -> None:
        if network.number in self.wrong:
            raise self.wrong[network.number]
        done = self.epochs.setdefault(network.number, [])
        while len(done) < (self.last if rung is None else rung):
            if self.left == 0:
                raise KilledError
            self.left -= 1
            epoch = len(done) + 1
            self.trained[network.number, epoch] += 1
            done.append((self.accuracy(network, epoch), -float(epoch)))
        if rung is None:
            self.ended.add(network.number)


@dataclass
class Given:
    """Networks that there are from the beginning, or come one after the other, in the place of ``Proposals``."""

    most: int
    networks: dict[int, Tried] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return len(self.networks) == self.most

    def add(self, standings: Mapping[int, Standing], rung: int | None) -> None:
        if not self.is_full:
            number = len(self.networks) + 1
            self.networks[number] = Tried(number, {}, SPEC)

    def tell(self, standings: Mapping[int, Standing], rung: int | None) -> None:
        pass


def searched(
    folder: Path, table: Sequence[Sequence[float]], factor: int | None, trainings: Pretended | None = None
) -> tuple[dict[int, Standing], Pretended]:
    """A search among networks whose accuracies are the rows of a table, a column an epoch."""
    trainings = trainings or Pretended(lambda network, epoch: table[network.number - 1][epoch - 1], len(table[0]))
    proposals = cast(Proposals, Given(len(table)))
    search = Search(folder, proposals, trainings, Halving(len(table[0]), factor), Unheard())
    return search.run(), trainings


def by_hand(table: Sequence[Sequence[float]], factor: int) -> tuple[dict[int, int], set[int]]:
    """How long each network is trained, and which ones to the end, as the paper tells successive halving: of all the
    best n-th part, of these again."""
    last = len(table[0])
    group, epochs = list(range(1, len(table) + 1)), dict[int, int]()
    for power in (2, 1, 0):
        rung = max(1, round(last / factor**power))
        if power and (rung == last or rung == max(epochs.values(), default=0)):
            continue
        epochs |= dict.fromkeys(group, rung)
        if power:

            def score(number: int, rung: int = rung) -> tuple[float, int]:
                row = table[number - 1][:rung]
                best = max(row)
                return best, -row.index(best)  # of equal epochs the one of the lower loss, here the first

            ordered = sorted(group, key=score, reverse=True)
            group = sorted(ordered[: ceil(len(group) / factor)])
    return epochs, set(group)


tables = st.integers(1, 30).flatmap(
    lambda epochs: st.lists(
        st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=epochs, max_size=epochs), min_size=1, max_size=24
    )
)


@fewer
@given(tables, st.sampled_from([2, 3, 4]))
def test_the_best_go_on_and_no_epoch_is_trained_twice(
    tmp_path_factory: pytest.TempPathFactory, table: Sequence[Sequence[float]], factor: int
) -> None:
    standings, trainings = searched(tmp_path_factory.mktemp("search"), table, factor)
    epochs, ended = by_hand(table, factor)
    assert {number: len(standing.ranks) for number, standing in standings.items()} == epochs
    assert {number for number, standing in standings.items() if standing.has_ended} == ended
    assert set(trainings.trained.values()) == {1}


@fewer
@given(tables)
def test_without_halving_all_are_trained_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, table: Sequence[Sequence[float]]
) -> None:
    standings, _ = searched(tmp_path_factory.mktemp("search"), table, None)
    assert all(standing.has_ended for standing in standings.values())
    assert [max(standing.ranks)[0] for standing in standings.values()] == [max(row) for row in table]


@fewer
@given(tables, st.data())
def test_a_search_that_is_killed_at_any_epochs_ends_as_one_that_never_was(
    tmp_path_factory: pytest.TempPathFactory, table: Sequence[Sequence[float]], data: st.DataObject
) -> None:
    whole, alone = searched(tmp_path_factory.mktemp("search"), table, 3)
    folder, trainings = tmp_path_factory.mktemp("search"), None
    trainings = Pretended(lambda network, epoch: table[network.number - 1][epoch - 1], len(table[0]))
    total = sum(alone.trained.values())
    for _ in range(3):
        trainings.left = data.draw(st.integers(0, total))
        try:
            searched(folder, table, 3, trainings)
        except KilledError:
            continue
    trainings.left = total
    again, _ = searched(folder, table, 3, trainings)
    assert again == whole
    assert trainings.trained == alone.trained


@fewer
@given(tables, st.data())
def test_networks_that_are_added_are_compared_by_the_epochs_of_the_rung(
    tmp_path_factory: pytest.TempPathFactory, table: Sequence[Sequence[float]], data: st.DataObject
) -> None:
    """A network that went on when there were fewer has no advantage by what it came to since."""
    folder, fewer_of_them = tmp_path_factory.mktemp("search"), table[: data.draw(st.integers(1, len(table)))]
    trainings = Pretended(lambda network, epoch: table[network.number - 1][epoch - 1], len(table[0]))
    searched(folder, fewer_of_them, 3, trainings)
    standings, _ = searched(folder, table, 3, trainings)
    (before, ended_before), (epochs, ended) = by_hand(fewer_of_them, 3), by_hand(table, 3)
    assert {n: len(standing.ranks) for n, standing in standings.items()} == {
        n: max(count, before.get(n, 0)) for n, count in epochs.items()
    }
    assert {n for n, standing in standings.items() if standing.has_ended} == ended | ended_before


def test_several_processes_share_a_search_and_end_as_one_does(tmp_path: Path) -> None:
    table = [[(7 * row * column + row) % 19 / 19 for column in range(1, 10)] for row in range(1, 31)]
    whole, _ = searched(tmp_path, table, 3)
    shared, proposals = Pretended(lambda network, epoch: table[network.number - 1][epoch - 1], 9), Given(len(table))
    proposals.networks = {number: Tried(number, {}, SPEC) for number in range(1, len(table) + 1)}
    found = list[dict[int, Standing]]()

    def work() -> None:
        search = Search(tmp_path, cast(Proposals, proposals), shared, Halving(9, 3), Unheard())
        found.append(search.run())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [whole] * 4
    assert set(shared.trained.values()) == {1}


def test_a_network_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    error = RecipeError(Diagnostic("V409", "it can't be"))
    table = [[0.9, 0.9, 0.9], [0.1, 0.2, 0.3], [0.2, 0.1, 0.1], [0.3, 0.1, 0.1]]
    trainings = Pretended(lambda network, epoch: table[network.number - 1][epoch - 1], 3, wrong={1: error})
    standings, _ = searched(tmp_path, table, 2, trainings)
    assert "it can't be" in standings[1].failed
    assert [number for number, standing in standings.items() if standing.has_ended] == [4]
    failed = {n: Standing(failed="no number") for n in range(1, 8)}
    able = {n: Standing(((0.5, 0.0),)) for n in (8, 9)}
    assert Halving(9, 3).going_on(range(1, 10), failed | able, 1) == [8, 9]


def test_what_every_network_would_meet_ends_the_search(tmp_path: Path) -> None:
    table = [[0.9] * 3, [0.1] * 3, [0.2] * 3]

    def failing(error: VggdslError) -> Pretended:
        return Pretended(lambda network, epoch: table[network.number - 1][epoch - 1], 3, wrong={1: error})

    data = failing(InputError(Diagnostic("V530", "an image can't be read")))
    assert refusal(lambda: searched(tmp_path, table, 3, data)).code == "V530"
    assert not data.trained
    standings, _ = searched(tmp_path, table, 3, failing(TooLargeError(Diagnostic("V508", "out of memory"))))
    assert "out of memory" in standings[1].failed
    assert standings[3].has_ended


@pytest.mark.parametrize("press", [KeyboardInterrupt(), Stopped(Path("run"), 1)])
def test_ctrl_c_says_that_the_same_call_goes_on(tmp_path: Path, press: BaseException) -> None:
    trainings = Pretended(lambda network, epoch: 0.5, 3, wrong={1: press})
    told = refusal(lambda: searched(tmp_path, [[0.5] * 3] * 2, 3, trainings))
    assert (told.code, told.help) == ("V605", "the same call goes on with it")


def test_a_network_that_another_process_adds_last_is_waited_for(tmp_path: Path) -> None:
    class Shared(Given):
        @property
        def is_full(self) -> bool:
            """Asked for the first time, another process adds the last one."""
            self.networks.setdefault(2, Tried(2, {}, SPEC))
            return True

    proposals = cast(Proposals, Shared(2, {1: Tried(1, {}, SPEC)}))
    trainings = Pretended(lambda network, epoch: network.number / 2, 3, {1: [(0.5, -1.0)] * 3}, {1})
    standings = Search(tmp_path, proposals, trainings, Halving(3, None), Unheard()).run()
    assert {number: standing.has_ended for number, standing in standings.items()} == {1: True, 2: True}


def test_a_run_is_of_the_network_that_its_spec_says(tmp_path: Path) -> None:
    runs = Runs(tmp_path, lambda spec: spec.recipe(), Workplace(), lambda network, rung: Silent(), Unheard().noticed)
    network = Tried(1, {}, replace(SPEC, name="space-001"))

    def begun(name: str, text: str = SPEC.text, seed: int = 0, added: int = 0, **flags: int) -> Path:
        (tmp_path / name).mkdir()
        folder = RunFolder(tmp_path / name, parse(text), SPEC.recipe().with_flags(**flags), seed)
        folder.write_plan(tmp_path, "cpu", Start(), added=added)
        return folder.path

    assert runs.run_of(network) is None
    ours = begun("space-001-s0-1", f"# told otherwise\n{SPEC.text}")
    begun("space-001-s0-2", "input 4x4x1 FC-3 softmax")  # before the study was lost, another network was the first
    begun("space-001-s0-3")
    (tmp_path / "space-001-s0-3" / "spec.arch").write_text("input 4x4")
    assert runs.run_of(network) == ours
    again = begun("space-001-s0-10")
    assert runs.run_of(network) == ours, "the same once more is a user's"
    (ours / TORN).write_text("torn")
    assert runs.run_of(network) == again, "unless the search began it, where the first was torn"
    begun("space-001-s1-1", seed=1)
    begun("space-001-s0-4", added=3, epochs=SPEC.recipe().epochs + 3)
    begun("space-001-s0-5", batch=7)
    assert runs.run_of(network) == again


def test_a_run_that_cannot_be_gone_on_with_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Unheard()
    runs = Runs(tmp_path, lambda spec: spec.recipe(), Workplace(), lambda network, rung: Silent(), told.noticed)
    spec, path = replace(parse("input 8x8x1 FC-10 softmax"), name="space-001"), tmp_path / "space-001-s0-1"
    network = Tried(1, {}, spec)
    path.mkdir()
    RunFolder(path, spec, spec.recipe(), 0).write_plan(tmp_path, "cpu", Start())

    def torn(run: Path, *of: object) -> None:
        assert run == path
        raise RecordError(Diagnostic("V607", "its checkpoints are torn"))

    begun = list[object]()
    monkeypatch.setattr("vggdsl.experiments.search.trainings.resume", torn)
    monkeypatch.setattr("vggdsl.experiments.search.trainings.begin", lambda *of: begun.append(of))
    runs.train(network, 1)
    assert (len(begun), told.told, runs.run_of(network)) == (1, ["noticed"], None)
    assert (path / TORN).read_text() == "V607: its checkpoints are torn\n"


def test_a_training_has_ended_with_all_of_its_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(tmp_path, lambda spec: spec.recipe(), Workplace(), lambda network, rung: Silent(), Unheard().noticed)
    network, path = Tried(1, {}, replace(SPEC, name="space-001")), tmp_path / "space-001-s0-1"
    path.mkdir()
    RunFolder(path, SPEC, SPEC.recipe(), 0).write_plan(tmp_path, "cpu", Start())
    (path / "metrics.csv").write_text("number\n")

    def read(path: Path, most: int) -> tuple[Epoch, ...]:
        found = metrics_of(path, most)
        (path / "record.arch").write_text("another process has trained the last epoch meanwhile")
        return found

    monkeypatch.setattr("vggdsl.experiments.search.trainings.metrics_of", read)
    assert runs.standing(network) == Standing()
    for damage in ((path / "metrics.csv").touch, (path / "metrics.csv").unlink):
        damage()
        told = refusal(lambda: runs.standing(network))
        assert (told.code, "metrics.csv" in told.message) == ("V604", True)


# -- the front


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_the_front_are_those_that_no_other_beats(points: list[tuple[int, int]]) -> None:
    costs, ranks = [cost for cost, _ in points], [(float(rank), 0.0) for _, rank in points]
    found = front(costs, ranks)

    def beaten(point: tuple[int, int]) -> bool:
        return any(o != point and o[0] <= point[0] and o[1] >= point[1] for o in points)

    assert {points[place] for place in found} == {point for point in points if not beaten(point)}
    assert [points[place] for place in found] == sorted({points[place] for place in found})


def found(widths: Sequence[int], standings: Sequence[Standing]) -> list[Found]:
    """Networks of so many channels, and what came of them."""
    specs = [parse(f"input 4x4x1 conv3-{width} FC-2 softmax") for width in widths]
    numbered = enumerate(zip(specs, standings, strict=True), 1)
    return [Found(Tried(number, {}, spec), standing, None) for number, (spec, standing) in numbered]


def test_the_table_goes_by_how_far_they_came_and_then_by_what_they_came_to() -> None:
    """One that ended early, by its recipe, has come to the end."""

    def standing(*accuracies: float, has_ended: bool = False) -> Standing:
        return Standing(tuple((accuracy, -1.0) for accuracy in accuracies), has_ended)

    standings = {
        1: standing(0.9),
        2: standing(0.1, 0.2),
        3: standing(0.5, 0.6, 0.4, has_ended=True),
        4: standing(0.1, 0.7, has_ended=True),
        5: standing(0.1, 0.3),
    }
    rows = rows_of({number: Tried(number, {}, SPEC) for number in standings}, standings, lambda network: None)
    assert [row.network.number for row in rows] == [4, 3, 5, 2, 1]
    assert [(row.epochs, row.val_accuracy) for row in rows[:2]] == [(2, 0.7), (3, 0.6)]


@pytest.mark.parametrize(("widths", "kind"), [((2, 4), "linear"), ((2, 30), "log")])
def test_costs_that_lie_far_apart_are_drawn_on_a_logarithmic_axis(widths: tuple[int, int], kind: str) -> None:
    ended = [Standing(((0.9, -0.1),), has_ended=True)] * 2
    (place, *_) = (layer["encoding"]["x"] for layer in scatter(found(widths, ended), "params")["layer"])
    assert place["scale"]["type"] == kind


def test_the_picture_has_the_front_and_leaves_out_what_is_far_below() -> None:
    ended = [Standing(((accuracy, -0.1),), has_ended=True) for accuracy in (0.80, 0.90, 0.85)]
    stopped = [Standing(((accuracy, -0.1),)) for accuracy in (0.75, 0.2)]
    networks = found([2, 4, 8, 3, 16], [*ended, *stopped])
    assert [each.network.number for each in on_front(networks, "macs")] == [1, 2]
    chart = scatter(networks, "params")
    line, points = (layer["data"]["values"] for layer in chart["layer"][:2])
    assert [value["number"] for value in line] == ["001", "002"]
    assert {(value["number"], value["of"]) for value in points} == {
        *((number, "trained to the end") for number in ("001", "002", "003")),
        ("004", "stopped early (1 of 2; the others are below)"),
    }
    drawn = svg(chart)
    assert "trained to the end" in drawn
    assert "parameters" in drawn


def test_the_picture_says_of_networks_that_none_of_them_is_shown() -> None:
    ended = Standing(((0.9, -0.1),), has_ended=True)
    stopped, failed = [Standing(((accuracy, -0.1),)) for accuracy in (0.1, 0.2)], Standing(failed="no number")
    told = "stopped early (0 of 2; the others are below)"
    assert told in svg(scatter(found([2, 3, 5, 4, 8, 16], [ended, ended, ended, *stopped, failed]), "params"))
    assert "stopped" not in svg(scatter(found([2, 16], [ended, failed]), "params"))
    assert "trained to the end" not in svg(scatter(found([2, 4], stopped), "params"))
    diverged = replace(stopped[1], ranks=((0.89, -0.1),), failed="no number")
    assert "stopped" not in svg(scatter(found([2, 16], [ended, diverged]), "params")), "it wasn't stopped early"


def test_beside_few_that_were_trained_to_the_end_the_picture_has_all() -> None:
    ended, stopped = Standing(((0.9, -0.1),), has_ended=True), Standing(((0.1, -0.1),))
    for few in (1, 2):
        points = scatter(found([2, 3, 16][-few - 1 :], [*[ended] * few, stopped]), "params")["layer"][1]["data"][
            "values"
        ]
        assert [value["accuracy"] for value in points] == [*[0.9] * few, 0.1]


# -- the networks


TEXT = "input 8x8x1\nconv3-{a=2|4|8} maxpool\nconv{k=1|3}-{b=2|4} maxpool\nFC-{c=4|8|16} FC-3 softmax\n"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    (tmp_path / "space.arch").write_text(TEXT)
    return load_space(str(tmp_path / "space.arch"))


def accuracy(network: Tried) -> float:
    """Of the largest a network of the space has most."""
    return network.spec.typed.params / 10_000


@pytest.fixture(scope="module", autouse=True)
def off_the_disk() -> Iterator[None]:
    """Nothing is waited for until it is on the disk, which takes longest of all that Optuna does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda file: None)
        yield


def proposed(folder: Path, space: Space, budget: Budget, wanted: int, calls: int = 1, seed: int = 0) -> Proposals:
    """All networks that are proposed where each is trained before the next is; made anew ``calls`` times on the way."""
    proposals = Proposals(folder, space, budget, wanted, seed)
    for place in range(10 * wanted):
        if place % max(1, wanted // calls) == 0:
            proposals = Proposals(folder, space, budget, wanted, seed)
        standings = {n: Standing(((accuracy(network), 0.0),)) for n, network in proposals.networks.items()}
        if proposals.is_full:
            proposals.tell(standings, 1)
            return proposals
        proposals.add(standings, 1)
    raise AssertionError("it never ends")


@settings(max_examples=200 if THOROUGH else 6)
@given(st.integers(100, 1_000), st.integers(1, 20), st.integers(0, 5))
def test_networks_are_different_ones_within_the_budget(
    tmp_path_factory: pytest.TempPathFactory, most: int, wanted: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("search")
    (folder / "space.arch").write_text(TEXT)
    space, budget = load_space(str(folder / "space.arch")), Budget(params=(None, most))
    networks = proposed(folder, space, budget, wanted, seed=seed).networks
    fitting = {s.network.graph.digest for p in space.assignments() if within((s := space.fill(p)).typed, budget)}
    digests = [network.digest for network in networks.values()]
    assert len(set(digests)) == len(digests) == min(wanted, len(fitting))
    assert set(digests) <= fitting
    assert list(networks) == list(range(1, len(networks) + 1))


@pytest.mark.parametrize("wanted", [12, pytest.param(100, marks=pytest.mark.thorough)])
def test_what_is_proposed_depends_on_what_was_found_alone(tmp_path: Path, space: Space, wanted: int) -> None:
    orders = list[list[str]]()
    for name, calls in (("once", 1), ("often", 6)):
        folder = tmp_path / name
        folder.mkdir()
        proposals = proposed(folder, space, ANY, wanted, calls)
        orders.append([network.digest for network in proposals.networks.values()])
    assert orders[0] == orders[1]


NESTED = "input 8x8x1\n( conv3-{a=2|4} | conv1x3-{b=2|4} maxpool | identity )\n( maxpool9/9 | identity ) FC-3 softmax\n"
"""Ten assignments of five networks: a window of 9 has no place on a map of 8."""


def test_choices_within_others_are_made_where_those_are_taken(tmp_path: Path) -> None:
    (tmp_path / "nested.arch").write_text(NESTED)
    space = load_space(str(tmp_path / "nested.arch"))
    proposals = proposed(tmp_path, space, ANY, 50)
    assert space.networks == 10
    assert len(proposals.networks) == 5
    assert {frozenset(network.picks) & {"a", "b"} for network in proposals.networks.values()} == {
        frozenset(),
        frozenset("a"),
        frozenset("b"),
    }
    (tmp_path / "few").mkdir()
    drawn = proposed(tmp_path / "few", space, ANY, 4)
    assert len(drawn.networks) == 4
    assert drawn.beyond > 0


@pytest.fixture
def large(tmp_path: Path) -> Space:
    """8,000 networks."""
    choice = "|".join(map(str, range(1, 21)))
    text = f"input 8x8x1\nconv3-{{a={choice}}} conv3-{{b={choice}}} conv3-{{c={choice}}} maxpool\nFC-3 softmax\n"
    (tmp_path / "large.arch").write_text(text)
    return load_space(str(tmp_path / "large.arch"))


def test_proposals_follow_what_was_found(tmp_path: Path, large: Space) -> None:
    """Accuracy grows with each width: the later ones are better than those that were drawn."""
    networks = [accuracy(network) for network in proposed(tmp_path, large, ANY, 30).networks.values()]
    assert sum(networks[:10]) / 10 < sum(networks[20:]) / 10


def test_a_network_is_proposed_by_what_others_were_at_the_rung_however_far_they_went(
    tmp_path: Path, large: Space
) -> None:
    """Which network is tried doesn't depend on which of several processes was the faster."""
    apart = [tmp_path / name for name in ("early", "late")]
    for folder, later in zip(apart, ((), ((1.0, 0.0), (0.9, 0.0))), strict=True):
        folder.mkdir()
        proposals = Proposals(folder, large, ANY, 13, 0)
        for _ in range(13):
            found = {n: ((accuracy(network), 0.0), *later) for n, network in proposals.networks.items()}
            proposals.add({n: Standing(ranks) for n, ranks in found.items()}, 1)
    ours, theirs = ([n.digest for n in Proposals(f, large, ANY, 13, 0).networks.values()] for f in apart)
    assert len(ours) == 13
    assert ours == theirs


def test_a_space_that_is_too_large_to_look_at_is_searched_too(tmp_path: Path, large: Space) -> None:
    budget = Budget(params=(None, 1_500))
    proposals = proposed(tmp_path, large, budget, 12)
    assert proposals.fitting is None
    assert len(proposals.networks) == 12
    assert all(network.spec.typed.params <= 1_500 for network in proposals.networks.values())
    assert proposals.beyond > 0


def test_where_nothing_new_is_found_no_more_is_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vggdsl.experiments.search.proposals.ENUMERATED", 0)
    monkeypatch.setattr("vggdsl.experiments.search.proposals._LONG_IN_VAIN", 20)
    (tmp_path / "two.arch").write_text("input 8x8x1\nconv3-{a=2|4}\nFC-3 softmax\n")
    proposals = proposed(tmp_path, load_space(str(tmp_path / "two.arch")), ANY, 5)
    assert len(proposals.networks) == 2
    assert proposals.is_full


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 20), st.integers(0, 20))
def test_the_excess_is_positive_beyond_the_budget_alone(low: int, high: int, least: int, most: int) -> None:
    budget = Budget((low, high), (None, 20_000), (least, most))
    sees = SMALL.receptive_field
    fits = low <= SMALL.params <= high and SMALL.macs <= 20_000 and least <= min(sees) and max(sees) <= most
    assert (max(excess(SMALL, budget).values()) <= 0, within(SMALL, budget)) == (fits, fits)


def test_a_search_of_many_networks_that_nothing_fits_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vggdsl.experiments.search.proposals._LONG_IN_VAIN", 25)
    (tmp_path / "half.arch").write_text(HALF.format("maxpool x5 | identity"))
    space, folder = load_space(str(tmp_path / "half.arch")), tmp_path / "search"
    plan = Plan(space, folder, Workplace(), Budget(params=(None, 100), macs=(10**9, None)))
    told = refusal(lambda: plan.open(Unheard()))
    assert not folder.exists()
    tried = re.fullmatch(r"none of the (\d+) networks that were proposed of half fits the budget", told.message)
    assert tried is not None
    assert 1 < int(tried[1]) <= 25
    nearest = re.match(
        r"the nearest is 1:layers=identity, 2:conv=\d+, 3:conv=\d+: params ([\d,]+), at most 100, macs", str(told.help)
    )
    assert nearest is not None
    smallest = space.network({"1:layers": 1, "2:conv": 0, "3:conv": 0}).typed.params
    assert smallest <= int(nearest[1].replace(",", ""))


@settings(max_examples=100 if THOROUGH else 8)
@given(st.integers(1, 700), st.integers(1, 700))
def test_the_nearest_is_that_whose_furthest_bound_is_nearest(params: int, field: int) -> None:
    found = space_of(Source("net.arch", "input 8x8x1\nconv3-{1..9} x{1..3} maxpool x{2..4}\nFC-10\n"))
    budget = Budget(params=(None, params // 8), receptive_field=(field + 600, None))
    beyond = [
        max(excess(made.typed, budget).values()) for _, made in made_networks(found, 99) if isinstance(made, Network)
    ]
    told = nothing_fits(found, budget, found.assignments()).diagnostics[0]
    assert told.message == "none of the 81 networks of net fits the budget"
    picks = re.fullmatch(r"the nearest is 1:conv=(\d), 2:x=(\d), 3:x=(\d): .*", str(told.help))
    assert picks is not None
    one = {"1:conv": int(picks[1]) - 1, "2:x": int(picks[2]) - 1, "3:x": int(picks[3]) - 2}
    assert max(excess(found.network(one).typed, budget).values()) == min(beyond)


def test_where_no_network_can_be_made_none_is_nearest() -> None:
    found = space_of(Source("net.arch", "input 8x8x1\nmaxpool x{5..9}\nFC-10\n"))
    told = nothing_fits(found, ANY, found.assignments()).diagnostics[0]
    assert told.help == "none of them can be made: `vggdsl check` says why"


def test_a_torn_list_of_trials_is_told(tmp_path: Path, space: Space) -> None:
    proposed(tmp_path, space, ANY, 2)
    path = tmp_path / "trials.log"
    path.write_bytes(path.read_bytes()[:-20] + b"\n{}\n")
    told = refusal(lambda: Proposals(tmp_path, space, ANY, 2, 0))
    assert told.code == "V613"
    assert "trials.log can't be read" in told.message


@pytest.mark.parametrize(
    ("lost", "told"),
    [('"network":2', "networks 1, 3 aren't numbered"), ('"op_code":5', "nothing is chosen of a")],
)
def test_a_list_that_lost_a_line_is_told_and_not_added_to_without_end(
    tmp_path: Path, space: Space, lost: str, told: str
) -> None:
    proposed(tmp_path, space, ANY, 3)
    path = tmp_path / "trials.log"
    lines = path.read_text().splitlines(keepends=True)
    lines.remove(next(line for line in lines if lost in line))
    path.write_text("".join(lines))
    found = refusal(lambda: proposed(tmp_path, space, ANY, 4))
    assert (found.code, told in found.message) == ("V613", True), found.message


HALF = "input 8x8x1\n( {} ) conv3-{{4..40}} conv3-{{4..40}} FC-10 softmax\n"
"""2,738 networks."""


def test_a_space_is_searched_whose_first_networks_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vggdsl.experiments.search.plan._LOOKED_AT", 30)
    (tmp_path / "half.arch").write_text(HALF.format("maxpool x5 | identity"))
    (tmp_path / "none.arch").write_text(HALF.format("maxpool x5 | maxpool x6"))
    plan = Plan(load_space(str(tmp_path / "half.arch")), tmp_path / "search", Workplace(), ANY)
    assert plan.experiment().recipe.data.name == "digits"
    with pytest.raises(VggdslError) as raised:
        replace(plan, space=load_space(str(tmp_path / "none.arch"))).experiment()
    first, last = raised.value.diagnostics
    assert (first.code, last.code) == ("V201", "V614")
    assert "none of 60 networks of none that were looked at" in last.message


@settings(max_examples=200 if THOROUGH else 8)
@given(st.integers(0, 10**6))
def test_a_list_of_trials_that_was_cut_off_anywhere_is_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, at: int
) -> None:
    folder = tmp_path_factory.mktemp("search")
    (folder / "space.arch").write_text(TEXT)
    space, path = load_space(str(folder / "space.arch")), folder / "trials.log"
    proposed(folder, space, ANY, 2)
    path.write_bytes(path.read_bytes()[: at % path.stat().st_size])
    assert list(proposed(folder, space, ANY, 4).networks) == [1, 2, 3, 4]
    assert list(Proposals(folder, space, ANY, 4, 0).networks) == [1, 2, 3, 4]


SIX = "input 8x8x1\nconv3-{a=2|4|8} maxpool\nconv{k=1|3}-4 FC-3 softmax\n"


@settings(max_examples=41 if THOROUGH else 8)
@given(st.integers(0, 40))
def test_all_networks_are_tried_though_a_process_is_killed_before_any_line(
    tmp_path_factory: pytest.TempPathFactory, lines: int
) -> None:
    folder = tmp_path_factory.mktemp("search")
    (folder / "space.arch").write_text(SIX)
    space, left = load_space(str(folder / "space.arch")), lines

    def killed(journal: JournalFileBackend, logs: list[dict[str, Any]]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError
        append(journal, logs)

    append = JournalFileBackend.append_logs
    with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
        patch.setattr(JournalFileBackend, "append_logs", killed)
        proposed(folder, space, ANY, 6)
    assert len(proposed(folder, space, ANY, 6).networks) == 6


def test_what_another_process_leaves_in_the_list_is_cut_off_or_told(tmp_path: Path, space: Space) -> None:
    proposals = proposed(tmp_path, space, ANY, 2)
    path = tmp_path / "trials.log"
    with path.open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    assert list(proposals.networks) == [1, 2]
    proposals.wanted = 3
    proposals.add({}, 1)
    assert list(Proposals(tmp_path, space, ANY, 3, 0).networks) == [1, 2, 3]
    with path.open("ab") as file:
        file.write(b"\x80\n{}\n")
    told = [refusal(lambda: proposals.networks), refusal(lambda: proposals.add({}, 1))]
    assert [each.code for each in told] == ["V613", "V613"]
    path.unlink()
    assert refusal(lambda: proposals.networks).code == "V613"


# -- the folder


def test_a_folder_is_of_one_search(tmp_path: Path) -> None:
    folder = tmp_path / "search"
    assert not keep(folder, {"params": "..1"})
    assert keep(folder, {"params": "..1"})
    told = refusal(lambda: keep(folder, {"params": "..2"}))
    assert (told.code, "params ..1, now ..2" in told.message) == ("V613", True)
    assert "remove" in (told.help or "")
    (folder / "search.json").write_text("{}")
    assert "other things" in refusal(lambda: keep(folder, {"params": "..1"})).message
    (folder / "search.json").write_text("[")
    assert refusal(lambda: keep(folder, {"params": "..1"})).code == "V613"
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    assert "holds something else" in refusal(lambda: keep(other, {"params": "..1"})).message


def test_of_different_searches_that_begin_at_once_one_has_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both see that there is none yet, if they can."""
    both = threading.Barrier(2)

    def looked(path: Path) -> bool:
        there = is_file(path)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        return there

    monkeypatch.setattr("vggdsl.experiments.search.settings.is_file", looked)
    told = list[str]()

    def begin(params: str) -> None:
        try:
            keep(tmp_path / "search", {"params": params})
        except VggdslError as error:
            told.append(error.diagnostics[0].code)

    threads = [threading.Thread(target=begin, args=(params,)) for params in ("..1", "..2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["V613"]


@pytest.mark.skipif(sys.platform == "win32", reason="it locks otherwise")
def test_a_file_system_without_locks_is_told_with_a_flag_that_there_is(
    tmp_path: Path, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*given: object) -> None:
        raise OSError(ENOSYS, os.strerror(ENOSYS))

    monkeypatch.setattr("fcntl.flock", flock)
    for call in (lambda: keep(tmp_path / "search", {}), lambda: Proposals(tmp_path, space, ANY, 2, 0)):
        told = refusal(call)
        assert (told.code, "has no locks" in told.message) == ("V506", True)
        assert "`-o DIR`" in (told.help or "")
