"""Who takes long keeps no other waiting."""

import asyncio
from threading import Event

from vggdsl.editor.turns import Turns


def test_however_many_take_long_others_have_their_turn() -> None:
    async def take() -> list[int]:
        turns, end = Turns(2, 0.1), Event()
        long = [asyncio.ensure_future(turns.take(end.wait)) for _ in range(5)]
        found = await turns.take(lambda: 1)
        assert not any(each.done() for each in long)
        end.set()
        return [found, *await asyncio.gather(*long)]

    assert asyncio.run(take()) == [1] * 6
