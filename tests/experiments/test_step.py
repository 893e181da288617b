"""A step that is captured or compiled: what can be seen of it without a GPU."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from trainings import spec_with

from vggdsl.data.balance import class_weights
from vggdsl.data.dataset import load_data
from vggdsl.experiments.check import refuse_compiling
from vggdsl.experiments.device import Hardware, choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.step import Captured, Readback, Step, cross_entropy
from vggdsl.experiments.train import train
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.runfolder import read_plan
from vggdsl.targets.torch import to_torch, weights
from vggdsl.text.errors import InputError, RecordError


class Graph:
    """Stands for a CUDA graph: repeats the call that was made while it was captured, in its places."""

    def __init__(self) -> None:
        self.call: Callable[[], tuple[Tensor, Tensor]] | None = None
        self.found: tuple[Tensor, Tensor]
        self.replays = 0

    def replay(self) -> None:
        assert self.call is not None
        self.replays += 1
        for place, value in zip(self.found, self.call(), strict=True):
            place.copy_(value)


@pytest.fixture
def streams() -> list[str]:
    """Those that became the current one."""
    return []


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch, streams: list[str]) -> list[Graph]:
    """Those that are made; while one is captured, a step computes nothing."""
    made = list[Graph]()

    def graph() -> Graph:
        made.append(Graph())
        return made[-1]

    @contextmanager
    def capturing(graph: Graph, stream: object = None) -> Iterator[None]:
        call = Step.__call__

        def recorded(self: Step, *given: Any) -> tuple[Tensor, Tensor]:
            graph.call = lambda: call(self, *given)
            graph.found = torch.empty(len(given[0]), 3), torch.empty(())
            return graph.found

        with monkeypatch.context() as patch:
            patch.setattr(Step, "__call__", recorded)
            yield

    monkeypatch.setattr(torch.cuda, "CUDAGraph", graph)
    monkeypatch.setattr(torch.cuda, "graph", capturing)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: None)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: "before")
    monkeypatch.setattr(torch.cuda, "set_stream", streams.append)
    return made


BATCH = 8


def prepared(**entries: str) -> Prepared:
    said = {"batch": str(BATCH), "clip": "norm(1)", **entries}
    spec = spec_with("input 8x8x1 conv3-4 BN maxpool FC-3 softmax", **said)
    recipe = spec.recipe()
    data = load_data(recipe, spec.typed.input, Path("/nowhere"))
    return Prepared(Experiment(spec, recipe), 0, data, data.normalisation("none"), choose("cpu", "fp32"))


def batches() -> list[tuple[Tensor, Tensor]]:
    """Whole ones, but for the fourth and the last."""
    random = torch.Generator().manual_seed(0)
    sizes = [BATCH, BATCH, BATCH, 3, BATCH, BATCH, BATCH, 3]
    return [(torch.randn(n, 1, 8, 8, generator=random), torch.randint(0, 3, (n,), generator=random)) for n in sizes]


@pytest.mark.parametrize("said", [{}, {"freeze": "conv1_1", "rate": "fc2 x2"}])
def test_a_captured_step_is_the_step_in_every_bit(graphs: list[Graph], said: dict[str, str]) -> None:
    ready = prepared(**said)
    plain = Step(to_torch(ready.spec), ready)
    captured = Captured(Step(to_torch(ready.spec), ready), BATCH)
    for k, (images, labels) in enumerate(batches()):
        for each in (plain, captured.step):
            each.set_rate(0.1 / (k + 1))
        for ours, theirs in zip(captured(images, labels), plain(images, labels), strict=True):
            assert torch.equal(ours, theirs)
    for name, value in weights(plain.network).items():
        assert (value == weights(captured.step.network)[name]).all(), name
    assert [graph.replays for graph in graphs] == [3], "after three that were taken, of whole batches"
    assert captured.why_not is None


def test_a_smaller_batch_is_never_what_is_captured(graphs: list[Graph]) -> None:
    ready = prepared()
    captured = Captured(Step(to_torch(ready.spec), ready), BATCH)
    for images, labels in batches():
        captured(images[:5], labels[:5])
    assert graphs == []


def test_rates_of_their_own_are_written_where_a_captured_step_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    full = torch.full
    monkeypatch.setattr(torch, "full", lambda *given, device: full(*given))
    rules = "sgd(lr=0.1, weight-decay=0.1, decays=weights)"
    ready = prepared(freeze="conv1_1", rate="fc2 x0.5", optimizer=rules, clip="")
    step = Step(to_torch(ready.spec), replace(ready, hardware=Hardware(torch.device("cuda"), "fp32")))
    step.set_rate(0.5)
    places = [group["lr"].data_ptr() for group in step.optimizer.param_groups]
    for rate in (0.25, 1.0):
        step.set_rate(rate)
        found = [(group["lr"].item(), len(group["params"])) for group in step.optimizer.param_groups]
        assert found == [(rate / 2, 1), (rate / 2, 1)], "of what isn't frozen the weight and the bias"
    assert places == [group["lr"].data_ptr() for group in step.optimizer.param_groups]


def test_where_a_gpu_refuses_it_goes_on(
    graphs: list[Graph], streams: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def refusing(graph: Graph, stream: object = None) -> Iterator[None]:
        """As PyTorch does: what broke a capture is the context of the error that tells that it is broken."""
        yield
        if graph is graphs[0]:
            try:
                raise RuntimeError("operation not permitted when stream is capturing\nmore of it")
            finally:
                raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(torch.cuda, "graph", refusing)
    ready = prepared()
    captured = Captured(Step(to_torch(ready.spec), ready), BATCH)
    for images, labels in batches():
        captured(images, labels)
    assert captured.why_not is not None
    assert captured.why_not.code == "W407"
    assert "operation not permitted when stream is capturing" in captured.why_not.message
    assert streams[-1] == "before"
    assert len(graphs) == 2, "it isn't tried again, but for an empty one"
    assert not captured.step.optimizer.param_groups[0]["capturable"]


def test_a_run_that_was_to_be_eager_goes_on_so(tmp_path: Path) -> None:
    run = train(spec_with(epochs="1"), device="cpu", eager=True, runs=tmp_path)
    planned = read_plan(run.path)
    assert (planned.eager, Workplace().going_on(planned).eager) == (True, True)
    file = run.path / "recipe.json"
    assert json.loads(file.read_text())["eager"] is True
    file.write_text(file.read_text().replace('"eager": true', '"eager": 1'))
    with pytest.raises(RecordError, match="eager or compile is neither true nor false"):
        read_plan(run.path)
    plain = train(spec_with(epochs="1"), device="cpu", runs=tmp_path)
    assert "eager" not in json.loads((plain.path / "recipe.json").read_text())


def test_a_loss_is_read_when_the_next_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = list[float]()

    class Event:
        def __init__(self, device: object) -> None:
            pass

        def record(self) -> None:
            pass

        def synchronize(self) -> None:
            waited.append(1)

    monkeypatch.setattr(torch, "Event", Event)
    readback = Readback()
    seen = [readback.next(torch.tensor(loss), rate) for loss, rate in ((2.0, 0.1), (float("inf"), 0.2), (1.0, 0.3))]
    assert seen == [None, (2.0, 0.1), (float("inf"), 0.2)]
    assert len(waited) == 2


@pytest.mark.parametrize("size", [(), (2, 3)])
def test_smoothed_labels_of_weighted_classes_cost_what_pytorch_says(size: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 4, *size, generator=random, dtype=torch.float64)
    labels = torch.randint(0, 4, (5, *size), generator=random)
    balance = torch.rand(4, generator=random, dtype=torch.float64)
    for smoothing, weights_of in ((0.1, balance), (0.0, balance), (0.1, None)):
        ours = cross_entropy(logits, labels, smoothing=smoothing, balance=weights_of)
        theirs = functional.cross_entropy(logits, labels, weights_of, label_smoothing=smoothing)
        assert torch.allclose(ours, theirs, rtol=1e-12, atol=0), "double precision, some twenty terms"


WAITS = {
    "aten::_local_scalar_dense",
    "aten::masked_select",
    "aten::nonzero",
    "aten::item",
    "aten::equal",
    "aten::is_nonzero",
}
"""What gives the processor a value, or a shape that depends on values: for it a GPU's kernels are waited for."""


