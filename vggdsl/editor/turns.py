"""Threads in which texts are read, while the editor is listened to."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_MOST = 64
"""Threads; only where texts that take longer have all of them, others wait."""


class Turns:
    """A few texts are read at a time. One that takes longer than a turn gives that to the next, and is read on beside
    it: the others don't wait for its end."""

    def __init__(self, at_once: int, seconds: float) -> None:
        """How many have a turn at a time, and how long that lasts."""
        self._free, self._seconds = asyncio.Semaphore(at_once), seconds
        self._threads = ThreadPoolExecutor(_MOST, "reading")

    async def take(self, work: Callable[[], T]) -> T:
        """What some work gives, when its turn has come."""
        await self._free.acquire()
        done = asyncio.wrap_future(self._threads.submit(work))
        ended = asyncio.ensure_future(self._end(done))
        try:
            return await done
        finally:
            await ended

    async def _end(self, done: "asyncio.Future[T]") -> None:
        await asyncio.wait((done,), timeout=self._seconds)
        self._free.release()
