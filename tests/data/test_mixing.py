"""Mixed images and labels: those of torchvision, with losses of soft targets, and the share beside them."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2
from trainings import spec_with

from vggdsl.data.chance import generator
from vggdsl.data.dataset import load_data
from vggdsl.data.mixing import mixed
from vggdsl.experiments import loop
from vggdsl.experiments.device import choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.step import Captured, Step
from vggdsl.language.types import Number, UnfitError
from vggdsl.spec.recipe import CutMix, Mix, MixUp
from vggdsl.spec.recipe.mixing import MIXES
from vggdsl.targets.torch import to_torch, weights

RANDOM = torch.Generator().manual_seed(0)
IMAGES = torch.randn(8, 3, 6, 9, generator=RANDOM).to(memory_format=torch.channels_last)
LABELS = torch.tensor([0, 2, 1, 1, 0, 2, 2, 0])
WAYS: list[tuple[Mix, type[v2.MixUp] | type[v2.CutMix]]] = [
    (MixUp(0.2), v2.MixUp),
    (MixUp(1.0), v2.MixUp),
    (CutMix(1.0), v2.CutMix),
    (CutMix(0.3), v2.CutMix),
    (CutMix(2), v2.CutMix),
]


@pytest.mark.parametrize(("way", "theirs"), WAYS, ids=[str(way) for way, _ in WAYS])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_torchvisions(way: Mix, theirs: type[v2.MixUp] | type[v2.CutMix], seed: int) -> None:
    before = torch.random.get_rng_state()
    images, own = mixed(IMAGES, (way,), generator("x", seed))
    assert torch.random.get_rng_state().equal(before)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(0, 2**63 - 1, (1,), generator=generator("x", seed))))
        expected, soft = theirs(alpha=float(way.alpha), num_classes=3)(IMAGES, LABELS)
    assert torch.allclose(images, expected, atol=1e-6)
    assert images.is_contiguous(memory_format=torch.channels_last)
    ours = own * functional.one_hot(LABELS) + (1 - own) * functional.one_hot(LABELS.roll(1))
    assert torch.allclose(ours, soft, atol=1e-6)


def test_each_of_several_ways_is_drawn() -> None:
    cut = 0
    for seed in range(200):
        images, own = mixed(IMAGES, (MixUp(1), CutMix(1)), generator("x", seed))
        is_cut = bool(((images == IMAGES) | (images == IMAGES.roll(1, 0))).all())
        cut += is_cut
        assert 0 <= own <= 1
    assert 70 < cut < 130


def test_the_smallest_alpha_is_one_that_shares_can_be_drawn_by() -> None:
    """Towards 0 a share of a Beta distribution is 0 or 1."""
    for way in MIXES:
        (alpha,) = (key.type for key in way.placed)
        assert isinstance(alpha, Number)
        shares = [mixed(IMAGES, (MixUp(alpha.least),), generator("x", seed))[1] for seed in range(200)]
        assert sum(0.1 < own < 0.9 for own in shares) < 20
        with pytest.raises(UnfitError):
            alpha.read("0.001")


# -- steps


def prepared(**entries: str) -> Prepared:
    spec = spec_with("input 8x8x1 conv3-4 BN maxpool FC-3 softmax", batch="8", **entries)
    recipe = spec.recipe()
    data = load_data(recipe, spec.typed.input, Path("/nowhere"))
    balance = (0.5, 2.0, 1.0) if recipe.loss.class_weights else None
    return Prepared(
        Experiment(spec, recipe), 0, data, data.normalisation("none"), choose("cpu", "fp32"), class_weights=balance
    )


def soft_loss(logits: Tensor, own: float, smoothing: float) -> Tensor:
    soft = own * functional.one_hot(LABELS, 3) + (1 - own) * functional.one_hot(LABELS.roll(1), 3)
    return functional.cross_entropy(logits, soft, label_smoothing=smoothing)


@given(st.floats(0, 1), st.sampled_from([0.0, 0.1]))
def test_the_loss_is_that_of_soft_targets(own: float, smoothing: float) -> None:
    ready = prepared(mix="mixup(1)", loss=f"cross-entropy(smoothing={smoothing})")
    logits = torch.randn(8, 3, generator=generator("logits"))
    _, loss = Step(to_torch(ready.spec), ready)._loss(logits, LABELS, torch.tensor(own))
    assert torch.allclose(loss, soft_loss(logits, own, smoothing), atol=1e-5)


@given(st.floats(0, 1))
def test_with_weights_of_classes_it_is_the_mean_that_is_weighted_by_both_labels(own: float) -> None:
    ready = prepared(mix="mixup(1)", loss="cross-entropy(class-weights=balanced)")
    logits = torch.randn(8, 3, generator=generator("logits"))
    _, loss = Step(to_torch(ready.spec), ready)._loss(logits, LABELS, torch.tensor(own))
    balance, losses = torch.tensor([0.5, 2.0, 1.0]), -logits.log_softmax(1)
    total = torch.zeros(())
    for share, labels in ((own, LABELS), (1 - own, LABELS.roll(1))):
        total += share * (balance[labels] * losses[torch.arange(8), labels]).sum()
    assert torch.allclose(loss, total / balance[LABELS].sum(), atol=1e-5)


@pytest.mark.parametrize(("own", "is_before"), [(0.0, True), (1.0, False)])
def test_what_is_mixed_to_nothing_else_is_learned_and_counted_as_that(
    own: float, is_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images that are wholly the one before them, and those that are wholly their own."""

    def all_of_one(images: Tensor, mixes: object, random: object) -> tuple[Tensor, float]:
        return (images.roll(1, 0) if is_before else images), own

    monkeypatch.setattr(loop, "mixed", all_of_one)
    ours, theirs = (
        loop.fit(to_torch(ready.spec, seed=0), ready, loop.Unheard()).epochs[-1]
        for ready in (prepared(mix="mixup(1)", epochs="2"), prepared(epochs="2"))
    )
    assert 0.2 < theirs.train_accuracy < 0.9, "not by chance alone, nor all of them"
    assert ours.train_accuracy == pytest.approx(theirs.train_accuracy, abs=1e-3)
    assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-3)


class Graph:
    """In the place of a CUDA graph: what is captured is computed again at each replay."""

    def __init__(self, of: Captured) -> None:
        self.of = of

    def replay(self) -> None:
        self.of.outputs = self.of.step(*self.of.inputs)


def test_a_captured_step_is_given_each_batchs_share(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = prepared(mix="mixup(1)")
    plain, captured = Step(to_torch(ready.spec), ready), Captured(Step(to_torch(ready.spec), ready), 8)

    def capture(images: Tensor, labels: Tensor, own: Tensor) -> None:
        captured.inputs = images.clone(), labels.clone(), own.clone()
        captured.graph = Graph(captured)  # type: ignore[assignment]  # in its place

    monkeypatch.setattr(captured, "_capture", capture)
    for seed in range(7):
        images, own = torch.randn(8, 1, 8, 8, generator=generator("images", seed)), torch.rand((), generator=RANDOM)
        for each in (plain, captured.step):
            each.set_rate(0.1)
        for ours, theirs in zip(captured(images, LABELS, own), plain(images, LABELS, own), strict=True):
            assert ours.equal(theirs)
    assert captured.graph is not None
    for name, value in weights(plain.network).items():
        assert (value == weights(captured.step.network)[name]).all(), name
