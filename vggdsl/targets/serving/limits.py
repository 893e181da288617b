"""How much a client may ask for, and all of them together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes, pixels and seconds; what is beyond them is refused."""

    body: int = 20_000_000
    """Bytes of a request."""
    pixels: int = 25_000_000
    """Of an image, before it is scaled."""
    scans: int = 100
    """Of a progressive JPEG, each of which goes over all of its pixels: usual ones have about ten."""
    waiting: int = 256
    """Requests that are being read or answered."""
    held: int = 256_000_000
    """Bytes of their bodies together."""
    connections: int = 1_000
    batch: int = 32
    """Images that are computed together."""
    window: float = 0.005
    """Seconds that an image waits for others."""
    patience: float = 10.0
    """Seconds for the head of a request, and again for its body."""
    answer: float = 60.0
    """Seconds from there to the answer."""
