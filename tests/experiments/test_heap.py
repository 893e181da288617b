"""What a step frees is there for the next, and for others after the training."""

import subprocess
import sys

import pytest

from vggdsl.experiments import heap
from vggdsl.experiments.heap import _glibc, kept

glibc = pytest.mark.skipif(_glibc() is None, reason="a C library that is left as it is")

PROCESS = """
import resource
import numpy as np, psutil
from vggdsl.experiments.heap import kept

LARGE = 120 * 2**20  # bytes, beyond what glibc ever keeps by itself

def faults_of_a_block():
    "Pages that the system had to find as a block was written; the fewest of several blocks, one after the other."
    counts = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.empty(LARGE, np.uint8).fill(1)
        counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return min(counts)

def held():
    return psutil.Process().memory_info().rss

faults_of_a_block()  # what a first call keeps for ever
first = held()
"""
"""A process of its own: what others left on the heap of this one, holes and blocks at its end, would decide."""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROCESS + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@glibc
def test_a_block_that_was_freed_is_found_again() -> None:
    run("""
with kept():
    np.empty(2 * LARGE, np.uint8).fill(1)  # glibc asks for more than a block, to align it: one as large may not do
    assert (found := faults_of_a_block()) < 10, found
assert (found := faults_of_a_block()) >= LARGE // 2**21, found  # pages have 4 KiB, or 2 MiB
""")


@glibc
def test_what_is_free_is_given_back_at_the_end() -> None:
    run("""
with kept():
    faults_of_a_block()
    assert held() - first > LARGE / 2, held() - first
assert held() - first < LARGE / 2, held() - first
faults_of_a_block()
assert held() - first < LARGE / 2, held() - first
""")


@glibc
def test_an_error_ends_it_too() -> None:
    run("""
try:
    with kept():
        raise KeyError(faults_of_a_block())
except KeyError:
    assert held() - first < LARGE / 2, held() - first
else:
    raise AssertionError
""")


def test_an_old_glibc_keeps_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses more than half of a heap, and stays at what it has once it was told of trimming."""

    class Old:
        def __init__(self) -> None:
            self.thresholds = dict[int, int]()

        def mallopt(self, what: int, value: int) -> int:
            is_taken = what != heap._MMAP_THRESHOLD or value <= 32 * 2**20
            if is_taken:
                self.thresholds[what] = value
            return int(is_taken)

        def malloc_trim(self, pad: int) -> int:
            return 1

    old = Old()
    monkeypatch.setattr(heap, "_glibc", lambda: old)
    with kept():
        assert old.thresholds == {heap._MMAP_THRESHOLD: 32 * 2**20, heap._TRIM_THRESHOLD: -1}


@pytest.mark.parametrize(
    ("name", "value"), [("MALLOC_TRIM_THRESHOLD_", "1000000"), ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=4096")]
)
def test_what_a_user_has_set_stays(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_glibc", object)  # of which nothing can be asked
    with pytest.raises(AttributeError), kept():
        pass
    monkeypatch.setenv(name, value)
    with kept():
        pass


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert _glibc.__wrapped__() is None
