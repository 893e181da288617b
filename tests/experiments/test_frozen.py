"""Frozen layers and rates of their own: what a training does with them, beside steps as PyTorch's users write them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from trainings import recipe_with, spec_with, whole_and_stopped

from vggdsl.data.dataset import load_data
from vggdsl.experiments.average import Average
from vggdsl.experiments.check import refuse_images
from vggdsl.experiments.device import choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.memory import training_bytes
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.processes import Processes
from vggdsl.experiments.start import starting_network
from vggdsl.experiments.step import Step
from vggdsl.records.repeat import deviations, with_entries
from vggdsl.records.trained import load_trained
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.recipe.tuning import Chosen, Rated
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import to_torch, weights

BODY = "input 8x8x1 conv3-4 BN PReLU conv3-4 BN ReLU maxpool conv3-4 BN ReLU dropout-0.5 FC-6 BN ReLU FC-3 softmax"
FROZEN = {"conv1_1", "bn1_1", "prelu1_1", "conv1_2", "bn1_2"}
FACTORS = {"fc3": 3.0, "bn3": 3.0, "fc4": 0.5}
SAID = {"freeze": "conv1_1..conv1_2", "rate": "fc3 x3 fc4 x0.5", "clip": "norm(0.1)"}


def of(**entries: str) -> Spec:
    return spec_with(BODY, **{**SAID, **entries})


def layer(name: str) -> str:
    return name.rpartition(".")[0]


def prepared(spec: Spec) -> Prepared:
    data = load_data(spec.recipe(), spec.typed.input, Path("/nowhere"))
    return Prepared(Experiment(spec, spec.recipe()), 0, data, data.normalisation("none"), choose("cpu", "fp32"))


def by_hand(network: nn.Module, optimizer: type[torch.optim.Optimizer], weights_alone: bool, **options: Any) -> Any:
    """As PyTorch's tutorials freeze layers and give others rates: a group for each."""
    groups = list[dict[str, Any]]()
    for name, parameter in network.named_parameters():
        if layer(name) in FROZEN:
            parameter.requires_grad = False
            continue
        decay = {"weight_decay": 0.0} if weights_alone and parameter.dim() == 1 else {}
        groups.append({"params": [parameter], "times": FACTORS.get(layer(name), 1.0), **decay})
    network.train()
    for name in FROZEN:
        network.get_submodule(name).eval()
    return optimizer(groups, lr=0.1, weight_decay=0.01, fused=True, **options)  # type: ignore[call-arg]  # all have them


@pytest.mark.parametrize(
    ("said", "optimizer", "options"),
    [
        ("sgd(lr=0.1, momentum=0.9, weight-decay=0.01)", torch.optim.SGD, {"momentum": 0.9}),
        ("sgd(lr=0.1, weight-decay=0.01, decays=weights)", torch.optim.SGD, {}),
        ("adam(lr=0.1, weight-decay=0.01, decays=weights)", torch.optim.Adam, {}),
        ("adamw(lr=0.1, weight-decay=0.01)", torch.optim.AdamW, {}),
    ],
)
def test_its_steps_are_those_that_are_written_by_hand(
    said: str, optimizer: type[torch.optim.Optimizer], options: dict[str, float]
) -> None:
    spec = of(optimizer=said)
    ours, theirs, random = to_torch(spec), to_torch(spec), torch.Generator().manual_seed(0)
    step, plain = Step(ours, prepared(spec)), by_hand(theirs, optimizer, "decays" in said, **options)
    ours.train()
    for rate in (0.1, 0.02, 0.02, 0.5):
        images, labels = torch.randn(8, 1, 8, 8, generator=random), torch.randint(0, 3, (8,), generator=random)
        step.set_rate(rate)
        torch.manual_seed(0)
        step(images, labels)
        plain.zero_grad()
        for group in plain.param_groups:
            group["lr"] = rate * group["times"]
        torch.manual_seed(0)
        functional.cross_entropy(theirs(images), labels).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_([p for p in theirs.parameters() if p.requires_grad], 0.1)
        plain.step()
    for name, tensor in theirs.state_dict().items():
        assert ours.state_dict()[name].equal(tensor), name
    for name, value in to_torch(spec).state_dict().items():
        assert ours.state_dict()[name].equal(value) == (layer(name) in FROZEN), name


