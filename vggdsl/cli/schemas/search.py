"""Of searches: how many networks a space has, and which are the best of them."""

from collections.abc import Mapping
from typing import Annotated, TypedDict


class CountedSpace(TypedDict):
    """How many networks a space has, and how many of them fit a budget."""

    space: Annotated[str, "its name"]
    networks: Annotated[int, "that it says"]
    looked_at: Annotated[int, "of them: all, or a sample"]
    wrong: Annotated[int, "of those, the ones that are no networks"]
    within: Annotated[int, "of those, the ones that fit the budget"]
    different: Annotated[int, "of these, without the ones that other choices give, too"]
    exact: Annotated[bool, "whether all were looked at"]
    fitting: Annotated[int, "of all networks, as many as fit, or as the sample tells"]
    interval: Annotated[list[int], "within which that is, with 95 % confidence"]


class WrittenSpecs(TypedDict):
    """Specs of the networks that fit."""

    folder: Annotated[str, "in which they are"]
    specs: Annotated[int, "how many, one for each different network"]


class SearchedNetwork(TypedDict):
    """A network that a search tried."""

    number: Annotated[int, "in the order in which they were proposed, from 1"]
    choices: Annotated[Mapping[str, str], "the options that make it, by the choices' names"]
    network: Annotated[str, "digest: eight hex digits"]
    params: Annotated[int, "learnable parameters"]
    macs: Annotated[int, "multiply-adds of an image"]
    receptive_field: Annotated[list[int], "height and width, in pixels of the input"]
    epochs: Annotated[int, "that it was trained for"]
    ended: Annotated[bool, "whether it was trained to the end, and has a record"]
    failed: Annotated[str | None, "why its training failed"]
    val_accuracy: Annotated[float | None, "from 0 to 1, of its best epoch; chosen by"]
    test_accuracy: Annotated[float | None, "from 0 to 1, of those that ended; nothing is chosen by it"]
    weights: Annotated[str | None, "their digest, of those that ended"]
    front: Annotated[bool, "whether no other that ended is as accurate and costs as little"]
    run: Annotated[str | None, "its folder"]


class Searched(TypedDict):
    """What a search found."""

    space: Annotated[str, "its name"]
    networks: Annotated[int, "that it says"]
    fitting: Annotated[int | None, "different ones that fit the budget; null where they weren't all looked at"]
    beyond: Annotated[int, "proposals that didn't fit, or were no network"]
    folder: Annotated[str, "in which the search goes on"]
    epochs: Annotated[int, "that were trained in all"]
    against: Annotated[str, "of the front: `params` or `macs`"]
    tried: Annotated[list[SearchedNetwork], "the best first: those that ended, then by how far they came"]
