"""Learning rates, patience and steps: those that a recipe says, as torch has them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler
from trainings import recipe_with, spec_with

from vggdsl.experiments.schedule import Patience, Rate, smallest_step, steps_an_epoch
from vggdsl.experiments.step import optimizer_of
from vggdsl.spec.recipe import OneCycle
from vggdsl.targets.torch import to_torch

STEPS, EPOCHS = 7, 12


def rates(schedule: str, **entries: str) -> list[float]:
    rate = Rate(recipe_with(schedule=schedule, epochs=str(EPOCHS), **entries), STEPS)
    return [rate(step) for step in range(EPOCHS * STEPS)]


def torchs(make: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], every: int = 1) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.05)
    scheduler, found = make(optimizer), []
    for step in range(EPOCHS * STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0:
            scheduler.step()
    return found


def test_constant_rates() -> None:
    assert set(rates("constant")) == {0.05}
    assert set(rates("constant(1e-3)", optimizer="adam")) == {1e-3}
    assert set(rates("constant", optimizer="adamw(weight-decay=0.1)")) == {1e-3}


def test_cosine_is_torchs() -> None:
    theirs = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS * STEPS))
    assert rates("cosine") == pytest.approx(theirs)


@pytest.mark.parametrize("peak", [0.0, 0.1, 0.25, 0.3, 0.99])
@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize(("start", "end"), [(0.04, 4e-6), (0.2, 0.07), (1.0, 1e-3)])
def test_one_cycle_is_torchs(peak: float, shape: str, start: float, end: float) -> None:
    def make(o: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        how: Any = {"anneal_strategy": shape[:3] if shape == "cosine" else shape, "cycle_momentum": False}
        return lr_scheduler.OneCycleLR(
            o, 0.05, EPOCHS * STEPS, pct_start=peak, div_factor=1 / start, final_div_factor=start / end, **how
        )

    ours = rates(f"one-cycle(peak={peak}, start={start}, end={end}, shape={shape})")
    assert ours == pytest.approx(torchs(make))


def test_one_cycle_that_only_rises_ends_at_its_peak() -> None:
    found = rates("one-cycle(peak=1, start=0, shape=linear)")
    assert found == pytest.approx([0.05 * step / (EPOCHS * STEPS - 1) for step in range(EPOCHS * STEPS)])


def test_one_cycle_is_torchs_where_nothing_is_said() -> None:
    theirs = torchs(lambda o: lr_scheduler.OneCycleLR(o, 0.05, EPOCHS * STEPS, cycle_momentum=False))
    assert rates("one-cycle") == pytest.approx(theirs)


@given(st.floats(0, 1), st.integers(1, 40))
def test_one_cycle_rises_and_falls_between_its_rates(peak: float, steps: int) -> None:
    recipe = recipe_with(schedule="constant", epochs="1")
    rate = Rate(replace(recipe, schedule=OneCycle(peak, 0.1, 0.01, "linear")), steps)
    found = [rate(step) for step in range(steps)]
    assert all(0.01 * 0.05 <= each <= 0.05 + 1e-12 for each in found)
    top = found.index(max(found))
    assert found == sorted(found[:top]) + sorted(found[top:], reverse=True)


def test_steps_are_torchs() -> None:
    theirs = torchs(lambda o: lr_scheduler.MultiStepLR(o, [3, 8]), every=STEPS)
    ours = rates("steps(1..3: 0.05, 4..8: 0.005, 9..12: 0.0005)", optimizer="sgd(momentum=0.9)")
    assert ours == pytest.approx(theirs)


def test_warm_up_is_torchs() -> None:
    warm = 3 * STEPS

    def make(o: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        rise = lr_scheduler.LinearLR(o, 1 / warm, total_iters=warm - 1)
        fall = lr_scheduler.CosineAnnealingLR(o, (EPOCHS - 3) * STEPS)
        return lr_scheduler.SequentialLR(o, [rise, fall], [warm])

    assert rates("warmup(3) cosine") == pytest.approx(torchs(make))
    assert rates("warmup(3) constant")[warm - 1 :] == [0.05] * (EPOCHS * STEPS - warm + 1)


def test_a_warm_up_before_steps_rises_to_the_rate_of_each_step() -> None:
    steps = "steps(1..2: 0.05, 3..8: 0.005, 9..12: 0.0005)"
    plain, warm = (rates(schedule, optimizer="sgd(momentum=0.9)") for schedule in (steps, f"warmup(3) {steps}"))
    assert warm[3 * STEPS :] == plain[3 * STEPS :]
    for step in range(3 * STEPS):
        assert warm[step] == pytest.approx(plain[step] * (step + 1) / (3 * STEPS))


ACCURACIES = [0.1, 0.5, 0.5, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.7, 0.1]


def test_plateau_is_torchs() -> None:
    """Torch drops when more than its patience passed in vain, a recipe when as much did."""
    rate = Rate(recipe_with(schedule="plateau(factor=0.5, patience=2)", epochs=str(EPOCHS)), STEPS)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.05)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, "max", factor=0.5, patience=1, threshold=0)
    for epoch, accuracy in enumerate(ACCURACIES, 1):
        assert rate(epoch * STEPS - 1) == pytest.approx(optimizer.param_groups[0]["lr"])
        assert not rate.is_over(epoch, accuracy)
        theirs.step(accuracy)


def test_the_plateau_after_the_last_drop_ends_the_training() -> None:
    rate = Rate(recipe_with(schedule="plateau(factor=0.1, patience=2, drops=2)", epochs="99"), STEPS)
    ends = [rate.is_over(epoch, 0.5) for epoch in range(1, 8)]
    assert ends == [False] * 6 + [True]  # the best in epoch 1, drops after 3 and 5, the end after 7
    assert rate(0) == pytest.approx(0.0005)


def test_a_plateau_counts_no_epoch_of_the_warm_up() -> None:
    """Neither as one that was waited, nor as one that later ones have to be better than."""
    rate = Rate(recipe_with(schedule="warmup(3) plateau(factor=0.1, patience=2)", epochs="99"), STEPS)
    rates = []
    for epoch, accuracy in enumerate([0.9, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6], 1):
        assert not rate.is_over(epoch, accuracy)
        rates.append(rate(99 * STEPS))
    assert rates == pytest.approx([0.05] * 6 + [0.005])  # the best is 0.6, in epoch 5: 6 and 7 were waited


def test_patience_counts_epochs_without_a_better_value() -> None:
    patience = Patience(2)
    assert [patience.is_spent(value) for value in (1, 2, 2, 1, 3, 2, 3)] == [False] * 3 + [True, False, False, True]


def test_optimizers_are_the_recipes() -> None:
    network = to_torch(spec_with().typed)
    sgd = optimizer_of(recipe_with(optimizer="sgd(lr=0.3, momentum=0.9, nesterov=yes, weight-decay=5e-4)"), network)
    assert isinstance(sgd, torch.optim.SGD)
    group = sgd.param_groups[0]
    assert [group[key] for key in ("lr", "momentum", "nesterov", "weight_decay")] == [0.3, 0.9, True, 5e-4]
    adam = optimizer_of(recipe_with(optimizer="adam(lr=0.01)"), network)
    assert type(adam) is torch.optim.Adam
    adamw = optimizer_of(recipe_with(optimizer="adamw(lr=0.01, weight-decay=0.1)"), network)
    assert type(adamw) is torch.optim.AdamW
    assert adamw.param_groups[0]["weight_decay"] == 0.1


@pytest.mark.parametrize("optimizer", ["sgd(lr=0.3, momentum=0.9", "adam(lr=0.3", "adamw(lr=0.3"])
def test_weights_alone_can_decay(optimizer: str) -> None:
    network = to_torch(spec_with("input 8x8x1 conv3-4 BN PReLU conv3-4 GN-2 FC-6 FC-3 softmax").typed)
    made = optimizer_of(recipe_with(optimizer=f"{optimizer}, weight-decay=5e-4, decays=weights)"), network)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    decays, rest = (
        [names[id(p)] for group in made.param_groups if group["weight_decay"] == decay for p in group["params"]]
        for decay in (5e-4, 0.0)
    )
    assert sorted([*decays, *rest]) == sorted(names.values())
    kinds = {name: type(network.get_submodule(name.rpartition(".")[0])).__name__ for name in names.values()}
    assert [(kinds[name], name.rpartition(".")[2]) for name in decays] == [
        ("Conv2d", "weight"),
        ("Conv2d", "weight"),
        ("Linear", "weight"),
        ("Linear", "weight"),
    ]
    for value in network.parameters():
        value.data.fill_(1)
        value.grad = torch.zeros_like(value)
    made.step()
    assert {name for name, value in network.named_parameters() if (value != 1).any()} == set(decays)


@pytest.mark.parametrize(("images", "batch", "steps"), [(64, 16, 4), (65, 16, 4), (66, 16, 5), (10, 16, 1), (3, 1, 3)])
def test_a_last_image_alone_is_left_out(images: int, batch: int, steps: int) -> None:
    assert steps_an_epoch(images, batch) == steps
    assert (smallest_step(images, batch) > 1) == (batch > 1)
