"""Images that are asked for at about the same time are computed together."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Gives several at once to ``compute``, in a thread, and each its own answer.

    The first waits ``window`` seconds for others, up to ``most``; those that come while a batch is computed are the
    next one. Who doesn't wait any more isn't computed.
    """

    def __init__(self, compute: Callable[[Sequence[T]], Sequence[R]], most: int, window: float) -> None:
        self._compute, self._most, self._window = compute, most, window
        self._queue = asyncio.Queue[tuple[T, asyncio.Future[R]]]()

    async def __call__(self, one: T) -> R:
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((one, future))
        return await future

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as thread:
            while True:
                batch = [each for each in await self._together() if not each[1].done()]
                if not batch:
                    continue
                try:
                    answers = await loop.run_in_executor(thread, self._compute, [one for one, _ in batch])
                except Exception as error:  # a bug: told by each request, and no reason to answer no other
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(error)
                else:
                    for (_, future), answer in zip(batch, answers, strict=True):
                        if not future.done():
                            future.set_result(answer)

    async def _together(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch = [await self._queue.get()]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._window):
                while len(batch) < self._most:
                    batch.append(await self._queue.get())
        return batch
