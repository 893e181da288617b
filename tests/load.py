"""Many clients of ``vggdsl serve`` at once, of whom some mean no good.

python tests/load.py http://127.0.0.1:8000/ IMAGE --seconds 60 --clients 200
"""

import argparse
import asyncio
import io
import random
import struct
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from PIL import Image

HOSTILE = 0.05
PATIENCE = 120.0
"""Seconds after which an answer is taken not to come."""


def bomb(side: int = 30_000) -> bytes:
    """A small PNG of very many black pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def torn() -> bytes:
    """The first half of a JPEG."""
    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "JPEG")
    return out.getvalue()[: out.tell() // 2]


@dataclass
class Figures:
    """What came of it. Each kind of what is hostile has the statuses with which it was answered; 0 is none."""

    seconds: list[float] = field(default_factory=list)
    good: Counter[int] = field(default_factory=Counter)
    hostile: dict[str, Counter[int]] = field(default_factory=dict)

    def __str__(self) -> str:
        *_, last = cuts = quantiles(self.seconds, n=100)
        told = (
            f"{len(self.seconds):,} answers, p50 {cuts[49] * 1000:.0f} ms, p99 {last * 1000:.0f} ms; {dict(self.good)}"
        )
        return "\n".join((told, *(f"{kind}: {dict(statuses)}" for kind, statuses in sorted(self.hostile.items()))))


class Client:
    """One connection at a time, kept as long as the server keeps it."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "", place.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, kind: str = "image/png", *, claims: int | None = None) -> int:
        """The status of the answer; 0 for none."""
        length = len(body) if claims is None else claims
        head = f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        return await self.raw(head.encode() + body)

    async def raw(self, *parts: bytes, pause: float = 0) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            return await self._answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    async def _answer(self, reader: asyncio.StreamReader) -> int:
        async with asyncio.timeout(PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head.split()[1])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


TORN, BOMB = torn(), bomb()
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def _gone(client: Client) -> int:
    """Sends half of a body, and goes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.post(TORN, claims=10_000)
    client.close()
    return 0


KINDS: dict[str, Callable[[Client], Awaitable[int]]] = {
    "torn": lambda client: client.post(TORN, "image/jpeg"),
    "bomb": lambda client: client.post(BOMB),
    "another type": lambda client: client.post(b"<html>", "text/html"),
    "text": lambda client: client.post(b"no image at all"),
    "nothing": lambda client: client.post(b""),
    "huge": lambda client: client.post(bytes(4_000_000), claims=400_000_000),
    "huge, unsaid": lambda client: client.raw(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"200000\r\n" + bytes(2**21) + b"\r\n"] * 12
    ),
    "slow head": lambda client: client.raw(*[HEAD[k : k + 1] for k in range(len(HEAD))], pause=0.5),
    "slow body": lambda client: client.raw(HEAD + b"Content-Length: 1000\r\n\r\n", *[b"x"] * 30, pause=0.5),
    "gone": _gone,
    "no HTTP": lambda client: client.raw(b"\x16\x03\x01\x02\0\x01\0\r\n\r\n"),
}
ANSWERS = {
    "torn": {422},
    "bomb": {422},
    "another type": {415},
    "text": {415},
    "nothing": {400},
    "huge": {413, 0},  # 0: who still writes may not hear
    "huge, unsaid": {413, 408, 0},
    "slow head": {0},
    "slow body": {408, 0},
    "gone": {0},
    "no HTTP": {400},
}


async def load(
    url: str, image: bytes, seconds: float, clients: int, *, hostile: float = HOSTILE, seed: int = 0
) -> Figures:
    """``clients`` ask without a pause for so many seconds; those that are slow by intention are cut off at the end."""
    figures, until = Figures(), time.monotonic() + seconds

    async def ask(number: int) -> None:
        chance, client = random.Random(f"{seed} {number}"), Client(url)
        while time.monotonic() < until:
            if chance.random() >= hostile:
                began = time.perf_counter()
                figures.good[await client.post(image)] += 1
                figures.seconds.append(time.perf_counter() - began)
                continue
            client.close()
            kind = chance.choice(list(KINDS))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(until - time.monotonic(), 0.2) if kind.startswith("slow") else None):
                    figures.hostile.setdefault(kind, Counter())[await KINDS[kind](client)] += 1
            client.close()
        client.close()

    await asyncio.gather(*(ask(number) for number in range(clients)))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("image", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=200)
    given = parser.parse_args()
    figures = asyncio.run(load(given.url, given.image.read_bytes(), given.seconds, given.clients))
    print(f"{len(figures.seconds) / given.seconds:,.0f} requests/s, {figures}")


if __name__ == "__main__":
    main()
