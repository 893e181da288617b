"""A training that learns nothing says so, once, with what is likely to be the cause."""

import json
import math
from pathlib import Path

import commands
import pytest
from images import save
from refusals import findings
from trainings import spec_with

from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import prepare
from vggdsl.experiments.reporter import Silent
from vggdsl.experiments.train import train
from vggdsl.experiments.watch import EPOCHS, Watch
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import to_torch
from vggdsl.text.errors import Diagnostic


class Noticing(Silent):
    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def noticed(self, finding: Diagnostic) -> None:
        self.found.append(finding)


def noticed(spec: Spec, runs: Path) -> tuple[Run, list[Diagnostic]]:
    reporter = Noticing()
    return train(spec, device="cpu", runs=runs, reporter=reporter), reporter.found


DEEP = "input 8x8x1 " + "conv3-4 " * 9 + "FC-3 softmax"


def test_a_loss_that_stays_where_guessing_leaves_it(tmp_path: Path) -> None:
    spec = spec_with(DEEP, init="normal(std=0.001)", epochs="5", optimizer="sgd(lr=0.001)")
    run, found = noticed(spec, tmp_path)
    assert [d.code for d in found] == ["W404"]
    assert all(abs(epoch.train_loss / math.log(3) - 1) < 0.01 for epoch in run.metrics)
    assert f"after {EPOCHS} epochs" in found[0].message
    assert "ln 3 = 1.0986" in found[0].message
    help = str(found[0].help)
    assert [help.find(cause) > 0 for cause in ("normal(std=0.001)", "10 layers", "0.001")] == [True] * 3


def test_images_that_show_nothing_are_the_likeliest_cause(tmp_path: Path) -> None:
    for name in "ab":
        for i in range(20):
            save(tmp_path / "set" / name / f"{i}.png", 7)
    network = "input 8x8x1 conv3-4 ReLU FC-2 softmax"
    _, found = noticed(spec_with(network, data=f'folder("{tmp_path / "set"}")', epochs="5"), tmp_path / "runs")
    assert [str(d.help).startswith("likely the images, ") for d in found if d.code == "W404"] == [True]


def test_a_gradient_of_zero(tmp_path: Path) -> None:
    spec = spec_with("input 8x8x1 FC-4 ReLU FC-4 ReLU FC-3 bias=no softmax", optimizer="sgd(lr=100)", epochs="6")
    _, found = noticed(spec, tmp_path)
    assert [d.code for d in found] == ["W404"]
    assert "the gradient is zero" in found[0].message


def test_an_accuracy_of_always_the_largest_class(tmp_path: Path) -> None:
    spec = spec_with(DEEP.replace("FC-3", "FC-10"), data="digits", optimizer="sgd(lr=0.5)", epochs="3", batch="512")
    run, found = noticed(spec, tmp_path)
    stays = len({epoch.val_accuracy for epoch in run.metrics}) == 1
    assert len(found) == stays


def test_a_young_average_of_weights_may_guess(tmp_path: Path) -> None:
    spec = spec_with(
        "input 8x8x1 conv3-8 BN ReLU maxpool FC-10 softmax",
        data="digits",
        optimizer="sgd(lr=0.01, momentum=0.9)",
        batch="512",
        epochs="3",
        average="ema(0.9999)",
    )
    run, found = noticed(spec, tmp_path)
    assert {f"{epoch.val_accuracy:.4f}" for epoch in run.metrics} == {"0.1000"}  # as of always the same class
    assert found == []


@pytest.mark.parametrize("mix", ["", "mixup(1000)"])
def test_a_loss_of_mixed_labels_is_near_that_of_guessing_by_itself(mix: str) -> None:
    spec = spec_with(DEEP, data="fake(classes=3, n=60)", mix=mix)
    prepared = prepare(Experiment.of(spec, spec.recipe()), 0, Workplace())
    watch = Watch(prepared, to_torch(spec), steps=1000)
    epochs = [Epoch(k + 1, math.log(3), 0.3, 0.9, 0.6 + k / 100, 0.1, 1) for k in range(watch.enough)]
    found = [watch.after(epochs[: k + 1]) for k in range(watch.enough)]
    assert [d is not None for d in found] == [*[False] * (watch.enough - 1), not mix]


def test_weights_that_have_run_away(tmp_path: Path) -> None:
    spec = spec_with("input 8x8x1 FC-8 FC-3 softmax", optimizer="sgd(lr=10)", epochs="2", precision="fp32")
    run, found = noticed(spec, tmp_path)
    assert [d.code for d in found] == ["W404"]
    assert min(run.metrics[0].train_loss, run.metrics[0].val_loss) > 1e4
    assert found[0].message.startswith(f"after 1 epoch the loss is {run.metrics[0].train_loss:.4g} in training")
    assert found[0].message.endswith("that of guessing is 1.0986")
    assert "the learning rate is 10, try a tenth of it" in str(found[0].help)


def test_one_that_learns_is_left_in_peace(tmp_path: Path) -> None:
    assert noticed(spec_with(epochs="4"), tmp_path)[1] == []
    assert noticed(spec_with(DEEP, data="fake(n=100, classes=3, labels=random)", epochs="4"), tmp_path)[1] == []


def test_it_is_said_while_it_runs_and_in_the_result(tmp_path: Path) -> None:
    spec = tmp_path / "stuck.arch"
    recipe = "data fake(n=100, classes=3)\nbatch 16\nepochs 4\noptimizer sgd(lr=1e-4)\ninit normal(std=1e-3)"
    spec.write_text(f"{DEEP}\ntrain {{\n{recipe}\n}}\n")
    done = commands.train(spec, runs=tmp_path / "a")
    assert done.exit_code == 0
    assert done.stderr.count("warning[W404]") == 1
    assert done.stderr.index("epoch 3/4") < done.stderr.index("W404") < done.stderr.index("epoch 4/4")
    assert "noticed: after 3 epochs" in done.stdout
    told = json.loads(commands.train(spec, "--json", "--quiet", runs=tmp_path / "b").stdout)
    assert [warning["code"] for warning in told[0]["warnings"]] == ["W404"]
    with pytest.warns(UserWarning, match="W404"):
        train(str(spec), device="cpu", runs=tmp_path / "c")


@pytest.mark.parametrize("end", ["ReLU", "sigmoid", "BN", "dropout-0.5 softmax", "tanh softmax"])
def test_a_network_whose_end_gives_no_logits_is_not_trained(end: str, tmp_path: Path) -> None:
    spec = spec_with(f"input 8x8x1 conv3-4 ReLU FC-3 {end}")
    found = [d for d in findings(lambda: train(spec, runs=tmp_path / "runs")) if d.is_error]
    assert [(d.code, d.labels[0].span.text) for d in found] == [("V408", end.split()[0])]
    assert not (tmp_path / "runs").exists()
