"""What needn't be written at each layer: what always follows a kind, and options that nearly all of a kind have."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product, takewhile

from vggdsl.language.composing.branches import Branches
from vggdsl.language.composing.words import Defaults, word_of
from vggdsl.language.dictionary import ACTIVATIONS, KINDS, PASSING, WEIGHT_LAYERS
from vggdsl.language.types import Flag
from vggdsl.network.matching import Step
from vggdsl.network.ops import FC, Activation, Facts

Rule = tuple[Facts, ...]
"""What directly follows each layer of a kind."""

_RELU = Activation("ReLU")
_FEW = 3
"""Layers of which options are said by themselves, and by no default."""


@dataclass(frozen=True)
class Style:
    """``rules`` by kind: where there are none, a ReLU is implied if no activation is written. ``left_out`` are the
    layers that follow by them."""

    rules: Mapping[str, Rule]
    defaults: Defaults
    left_out: frozenset[str] = field(default_factory=frozenset)


def styles(branches: Branches) -> Iterator[Style]:
    """The ways in which a network's layers can be told. Not all need to be right: a rule that gives an activation can't
    have another behind it."""
    steps = branches.steps.values()
    chains = {kind: list(_chains(branches, kind)) for kind in WEIGHT_LAYERS}
    activations = [step.name for step in steps if step.op.kind in ACTIVATIONS]
    first = {chain[0].name for found in chains.values() for chain in found if chain and chain[0].op == _RELU}
    is_implied = first == set(activations) and all(chain for found in chains.values() for chain in found)
    if is_implied and activations:
        yield _style(branches, {}, first)
    shared = {kind: _shared(found) for kind, found in chains.items()}
    lengths = [range(len(shared[kind]) + 1) for kind in WEIGHT_LAYERS]
    for counts in product(*lengths):
        rules = {kind: shared[kind][:count] for kind, count in zip(WEIGHT_LAYERS, counts, strict=True) if count}
        left_out = {step.name for kind, rule in rules.items() for chain in chains[kind] for step in chain[: len(rule)]}
        if not rules and not activations:
            there = next((kind for kind in WEIGHT_LAYERS if chains[kind]), None)
            rules = {there: ()} if there else {}
        yield _style(branches, rules, left_out)


def _chains(branches: Branches, kind: str) -> Iterator[list[Step]]:
    """What a rule could put behind each layer of a kind, classifiers left out, to which no rule applies."""
    classifiers = _classifiers(branches) if kind == FC.word else set[str]()
    for step in branches.steps.values():
        if step.op.kind == kind and step.name not in classifiers:
            chain: list[Step] = []
            behind = branches.alone_behind(step.name)
            while behind is not None and branches.steps[behind].op.kind in (*ACTIVATIONS, *PASSING):
                chain.append(branches.steps[behind])
                behind = branches.alone_behind(behind)
            yield chain


def _classifiers(branches: Branches) -> set[str]:
    """FC from which no other convolution or FC is reached."""
    reaches: dict[str, bool] = {}
    for name in reversed(branches.steps):
        after = branches.after[name]
        reaches[name] = any(branches.steps[each].op.weight_layer or reaches[each] for each in after)
    return {name for name, step in branches.steps.items() if isinstance(step.op, FC) and not reaches[name]}


def _shared(chains: Iterable[list[Step]]) -> Rule:
    """How all of them begin."""
    ops = [[step.op for step in chain] for chain in chains]
    shared = takewhile(lambda row: len(set(row)) == 1, zip(*ops, strict=False))
    return tuple(row[0] for row in shared)


def _style(branches: Branches, rules: Mapping[str, Rule], left_out: set[str]) -> Style:
    written = [step.op for name, step in branches.steps.items() if name not in left_out and step.inputs]
    ruled = [op for rule in rules.values() for op in rule]
    return Style(rules, _defaults([*written, *ruled]), frozenset(left_out))


def _defaults(ops: Iterable[Facts]) -> Defaults:
    """Options that all layers of a kind have and would have to be written at each; of flags what most have."""
    by_kind: dict[str, list[Facts]] = {}
    for op in ops:
        if op.kind in KINDS and KINDS[op.kind].ruled and KINDS[op.kind].options:
            by_kind.setdefault(op.kind, []).append(op)
    found: dict[str, dict[str, str]] = {}
    for kind, layers in by_kind.items():
        written = [{str(each.key): str(each.value) for each in word_of(op).options} for op in layers]
        for key in KINDS[kind].options:
            counts = Counter(options[key.name] for options in written if key.name in options)
            if not counts:
                continue
            value, count = counts.most_common(1)[0]
            usual = 2 * count > len(layers) if isinstance(key.type, Flag) else count == len(layers)
            if count >= _FEW and usual:
                found.setdefault(kind, {})[key.name] = value
    return found
