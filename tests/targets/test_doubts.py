"""Weights that look wrong are told of, and those that trained networks may have are not."""

from collections.abc import Callable
from pathlib import Path

import commands
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import vggdsl
from vggdsl.network.weights import Array
from vggdsl.spec.parsing import parse
from vggdsl.targets.doubts import doubts
from vggdsl.targets.foreign_weights import from_file
from vggdsl.targets.torch import to_torch, weights

SPEC = "input 8x8x3\nconv3-8 ReLU conv3-8 BN ReLU conv3-8 BN ReLU conv3-8 sigmoid maxpool FC-4 softmax"
GRAPH = parse(SPEC).typed
DRAWN = weights(to_torch(GRAPH))
RANDOM = np.random.default_rng(0)
TAKEN = {name: RANDOM.uniform(0.5, 2, 8).astype(np.float32) for name in DRAWN if name.endswith(".running_var")}
GOOD = {**DRAWN, **TAKEN}

Changes = dict[str, Callable[[Array], Array]]


def told(changes: Changes, good: "dict[str, Array]" = GOOD) -> list[str]:
    given = {name: changes.get(name, np.asarray)(array).astype(np.float32) for name, array in good.items()}
    return list(doubts("x.pth", GRAPH, given))


def shifted(by: float) -> Callable[[Array], Array]:
    return lambda array: array + by


def scaled(by: float) -> Callable[[Array], Array]:
    return lambda array: array * by


def of(values: object) -> Callable[[Array], Array]:
    return lambda array: np.broadcast_to(np.asarray(values, np.float32), array.shape).copy()


def int8(array: Array) -> Array:
    return np.asarray(np.round(array / np.abs(array).max() * 127))


