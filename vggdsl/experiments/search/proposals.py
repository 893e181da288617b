"""Which networks are tried: a study of Optuna, in one file that several processes share."""

import hashlib
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage
from optuna.trial import Trial, TrialState

from vggdsl.experiments.search.budget import ENUMERATED, nothing_fits
from vggdsl.experiments.search.halving import Standing
from vggdsl.language.choices import OpenChoice
from vggdsl.records.runfolder import Lock
from vggdsl.spec.budget import Budget, excess, within
from vggdsl.spec.space import Network, Space
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError
from vggdsl.text.source import Source

TRIALS = "trials.log"
"""Of a search: its study, as Optuna's journal."""
_LOCK, _NETWORK, _NO_MORE = ".trials.lock", "network", "no more"
_IN_VAIN, _LONG_IN_VAIN = 10, 1_000
"""So many proposals in a row without a new network are enough, where it is known which there are and where it isn't."""


@dataclass(frozen=True, eq=False)
class Tried:
    """One that is tried: its number in the order in which they were proposed, what was chosen, and the spec of that."""

    number: int
    picks: Mapping[str, int]
    spec: Spec

    @property
    def digest(self) -> str:
        return self.spec.network.graph.digest


class Proposals:
    """The networks of a space that fit a budget and are tried.

    Optuna's TPE (Watanabe 2023, "Tree-Structured Parzen Estimator") proposes them by the accuracies after the first
    rung, and is told how far one is beyond the budget, which isn't trained. Where so many are wanted as fit, it is all
    of them, in an order that ``seed`` draws. What is proposed after some trials depends on these and the seed alone.
    """

    def __init__(self, folder: Path | None, space: Space, budget: Budget, wanted: int, seed: int) -> None:
        """Without a folder nothing is kept. Raises ``RecordError`` V613 if the folder's study can't be read."""
        self.space, self.budget, self.wanted, self.seed = space, budget, wanted, seed
        self._known = dict[int, Tried]()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._lock: AbstractContextManager[object] = nullcontext()
        self._path = (folder or Path()) / TRIALS
        if folder is None:
            self._study = optuna.create_study(direction="maximize")
            return
        self._lock = lock = Lock(folder / _LOCK, "-o")
        try:
            with lock:
                storage = JournalStorage(_Journal(self._path, lock))
                self._study = optuna.create_study(
                    storage=storage, study_name="search", direction="maximize", load_if_exists=True
                )
        except (ValueError, KeyError, TypeError, AssertionError) as error:  # what Optuna makes of lines that are others
            raise _unreadable(self._path, error) from None

    @property
    def networks(self) -> dict[int, Tried]:
        """All so far, by their numbers. Raises ``RecordError`` V613 where the study says of one no more what it is."""
        trials = [trial for trial in self._study.get_trials(deepcopy=False) if _NETWORK in trial.user_attrs]
        numbers = [trial.user_attrs[_NETWORK] for trial in trials]
        try:
            if numbers != [*range(1, len(trials) + 1)]:  # else a number is given twice, and one is added without end
                why = "as where locks there don't reach every machine that searches"
                raise ValueError(f"networks {', '.join(map(str, numbers))} aren't numbered one after the other, {why}")
            for number, trial in zip(numbers, trials, strict=True):
                if number not in self._known:
                    self._known[number] = self._network(number, trial.params)
        except ValueError as error:  # of picks that are no assignment, too
            raise _unreadable(self._path, error) from None
        return dict(self._known)

    @cached_property
    def fitting(self) -> list[Mapping[str, int]] | None:
        """All that fit, one of each network, in the drawn order; None where they are too many to look at all."""
        if self.space.networks > ENUMERATED:
            return None
        found = dict[str, Mapping[str, int]]()
        for picks in self.space.assignments():
            made = self._made(picks)
            if made is not None and within(made.typed, self.budget):
                found.setdefault(made.annotated.graph.digest, picks)
        return [found[digest] for digest in sorted(found, key=self._seed)]

    @property
    def most(self) -> int:
        """Networks that may come to be tried."""
        return self.wanted if self.fitting is None else min(self.wanted, len(self.fitting))

    @property
    def is_full(self) -> bool:
        """Whether no network is to be added any more."""
        return len(self.networks) >= self.most or self._study.user_attrs.get(_NO_MORE) == self.wanted

    @property
    def beyond(self) -> int:
        """How many were proposed that don't fit, or are no networks."""
        return sum(1 for _ in self._beyond())

    def _beyond(self) -> Iterator[Mapping[str, int]]:
        pruned = self._study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
        return (trial.params for trial in pruned if _NETWORK not in trial.user_attrs)

    def nothing_fits(self) -> InputError:
        """V614, with how many networks were proposed in vain."""
        return nothing_fits(self.space, self.budget, self._beyond(), " that were proposed")

    def add(self, standings: Mapping[int, Standing], rung: int | None) -> None:
        """Proposes another network, if not ``is_full``, by all that was found at the first rung."""
        with self._lock:
            self.tell(standings, rung)
            if self.is_full:
                return
            tried = {network.digest: number for number, network in self.networks.items()}
            for proposed in self._proposed(tried):
                if proposed is None:
                    self._study.set_user_attr(_NO_MORE, self.wanted)
                    return
                if self._takes(proposed, tried):
                    return

    def tell(self, standings: Mapping[int, Standing], rung: int | None) -> None:
        """Tells Optuna the accuracies that were found by now at the first rung."""
        with self._lock:
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                standing = standings.get(trial.user_attrs.get(_NETWORK, -1))
                if standing is not None and standing.has_reached(rung):
                    if standing.failed:
                        self._study.tell(trial.number, state=TrialState.PRUNED)
                    else:
                        self._study.tell(trial.number, standing.best(rung)[0])

    def _proposed(self, tried: Mapping[str, int]) -> Iterator[Trial | None]:
        """One after the other, until one is taken; at the end None if it isn't known that there are more."""
        for _ in self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):  # of a process that was killed
            yield self._study.ask()
        if self.fitting is None or len(self.fitting) > self.wanted:
            for _ in range(_LONG_IN_VAIN if self.fitting is None else _IN_VAIN):
                number = len(self._study.get_trials(deepcopy=False))
                self._study.sampler = optuna.samplers.TPESampler(seed=self._seed(number))
                yield self._study.ask()
        for picks in self.fitting or ():
            made = self._made(picks)
            if made is not None and made.annotated.graph.digest not in tried:
                self._study.enqueue_trial(dict(picks))
                yield self._study.ask()
        yield None

    def _takes(self, trial: Trial, tried: Mapping[str, int]) -> bool:
        """Whether a proposal is a network that fits and is another one than those before."""
        picks = _picked(trial, self.space)
        made = self._made(picks)
        beyond = {"network": 1.0} if made is None else excess(made.typed, self.budget)
        for measure, by in beyond.items():
            trial.set_constraint(measure, by)
        if made is None or not within(made.typed, self.budget):
            self._study.tell(trial, state=TrialState.PRUNED)
            return False
        if made.annotated.graph.digest in tried:
            self._study.tell(trial, state=TrialState.FAIL)
            return False
        trial.set_user_attr(_NETWORK, len(tried) + 1)
        return True

    def _made(self, picks: Mapping[str, int]) -> Network | None:
        """None where it is no network, as where a map is too small for a window."""
        try:
            return self.space.network(picks)
        except VggdslError:
            return None

    def _network(self, number: int, picks: Mapping[str, int]) -> Tried:
        """Named by its number, and as if its file lay beside that of the space, as folders of images do."""
        spec, name = self.space.fill(picks), f"{self.space.name}-{number:03}"
        source = Source(str(Path(self.space.source.name).parent / f"{name}.arch"), spec.text)
        return Tried(number, picks, replace(spec, name=name, source=source))

    def _seed(self, of: object) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed} {of}".encode()).digest()[:4])


