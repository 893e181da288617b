"""What the ordinary run leaves to the thorough profile, ``HYPOTHESIS_PROFILE=thorough``."""

import os
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

import pytest
from hypothesis import settings

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def fewer(test: Callable[P, R]) -> Callable[P, R]:
    """A property that the ordinary run tries on half as many examples, since each takes some 30 ms: it builds and runs
    networks, or reads a text in every notation."""
    return test if THOROUGH else settings(max_examples=settings().max_examples // 2)(test)


def of_each_kind(cases: Iterable[C], kinds: Callable[[C], Iterable[object]]) -> list[C]:
    """As few of the first cases as have all kinds of things that any has."""
    seen, kept = set[object](), list[C]()
    for case in cases:
        if not seen.issuperset(found := set(kinds(case))):
            seen |= found
            kept.append(case)
    return kept


def mostly_thorough(cases: Iterable[Any], kept: Iterable[object]) -> list[Any]:
    """Cases of few kinds: one of each is ``kept`` for the ordinary run, the others are slow and of a kind with it."""
    chosen, found = {str(each) for each in kept}, list[Any]()
    for case in cases:
        name = str(case[0] if isinstance(case, tuple) else case)
        values = case if isinstance(case, tuple) else (case,)
        found.append(pytest.param(*values, marks=[] if name in chosen else pytest.mark.thorough))
    return found
