"""The memory that a process frees: kept for what it asks for next, or given back to the system."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST = 32 * 2**20
"""Bytes of a block up to which glibc comes to keep it by itself; it trims beyond twice as many."""
_KEPT = 256 * 2**20
"""Bytes up to which it keeps them here: still larger ones leave holes that nothing fits in."""


@contextmanager
def kept() -> Iterator[None]:
    """What is freed, but for the largest blocks, stays with the process meanwhile, and is given back at the end.

    By itself glibc maps a large block whenever one is asked for, and unmaps it when it is freed; the kernel clears its
    pages one by one, as they are touched. Steps of a training ask for the same blocks again and again. Other C
    libraries are left as they are, and so is one whose thresholds the user has set.

    What it brings and costs stands in ``bench/README.md``.
    """
    library = _glibc()
    if library is None or _is_set():
        yield
        return
    if not library.mallopt(_MMAP_THRESHOLD, _KEPT):  # before version 2.35 it takes no more than it comes to by itself
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
    library.mallopt(_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:  # what it comes to by itself where large blocks are freed: once told, it chooses no more
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST)
        given_back()


def given_back() -> None:
    """Gives what is free back to the system, where the C library can."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def _is_set() -> bool:
    """Whether the environment says what is kept: see mallopt(3)."""
    by_name = {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_"} & os.environ.keys()
    return bool(by_name) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")


@cache
def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "gnu_get_libc_version") else None