class Heard(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's says nothing
    """The operations that are computed within it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self.names = set[str]()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(function.name().partition(".")[0])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("classes", ["", "class-weights=balanced"])
@pytest.mark.parametrize("smoothing", ["", "smoothing=0.1"])
@pytest.mark.parametrize("mix", ["none", "mixup(0.2)"])
def test_no_step_waits_for_what_it_computes(classes: str, smoothing: str, mix: str) -> None:
    said = ", ".join(filter(None, (smoothing, classes)))
    ready = prepared(loss=f"cross-entropy({said})" if said else "cross-entropy", mix=mix)
    ready = replace(ready, class_weights=class_weights(ready.recipe, ready.data.train.labels, ready.data.classes))
    assert (ready.class_weights is None) == (not classes)
    step, own = Step(to_torch(ready.spec), ready), None if mix == "none" else torch.tensor(0.7)
    step.set_rate(0.1)
    images, labels = batches()[0]
    with Heard() as heard:
        step(images, labels, own)
    assert "aten::convolution_backward" in heard.names, "all of it is heard"
    assert not heard.names & WAITS


def compiling(monkeypatch: pytest.MonkeyPatch, backend: object) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))


def test_whole_batches_run_what_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = list[int]()

    def backend(module: Any, inputs: Any) -> Any:
        def run(*given: Tensor) -> Any:
            ran.append(1)
            return module(*given)

        return run

    compiling(monkeypatch, backend)
    ready = prepared()
    plain = Step(to_torch(ready.spec), ready)
    compiled = Step(to_torch(ready.spec), replace(ready, compiled=True))
    for images, labels in batches():
        for each in (plain, compiled):
            each.set_rate(0.1)
        for ours, theirs in zip(compiled(images, labels), plain(images, labels), strict=True):
            assert torch.equal(ours, theirs), "the same kernels, here"
    assert len(ran) == sum(len(images) == BATCH for images, _ in batches())


def test_what_pytorch_cannot_compile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def backend(module: Any, inputs: Any) -> Any:
        raise ValueError("no compiler\nis here")

    compiling(monkeypatch, backend)
    step = Step(to_torch(prepared().spec), replace(prepared(), compiled=True))
    with pytest.raises(InputError, match=r"can't compile the network: .*no compiler") as caught:
        step(*batches()[0])
    (found,) = caught.value.diagnostics
    assert (found.code, "\n" in found.message) == ("V536", False)
    with pytest.raises(InputError):
        train(spec_with(epochs="1"), device="cpu", compiled=True, runs=tmp_path)
    assert list(tmp_path.iterdir()) == [], "nothing was trained"


def test_a_run_that_was_compiled_goes_on_so_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiling(monkeypatch, "eager")
    run = train(spec_with(epochs="1"), device="cpu", compiled=True, runs=tmp_path)
    planned = read_plan(run.path)
    assert (planned.compiled, Workplace().going_on(planned).compiled) == (True, True)
    assert not Workplace(compiled=False).going_on(planned).compiled, "where there is no compiler it goes on, too"
    assert re.search(r'device="[^"]*, compiled"', (run.path / "record.arch").read_text())
    with pytest.raises(InputError, match="deterministic") as caught:
        train(spec_with(deterministic="yes"), device="cpu", compiled=True, runs=tmp_path)
    assert [found.code for found in caught.value.diagnostics] == ["V536"]
    with pytest.raises(InputError, match="2 processes") as caught:
        refuse_compiling(spec_with(deterministic="no").recipe(), 2)
    assert caught.value.diagnostics[0].labels == (), "no entry of the recipe is at fault"