VALUES = np.linspace(0.5, 2, 8)
DEAD = "what it adds, up to 1e+03, outweighs its weights"
COPIED = ": was one copied for the other?"
UNIT = ": in which unit is it?"
SIGNS = np.array([1, -1] * 4)
WRONG: dict[str, tuple[Changes, str]] = {
    "dead": ({"conv1_1.bias": shifted(-1000)}, f"conv1_1 gives ReLU the same whatever comes in: {DEAD}"),
    "dead BN": ({"bn1_2.bias": shifted(-1000)}, f"bn1_2 gives ReLU the same whatever comes in: {DEAD}"),
    "dead before a BN": ({"conv1_2.bias": of(-1000), "bn1_2.running_var": of(VALUES)},
                         f"bn1_2 gives ReLU the same whatever comes in: {DEAD}"),
    "another's mean": ({"bn1_2.running_mean": of(1000), "bn1_2.running_var": of(VALUES)},
                       f"bn1_2 gives ReLU the same whatever comes in: {DEAD}"),
    "saturated": ({"conv1_4.bias": of(1000 * SIGNS)}, f"conv1_4 gives sigmoid the same whatever comes in: {DEAD}"),
    "one class": ({"fc2.bias": of([0, 0, 1000, 0])}, f"fc2 gives class 2, counted from 0, whatever comes in: {DEAD}"),
    "tiny": ({"conv1_2.weight": scaled(1e-12)},
             f"conv1_2.weight is about 2e-13 in size, where training begins at 2e-01{UNIT}"),
    "denormal": ({"conv1_2.weight": scaled(1e-40)},
                 f"conv1_2.weight is about 2e-41 in size, where training begins at 2e-01{UNIT}"),
    "tiny all": ({name: scaled(1e-12) for name in GOOD if name.endswith(".weight")},
                 f"conv1_1.weight is about 3e-13 in size, where training begins at 3e-01, as 6 others{UNIT}"),
    "huge": ({"conv1_2.weight": scaled(1e6)},
             f"conv1_2.weight is about 2e+05 in size, where training begins at 2e-01{UNIT}"),
    "tiny BN": ({"bn1_2.weight": scaled(1e-12)},
                f"bn1_2.weight is about 1e-12 in size, where training begins at 1e+00{UNIT}"),
    "no BN": ({"bn1_2.weight": scaled(0)},
              "bn1_2.weight is 0 all over: was it ever trained?"),
    "copied": ({"conv1_4.weight": of(GOOD["conv1_2.weight"])},
               f"conv1_2.weight and conv1_4.weight hold the same values{COPIED}"),
    "copied twice": ({f"{to}.weight": of(GOOD["conv1_2.weight"]) for to in ("conv1_3", "conv1_4")},
                       f"conv1_2.weight and conv1_3.weight hold the same values, as 1 more pair{COPIED}"),
    "a BN's parts": ({"bn1_2.weight": of(VALUES), "bn1_2.running_var": of(VALUES)},
                     f"bn1_2.weight and bn1_2.running_var hold the same values{COPIED}"),
    "one variance": ({"bn1_2.running_var": of(65504)},
                     "bn1_2 normalises by the variance 65504 in each channel: were its statistics ever taken?"),
    "unsigned": ({"conv1_2.weight": np.abs}, "conv1_2.weight has no negative weight: were signs lost?"),
    "rows": ({"conv1_2.weight": of(GOOD["conv1_2.weight"][:1])},
             "conv1_2.weight is the same for each output: was it ever trained?"),
    "int8": ({"conv1_2.weight": int8},
             "conv1_2.weight holds nothing but whole numbers, up to 127: was it quantised, and is its scale missing?"),
    "int4": ({"fc2.weight": lambda a: np.round(a / np.abs(a).max() * 7)},
             "fc2.weight holds nothing but whole numbers, up to 7: was it quantised, and is its scale missing?"),
    "swapped": ({"bn1_2.weight": of(SIGNS * 0.1), "bn1_2.bias": of(1)},
                "bn1_2 has 4 of 8 scales negative, and each shift positive: are its weight and bias swapped?"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_no_training_leaves_is_told(name: str) -> None:
    changes, said = WRONG[name]
    assert told(changes) == [f"x.pth: {said}"]


SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
SPARSE = np.where(np.arange(8) < 7, 1e-9, 1)
TRAINED: dict[str, Changes] = {
    "as drawn": {},
    "kernels that decayed": {"conv1_2.weight": scaled(1e-3)},
    "kernels with a BN folded in": {"conv1_2.weight": scaled(300)},
    "channels that were pruned": {"bn1_2.weight": of(SPARSE), "bn1_2.bias": of(-SPARSE)},
    "channels that died": {"conv1_1.bias": of([-1000] * 7 + [0])},
    "biases that wander": {"conv1_1.bias": of(5 * SIGNS), "bn1_2.bias": of(-3), "fc2.bias": of([-9, 0, 3, 9])},
    "a bias that a BN takes away": {"conv1_2.bias": of(-1000), "bn1_2.running_mean": of(-1000)},
    "kernels of signs": {name: np.sign for name in GOOD if name.endswith(".weight") and "bn" not in name},
    "a fixed filter": {"conv1_2.weight": of(SOBEL * SIGNS[:, None, None, None])},
    "scales of both signs": {"bn1_2.weight": of(SIGNS), "bn1_2.bias": of(SIGNS)},
    "half precision": {name: lambda a: a.astype(np.float16) for name in GOOD},
}  # fmt: skip


@pytest.mark.parametrize("name", TRAINED)
def test_what_a_training_may_leave_is_not(name: str) -> None:
    assert told(TRAINED[name]) == []


def test_fixed_filters_of_each_channel_are_no_doubt() -> None:
    graph = parse("input 8x8x3\nconv3-64 ReLU" + " conv3-64 groups=64 bias=no ReLU" * 2 + " FC-4").typed
    blur = np.tile(np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 16, (64, 1, 1, 1))
    blurs = {"conv1_2.weight": blur, "conv1_3.weight": blur.copy()}
    assert list(doubts("x.pth", graph, {**weights(to_torch(graph)), **blurs})) == []


GATE = "mul[ identity | global-avgpool conv1-2 ReLU conv1-8 sigmoid ]"
BRANCHES: dict[str, tuple[str, str, str]] = {
    "BN": ("add[ conv3-8 BN dropout-0.1 | identity ] ReLU", "bn1_2", "bn1_1"),
    "GN": ("add[ conv3-8 GN-2 | identity ] ReLU", "gn1_2", "bn1_1"),
    "Fixup": ("add[ conv3-8 ReLU conv3-8 | identity ] ReLU", "conv1_3", "conv1_2"),
    "widened": ("add[ conv3-4/2 BN widen-8 | maxpool1/2 ] ReLU", "bn1_2", "bn1_1"),
    "excited": (f"add[ conv3-8 BN {GATE} | identity ] ReLU", "bn1_2", "bn1_1"),
    "excited, Fixup": (f"add[ conv3-8 {GATE} dropout-0.1 | identity ] ReLU", "conv1_2", "bn1_1"),
    "a gate itself": (f"add[ conv3-8 BN {GATE} | identity ] ReLU", "bn1_2", "conv1_4"),
    "one in another": ("add[ conv3-8 add[ ReLU conv3-8 | identity ] | identity ]", "conv1_3", "bn1_1"),
    "two to come together": ("add[ concat[ conv3-4 | conv3-4 ] shuffle-2 mul[ conv1-8 | conv1-8 sigmoid ] | identity ]",
                             "conv1_4", "conv1_2"),
    "before what is added to it": (f"conv3-8 add[ conv3-8 BN {GATE} | identity ]", "bn1_3", "conv1_2"),
    "before its gate": ("conv3-8 mul[ identity | conv1-8 sigmoid ] ReLU add[ conv3-8 BN | identity ]", "bn1_4",
                        "conv1_2"),
}  # fmt: skip


NOTHING = "adds nothing but biases: was it pruned, or never trained?"
IDLE = f"is 0 all over, so that its residual branch {NOTHING}"
IDLE_BOTH = f"are 0 all over, so that the residual branch of each {NOTHING}"


@pytest.mark.parametrize("name", BRANCHES)
def test_what_ends_a_branch_may_be_nearly_zero_and_is_told_where_it_is_as_it_began(name: str) -> None:
    branch, last, inner = BRANCHES[name]
    graph = parse(f"input 8x8x3\nafter conv: none\nconv3-8 BN ReLU {branch} FC-4").typed
    begun = weights(to_torch(graph))
    learnt = {name: RANDOM.uniform(0.5, 2, a.shape) if a.ndim == 1 else a for name, a in begun.items()}
    nothing = np.zeros_like(begun[f"{last}.weight"])
    assert list(doubts("x.pth", graph, {**learnt, f"{last}.weight": RANDOM.normal(0, 1e-12, nothing.shape)})) == []
    assert list(doubts("x.pth", graph, {**learnt, f"{last}.weight": nothing})) == [f"x.pth: {last}.weight {IDLE}"]
    told = list(doubts("x.pth", graph, {**learnt, f"{inner}.weight": np.zeros_like(begun[f"{inner}.weight"])}))
    assert told == [f"x.pth: {inner}.weight is 0 all over: was it ever trained?"]
    told = list(doubts("x.pth", graph, {**begun, f"{last}.weight": nothing}))
    assert told[0] == f"x.pth: {last}.weight {IDLE}"


def test_an_untrained_network_is_told_by_its_branches_whatever_else_was_drawn_or_taken() -> None:
    branch = " add[ conv3-8 BN ReLU conv3-8 BN | identity ] ReLU"
    graph = parse(f"input 8x8x3\nafter conv: none\nconv3-8 BN ReLU{branch * 2} FC-4").typed
    begun = weights(to_torch(graph))
    ends = [typed.node.inputs[0] for typed in graph.training_nodes if typed.node.op.kind == "add"]
    begun |= {f"{end}.weight": np.zeros(8, np.float32) for end in ends}
    drawn = {name: RANDOM.normal(0, 0.1, a.shape) for name, a in begun.items() if name.endswith(".bias")}
    passed = {name: RANDOM.uniform(0.5, 2, 8) for name in begun if name.endswith((".running_var", ".running_mean"))}
    for changed in (passed, {**drawn, **passed}):
        (said,) = doubts("x.pth", graph, {**begun, **changed})
        assert said == f"x.pth: {ends[0]}.weight and {ends[1]}.weight {IDLE_BOTH}"
    (said, *_) = doubts("x.pth", graph, {**begun, **drawn})
    assert said == f"x.pth: {ends[0]}.weight and {ends[1]}.weight {IDLE_BOTH}"


def test_a_step_of_training_takes_the_doubt_away() -> None:
    graph = parse("input 8x8x3\nafter conv: none\nconv3-8 BN ReLU add[ conv3-8 ReLU conv3-8 | identity ] FC-4").typed
    module = to_torch(graph)
    with torch.no_grad():
        module.get_parameter("conv1_3.weight").zero_()
    module.train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    for expected in (True, False):
        said = list(doubts("x.pth", graph, weights(module)))
        assert (f"x.pth: conv1_3.weight {IDLE}" in said) is expected
        loss = torch.nn.functional.cross_entropy(module(torch.randn(16, 3, 8, 8)), torch.arange(16) % 4)
        torch.autograd.backward(loss)
        optimizer.step()


@pytest.mark.parametrize("size", [0, 1e-12])
def test_branches_that_leave_nothing_but_biases_together_are_told(size: float) -> None:
    for sum, ends in (
        ("add[ conv3-8 ReLU conv3-8 | conv1-8 ] ReLU", ("conv1_3", "conv1_4")),
        ("add[ conv3-8 | add[ conv1-8 | conv1-8 ] ] ReLU", ("conv1_2", "conv1_3", "conv1_4")),
        (
            "add[ conv3-8 | conv1-8 ReLU conv3-8 | conv1-8 ] ReLU add[ conv3-8 | identity ]",
            ("conv1_2", "conv1_4", "conv1_5"),
        ),
    ):
        graph = parse(f"input 8x8x3\nafter conv: none\nconv3-8 ReLU {sum} FC-4").typed
        learnt = {name: RANDOM.normal(0, 0.2, a.shape) for name, a in weights(to_torch(graph)).items()}
        nothing = {f"{end}.weight": RANDOM.normal(0, size, learnt[f"{end}.weight"].shape) for end in ends}
        (said,) = doubts("x.pth", graph, {**learnt, **nothing})
        assert said.startswith(f"x.pth: {ends[0]}.weight is ")
        assert f", as {len(ends) - 1} other" in said
        del nothing[f"{ends[-1]}.weight"]
        told = list(doubts("x.pth", graph, {**learnt, **nothing}))
        names = [f"{end}.weight" for end in ends[:-1]]
        one = f"x.pth: {' and '.join(names)} {IDLE_BOTH if len(names) > 1 else IDLE}"
        assert told == ([] if size else [one])


def test_a_branch_that_was_pruned_as_a_whole_is_named_once() -> None:
    branch = " add[ conv3-8 ReLU conv3-8 | identity ] ReLU"
    graph = parse(f"input 8x8x3\nafter conv: none\nconv3-8 ReLU{branch * 3} FC-4").typed
    learnt = {name: RANDOM.normal(0, 0.2, a.shape) for name, a in weights(to_torch(graph)).items()}
    pruned = {f"conv1_{n}.{part}": 0 * learnt[f"conv1_{n}.{part}"] for n in (4, 5) for part in ("weight", "bias")}
    assert list(doubts("x.pth", graph, {**learnt, **pruned})) == [
        f"x.pth: conv1_4.weight and conv1_5.weight {IDLE_BOTH}"
    ]


def test_bns_of_the_same_values_have_the_same_statistics() -> None:
    graph = parse("input 8x8x3\nconv3-8 ReLU add[ BN ReLU conv3-8 | BN conv1-8 ] FC-4").typed
    ours, theirs = (t.name for t in graph.training_nodes if t.name.startswith("bn"))
    given = {**weights(to_torch(graph)), f"{ours}.running_mean": VALUES, f"{ours}.running_var": 2 * VALUES}
    for part in ("running_mean", "running_var"):
        given[f"{theirs}.{part}"] = given[f"{ours}.{part}"].copy()
    assert list(doubts("x.pth", graph, given)) == []
    given[f"{theirs}.running_mean"] = given[f"{ours}.running_var"].copy()
    (said,) = doubts("x.pth", graph, given)
    assert f"{ours}.running_var and {theirs}.running_mean hold the same values" in said


def test_pruned_kernels_are_compared_beyond_their_zeros() -> None:
    graph = parse("input 8x8x3\nconv3-8" + " ReLU conv3-8" * 3 + " FC-4").typed
    given = weights(to_torch(graph))
    for name in ("conv1_2", "conv1_3", "conv1_4"):
        given[f"{name}.weight"] = given[f"{name}.weight"].copy()
        given[f"{name}.weight"][0] = 0
    assert list(doubts("x.pth", graph, given)) == []
    given["conv1_4.weight"] = given["conv1_3.weight"].copy()
    assert list(doubts("x.pth", graph, given)) == [
        f"x.pth: conv1_3.weight and conv1_4.weight hold the same values{COPIED}"
    ]


def test_a_pool_between_a_layer_and_its_activation_changes_nothing() -> None:
    for pool in ("maxpool", "dropout-0.5 avgpool2/2", "global-avgpool"):
        graph = parse(f"input 8x8x3\nafter conv: none\nconv3-8 {pool} ReLU FC-4").typed
        given = {**weights(to_torch(graph)), "conv1_1.bias": np.full(8, -1000, np.float32)}
        assert list(doubts("x.pth", graph, given)) == [f"x.pth: conv1_1 gives ReLU the same whatever comes in: {DEAD}"]


def tensors() -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in GOOD.items()}


@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_one_tensor_under_two_names_is_shared_on_purpose(kind: torch.dtype, tmp_path: Path) -> None:
    state = {name: tensor.to(kind) for name, tensor in tensors().items()}
    state["conv1_4.weight"] = state["conv1_2.weight"]
    said: list[str] = []
    for name, copied in (("shared", False), ("copied", True)):
        given = {key: tensor.clone() for key, tensor in state.items()} if copied else state
        torch.save(given, tmp_path / f"{name}.pth")
        from_file(GRAPH, tmp_path / f"{name}.pth", said.append)
        assert any("hold the same values" in each for each in said) is copied


def test_biases_of_one_sum_are_trained_alike() -> None:
    graph = parse("input 8x8x3 add[ conv3-8 BN | conv1-8 BN ] ReLU conv3-8 BN ReLU FC-4 softmax").typed
    given = {name: RANDOM.uniform(0.5, 2, array.shape) for name, array in weights(to_torch(graph)).items()}
    first, second, behind = (name for name in given if name.startswith("bn") and name.endswith(".bias"))
    assert not any(COPIED in each for each in doubts("x.pth", graph, given | {second: given[first].copy()}))
    assert any(COPIED in each for each in doubts("x.pth", graph, given | {behind: given[first].copy()}))


def test_doubts_are_told_by_commands_and_in_python(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(SPEC + "\n")
    state = {**tensors(), "conv1_1.bias": torch.full((8,), -1000.0)}
    save_file(state, tmp_path / "x.safetensors")
    done = commands.run(
        "export", tmp_path / "net.arch", "--weights", tmp_path / "x.safetensors", "-o", tmp_path / "x.onnx"
    )
    assert done.stderr.count("conv1_1 gives ReLU the same whatever comes in") == 1
    with pytest.warns(UserWarning, match="the mapping: conv1_1 gives ReLU the same whatever comes in"):
        vggdsl.export(parse(SPEC), tmp_path / "z.onnx", weights=state)