def refuse_in_vain(space: Space, budget: Budget, seed: int) -> None:
    """Raises ``InputError`` V614 if none of what a search would propose first fits, of a space that isn't looked at
    whole; nothing is kept of it."""
    if space.networks <= ENUMERATED:
        return
    proposals = Proposals(None, space, budget, 1, seed)
    proposals.add({}, None)
    if not proposals.networks:
        raise proposals.nothing_fits()


class _Journal(JournalFileBackend):
    """Optuna's file; what can't be read of it is told, by ``RecordError`` V613, whenever it is read."""

    def __init__(self, path: Path, lock: Lock) -> None:
        super().__init__(str(path), _Lock(path, lock))
        self._path = path

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        try:
            yield from super().read_logs(log_number_from)
        except (ValueError, OSError) as error:
            raise _unreadable(self._path, error) from None


class _Lock(JournalFileOpenLock):
    """A lock that a process lets go of when it is killed; Optuna's own are waited for then. Who holds it may append."""

    def __init__(self, path: Path, lock: Lock) -> None:
        self._path, self._held = path, lock

    def acquire(self) -> bool:
        self._held.acquire()
        try:
            _cut(self._path)
        except OSError as error:
            self._held.release()
            raise _unreadable(self._path, error) from None
        return True

    def release(self) -> None:
        self._held.release()


def _cut(journal: Path) -> None:
    """Takes the start of a line away that a process left that was killed, or had no room: Optuna passes over it while
    it is the last, and would append to it. Who calls holds the lock, so nobody is just writing it."""
    with journal.open("rb+") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
        if file.read() not in (b"", b"\n"):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def _unreadable(path: Path, error: Exception) -> RecordError:
    message = f"{path} can't be read as Optuna's journal: {error}"
    return RecordError(Diagnostic("V613", message, help="search anew, in another folder with -o"))


def _picked(trial: Trial, space: Space) -> dict[str, int]:
    """What the trial's sampler chooses, choice by choice, as places among the options."""
    picks = dict[str, int]()
    while (choice := space.active(picks)) is not None:
        places = range(len(choice.options))
        picks[choice.name] = (
            trial.suggest_int(choice.name, 0, places[-1])
            if _is_ordered(choice)
            else int(trial.suggest_categorical(choice.name, list(places)))
        )
    return picks


def _is_ordered(choice: OpenChoice) -> bool:
    """Whether its options are numbers that grow, of which near ones are alike."""
    try:
        values = [float(option) for option in choice.options]
    except ValueError:
        return False
    return values == sorted(values)
