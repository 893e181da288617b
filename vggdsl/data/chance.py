"""Chance: generators that are made for one purpose each, so that a run can be repeated from its seed."""

import hashlib

import torch

LARGEST_SEED = 2**63 - 1
"""What a generator can be seeded with is less."""


def random_seed(*key: object) -> int:
    """63 bits for a purpose and its numbers; neighbouring numbers give unrelated seeds.

    >>> random_seed("order", 0, 1) == random_seed("order", 0, 2)
    False
    """
    digest = hashlib.sha256(" ".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*key: object) -> torch.Generator:
    """A CPU generator for a purpose: what it draws doesn't depend on the device."""
    return torch.Generator().manual_seed(random_seed(*key))
