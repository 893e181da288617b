"""An average of weights: PyTorch's own numbers, beside a training that goes on as it would without."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from trainings import metrics, spec_with

from vggdsl.experiments.average import Average
from vggdsl.experiments.checkpoint import Checkpoint, Progress, restore
from vggdsl.experiments.reporter import Outline, Silent
from vggdsl.experiments.step import Step, optimizer_of
from vggdsl.experiments.train import train
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import Ema
from vggdsl.targets.torch import Network, to_torch
from vggdsl.text.errors import RecordError

BODY = "input 8x8x3 conv3-4 BN ReLU maxpool dropout-0.5 FC-3 softmax"
SAID = {"data": "fake(n=60, classes=3)", "batch": "10", "epochs": "3", "optimizer": "sgd(lr=0.05, momentum=0.9)"}


def moved(network: Network, random: torch.Generator) -> None:
    """Other weights and running statistics."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random))
    network.train()(torch.randn(6, 3, 8, 8, generator=random))


@given(st.floats(0.001, 0.9999), st.integers(1, 5))
def test_it_is_torchs(decay: float, steps: int) -> None:
    network, random = to_torch(parse(BODY)), torch.Generator().manual_seed(0)
    theirs = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]  # torch's
    ours = Average(network, decay)
    for _ in range(steps):
        moved(network, random)
        theirs.update_parameters(network)
        ours.step()
    trained = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with ours.in_place():
        for name, tensor in theirs.module.state_dict().items():
            if tensor.is_floating_point():  # the count of batches is the network's
                assert network.state_dict()[name].equal(tensor), name
        assert all(tensor.equal(trained[name]) for name, tensor in ours.other.items())
    assert all(tensor.equal(trained[name]) for name, tensor in network.state_dict().items())


class Told(Silent):
    def started(self, outline: Outline) -> None:
        self.notes = outline.notes


@pytest.mark.parametrize(("mix", "average"), [("", ""), ("mixup(0.2)", ""), ("mixup(0.2)", "ema(0.9)")])
def test_figures_of_the_training_are_told_where_they_are_of_other_things(
    mix: str, average: str, tmp_path: Path
) -> None:
    told = Told()
    train(spec_with(BODY, **SAID, mix=mix, average=average), runs=tmp_path, device="cpu", reporter=told)
    assert [note.partition(" of ")[0].partition(" by ")[0] for note in told.notes] == [
        *(["training accuracy is"] if mix else []),
        *(["training loss and accuracy are"] if average else []),
    ]


class Following(Silent):
    """Remembers the weights after each step of a training, as its optimizer has them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.network: Network
        self.seen: list[dict[str, Tensor]] = []
        made = Step.__init__

        def making(step: Step, network: Network, *rest: object) -> None:
            self.network = network
            made(step, network, *rest)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr(Step, "__init__", making)

    def step(self, images: int, loss: Callable[[], float]) -> None:
        self.seen.append({name: tensor.clone() for name, tensor in self.network.state_dict().items()})


def test_it_is_kept_and_measured_and_the_training_goes_on_as_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = Following(monkeypatch)
    run = train(spec_with(BODY, **SAID, average="ema(0.8)"), device="cpu", runs=tmp_path, reporter=following)
    average, *rest = following.seen
    for each in rest:
        average = {name: 0.8 * tensor + 0.2 * each[name] for name, tensor in average.items()}
    kept = load_trained(run.path, "last.safetensors").weights
    for name, array in kept.items():
        assert torch.allclose(torch.from_numpy(array), average[name], atol=1e-5), name
        if name != "conv1_1.bias":  # batch norm takes it away again, so that only rounding moves it
            assert not torch.allclose(torch.from_numpy(array), following.seen[-1][name], atol=1e-5), name
    plain = train(spec_with(BODY, **SAID), device="cpu", runs=tmp_path)
    for ours, theirs in zip(metrics(run.path), metrics(plain.path), strict=True):
        assert (ours["train_loss"], ours["train_accuracy"]) == (theirs["train_loss"], theirs["train_accuracy"])
        assert ours["val_loss"] != theirs["val_loss"]
    assert load(run.path / "record.arch").recipe().average == Ema(0.8)


def test_weights_that_are_not_beside_an_average_are_refused() -> None:
    network = to_torch(parse(BODY))
    optimizer = optimizer_of(spec_with(BODY, **SAID).recipe(), network)
    for trained in ({}, {"conv1_1.weight": torch.zeros(1)}):
        checkpoint = Checkpoint(network.state_dict(), {}, Progress(), trained)
        with pytest.raises(RecordError, match="beside the average"):
            restore(checkpoint, network, optimizer, Average(network, 0.9))