def test_frozen_layers_cost_no_gradients_and_dropout_goes_on() -> None:
    spec, reached = of(), dict[str, bool]()
    network = to_torch(spec)
    step = Step(network, prepared(spec))
    for name in ("relu1_2", "conv2_1"):

        def seen(_: nn.Module, __: object, out: Tensor, name: str = name) -> None:
            reached[name] = out.requires_grad

        network.get_submodule(name).register_forward_hook(seen)
    network.eval()
    network.train()
    step(torch.randn(4, 1, 8, 8), torch.zeros(4, dtype=torch.long))
    assert reached == {"relu1_2": False, "conv2_1": True}
    assert {layer(n) for n, p in network.named_parameters() if p.grad is None} == FROZEN
    assert {n for n, m in network.named_modules() if n and not m.training} == FROZEN


def test_an_average_leaves_what_is_frozen_in_every_bit() -> None:
    network = to_torch(of())
    network.freeze(FROZEN)
    with torch.no_grad():
        network.get_parameter("conv1_1.weight").fill_(-0.0)  # which a mean of itself would make 0.0
    average = Average(network, 0.9)
    for _ in range(3):
        average.step()
    average.exchange()
    assert network.get_parameter("conv1_1.weight").signbit().all()
    assert {layer(name) for name in average.other}.isdisjoint(FROZEN)


def test_it_ends_with_the_frozen_layers_as_they_began_also_when_stopped_and_resumed(tmp_path: Path) -> None:
    spec = of(optimizer="adam", average="ema(0.9)", schedule="one-cycle", stop="val-loss(patience=5)")
    whole, again = whole_and_stopped(spec, tmp_path, step=9)
    first, last = (
        weights(starting_network(spec, spec.recipe(), 0)),
        load_trained(whole.path, "last.safetensors").weights,
    )
    for name, value in load_trained(again.path, "last.safetensors").weights.items():
        assert value.tobytes() == last[name].tobytes(), name
        assert (value.tobytes() == first[name].tobytes()) == (layer(name) in FROZEN), name
    recipe = load(whole.path / "record.arch").recipe()
    assert (recipe.written("freeze"), recipe.written("rate")) == (SAID["freeze"], SAID["rate"])
    assert max(epoch.lr for epoch in whole.metrics) <= 0.001, "what is told is the schedule's rate"


def test_what_deviates_so_is_read_back() -> None:
    base = of(freeze="", rate="").recipe()
    chosen = Chosen(("conv1_1..conv1_2", "fc3"), all_but=True)
    other = base.with_flags(freeze=chosen, rate=(Rated(Chosen(("fc4", "fc3")), 0.25), Rated(Chosen(("bn3",)), 3.0)))
    said = deviations(base, other)
    assert said == ("freeze all but conv1_1..conv1_2 fc3", "rate fc4 fc3 x0.25 bn3 x3")
    assert with_entries(base, said) == other


def test_the_estimate_of_memory_is_of_what_is_trained() -> None:
    vgg = load("vgg_d")
    fc8 = 4096 * 1000 + 1000
    recipe = Recipe(batch=10, freeze=Chosen(("fc8",), all_but=True))  # Adam's weights, gradients and two moments
    values = sum(t.activations for t in vgg.typed.nodes[-2:])
    assert training_bytes(vgg.typed, recipe, 4) == 4 * (vgg.typed.params + 3 * fc8 + 10 * values)
    above = 4 * (vgg.typed.params + 3 * (vgg.typed.params - vgg.typed["conv1_1"].params.learnable))
    recipe = Recipe(batch=1, freeze=Chosen(("conv1_1",)))
    values = vgg.typed.activations - vgg.typed["conv1_1"].activations
    assert training_bytes(vgg.typed, recipe, 4) == above + 4 * values


def test_a_frozen_norm_needs_no_batch() -> None:
    spec = parse("input 8x8x1 conv3-4 maxpool FC-6 BN FC-3 softmax\ntrain { freeze fc2 }")
    refuse_images(spec, spec.recipe(), 129)
    for recipe, count in ((spec.recipe(), 0), (recipe_with(), 1)):
        frozen = {"fc2", "bn2"} if recipe.freeze else set[str]()
        assert len(Processes(0, 2).notes(spec.typed, "cpu", frozen=frozen)) == count
