"""Weights as people have them: what trainers and tools put around a state dict, and what is no weights at all."""

import argparse
import io
import os
import pickle
import subprocess
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import numpy as np
import pytest
import torch
from refusals import refusal
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save, save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import vggdsl
from vggdsl.network.weights import turned
from vggdsl.spec.parsing import parse
from vggdsl.targets.foreign_weights import Loaded, from_file
from vggdsl.targets.torch import to_torch, weights
from vggdsl.targets.weight_files import read_weights
from vggdsl.text.errors import InputError

SPEC = "input 8x8x3\nconv3-4 BN ReLU maxpool FC-2 softmax"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))  # type: ignore[no-any-return]


torch.manual_seed(0)
NET = Net()
NET(torch.randn(8, 3, 8, 8))
STATE = NET.eval().state_dict()
X = torch.randn(4, 3, 8, 8)


def behind(prefix: str, state: dict[str, Tensor] | OrderedDict[str, Tensor] = STATE) -> dict[str, Tensor]:
    return OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def load(path: Path) -> tuple[Loaded, str]:
    said: list[str] = []
    return from_file(parse(SPEC).typed, path, said.append), "\n".join(said)


def save_as(state: object, path: Path, **how: Any) -> Path:
    torch.save(state, path, **how)
    return path


@torch.inference_mode()
def assert_same(loaded: Loaded, tolerance: float = 1e-6) -> None:
    expected, found = NET(X), loaded.network.eval()(X)
    assert float((found - expected).abs().max() / expected.abs().max()) < tolerance


class Attributes(argparse.Namespace):
    """A class that only the trainer's program has."""


SPENT = {
    "momentum": torch.optim.SGD(NET.parameters(), lr=0.1).state_dict(),
    "rng": {"torch": torch.zeros(16, dtype=torch.uint8), "counts": torch.zeros(2, 2, dtype=torch.int64)},
}
CHECKPOINTS: dict[str, tuple[object, tuple[str, ...]]] = {
    "plain": (STATE, ()),
    "parallel": (behind("module."), ()),
    "imagenet": ({"epoch": 3, "state_dict": behind("module."), "best_acc1": torch.tensor(93.5), "optimizer": SPENT},
                 ("its weights are the entry `state_dict`", "passed over: epoch, best_acc1, optimizer")),
    "kuangliu": ({"net": behind("module."), "acc": 94.1, "epoch": 199}, ("the entry `net`", "passed over: acc, epoch")),
    "torchvision": ({"model": STATE, "optimizer": SPENT, "args": argparse.Namespace(lr=0.1)},
                    ("the entry `model`", "passed over: optimizer, args")),
    "own class": ({"model_state_dict": STATE, "options": Attributes(lr=0.1)}, ("`model_state_dict`", "options")),
    "numpy": ({"state_dict": STATE, "best": np.float64(0.9)}, ("`state_dict`", "passed over: best")),
    "lightning": ({"state_dict": behind("model."), "epoch": 3, "global_step": 10, "hyper_parameters": {"lr": 0.1},
                   "callbacks": {"ModelCheckpoint": {"best": torch.tensor(0.5)}}, "optimizer_states": [SPENT]},
                  ("`state_dict`", "passed over: epoch, global_step, hyper_parameters, callbacks, optimizer_states")),
    "lightning net": ({"state_dict": behind("net.")}, ("`state_dict`",)),
    "in a list": ([STATE, {"lr": 0.1}], ("its weights are the entry `0`", "passed over: 1")),
    "of a fold": ({"folds": [{"model": STATE, "epoch": 1}], "k": 1}, ("the entry `folds.0.model`", "over: k, epoch")),
    "of an epoch": ({"epochs": {7: {"net": STATE}}}, ("the entry `epochs.7.net`",)),
    "deep": ({"a": {"b": {"c": {"d": {"e": STATE}}}}, "f": 1}, ("the entry `a.b.c.d.e`", "passed over: f")),
    "optimizer by names": ({"model": STATE, "adam": {"state": {"conv": {"step": 1, "exp_avg": X}}, "param_groups": []},
                            "more": [{"exp_avg": X}]}, ("the entry `model`", "passed over: adam, more")),
    "beside matrices": ({"model": STATE, "history": [{"confusion": torch.rand(2, 2), 1: torch.rand(2, 2)}]},
                        ("the entry `model`", "passed over: history")),
    "twice": ({"checkpoint": {"model": STATE, "epoch": 1}, "version": 2},
              ("the entry `checkpoint.model`", "passed over: version, epoch")),
    "compiled": (behind("_orig_mod."), ("names are read without _orig_mod",)),
    "compiled in parallel": (behind("module._orig_mod."), ("without _orig_mod",)),
    "compiled in part": ({n.replace("features.", "features._orig_mod."): t for n, t in STATE.items()}, ("_orig_mod",)),
    "thop": ({**STATE, "total_ops": torch.zeros(1), "features.0.total_params": torch.zeros(1)},
             ("passed over as counters: 2 of total_ops, total_params",)),
    "averaged": ({"n_averaged": torch.tensor(3), **behind("module.")}, ("passed over as counters: 1 of n_averaged",)),
    "beside results": ({"state_dict": STATE, "metrics": {"confusion": torch.rand(3, 3), "accuracy": torch.rand(2)}},
                       ("the entry `state_dict`", "passed over: metrics")),
    "beside results by names": ({"metrics": {"val.confusion": torch.rand(3, 3)}, "model": STATE},
                                ("the entry `model`", "passed over: metrics")),
    "beside results among numbers": ({"net": STATE, "confusion": torch.rand(3, 3), "epoch": 3,
                                      "best": {"confusion": torch.rand(3, 3), "accuracy": 0.5}},
                                     ("the entry `net`", "passed over: confusion, epoch, best")),
    "one twice": ({"model": STATE, "ema": STATE}, ("the entry `model`; `ema` holds the same; passed over: ema",)),
    "two views": ({"model": {**STATE}, "ema": NET.state_dict()}, ("`ema` holds the same",)),
    "copies": ({"model": STATE, "best": {n: t.clone() for n, t in STATE.items()}, "all": [behind("module.")]},
               ("`best` and `all.0` hold the same; passed over: best, all",)),
    "an average of one": ({"model": STATE, "ema": {"n_averaged": torch.tensor(1), **behind("module.")}},
                          ("`ema` holds the same",)),
    "copies beside": ({**STATE, "best": STATE}, ("the entry `best`; what lies beside it holds the same",)),
    "copies among numbers": ({"ema": STATE, "model": {**STATE, "epoch": 3}}, ("the entry `ema`; `model` holds",)),
    "double": ({n: t.double() for n, t in STATE.items()}, ("its numbers are float64, and become float32",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_state_dict_is_found_in_what_trainers_save(name: str, tmp_path: Path) -> None:
    state, said = CHECKPOINTS[name]
    loaded, told = load(save_as(state, tmp_path / "x.pth"))
    assert_same(loaded)
    for each in said:
        assert each in told
    assert "num_batches_tracked) passed over" in told
    assert bool(said) == (len(told.splitlines()) > 2)


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float16, 1e-2), (torch.bfloat16, 1e-1)])
def test_numbers_of_half_precision_are_told(kind: torch.dtype, tolerance: float, tmp_path: Path) -> None:
    state = {name: t.to(kind) if t.is_floating_point() else t for name, t in STATE.items()}
    for path in (save_as(state, tmp_path / "x.pth"), tmp_path / "x.safetensors"):
        save_file(state, tmp_path / "x.safetensors")
        loaded, told = load(path)
        assert_same(loaded, tolerance)
        assert f"its numbers are {str(kind).removeprefix('torch.')}, and become float32" in told


def test_a_files_bytes_say_what_it_is_where_its_name_does_not(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(save(dict(STATE)))
    torch.save(STATE, tmp_path / "y.safetensors")
    torch.save(STATE, tmp_path / "z.pth", _use_new_zipfile_serialization=False)
    for name in ("x.bin", "y.safetensors", "z.pth"):
        assert_same(load(tmp_path / name)[0])


def refused(path: Path) -> tuple[str, str, str]:
    found = refusal(lambda: load(path), InputError)
    assert found.message.rpartition(":")[2].strip(), "a reason is never empty"
    assert found.help
    return found.code, found.message, found.help


ALONE, NO_MORE, NAN = (
    "state_dict()",
    "holds more than tensors, and is not loaded: an object of",
    "NaN or infinite values",
)
ONE = 'torch.save(checkpoint["state_dict"], "weights.pth")'
MEAN = {name: tensor + 1 for name, tensor in STATE.items()}
SPEAKS_OF: dict[str, tuple[object, str, str, str]] = {
    "averages": ({"state_dict": STATE, "state_dict_ema": MEAN}, "V513",
                 "2 state dicts: `state_dict` and `state_dict_ema`", ONE),
    "three": ({"a": STATE, "b": {"c": MEAN}, "d": behind("m.", MEAN)}, "V513",
              "3 state dicts: `a` and `b.c`, …", '["a"]'),
    "momentum beside": ({**STATE, "momentum": MEAN}, "V513",
                        "2 state dicts: `momentum` and the tensors beside it", 'torch.save(model.state_dict(), "'),
    "averages beside": ({"ema": MEAN, "model": {**STATE, "epoch": 3}}, "V513",
                        "2 state dicts: `ema` and the tensors loose in `model`", 'torch.save(model.state_dict(), "'),
    "two and more beside": ({**STATE, "a": MEAN, "b": {"c": {n: t + 2 for n, t in STATE.items()}}}, "V513",
                            "3 state dicts: `a` and `b.c`, …", ALONE),
    "a head in a list": ({"model": STATE, "more": [{"weight": X, "bias": X}]}, "V513",
                         "2 state dicts: `model` and `more.0`", '["model"]'),
    "averages in a list": ({"model": STATE, "ema": [MEAN]}, "V513", "2 state dicts: `model` and `ema.0`", '["model"]'),
    "averages of a callback": ({"state_dict": STATE, "callbacks": {"EMA": {"of": {"all": MEAN}}}}, "V513",
                               "2 state dicts: `state_dict` and `callbacks.EMA.of.all`", ONE),
    "results beside": ({**STATE, "metrics": {"confusion": torch.rand(3, 3)}}, "V513",
                       "since metrics of its entries is no tensor", ALONE),
    "averages of one weight": ({"model": STATE, "ema": {**STATE, "classifier.bias": torch.ones(2)}}, "V513",
                               "2 state dicts: `model` and `ema`", '["model"]'),
    "half the averages": ({"model": STATE, "ema": {n: t.half() for n, t in STATE.items()}}, "V513",
                          "2 state dicts: `model` and `ema`", '["model"]'),
    "another's": ({"model": STATE, "critic": {"0.weight": torch.rand(5, 5)}}, "V513",
                  "2 state dicts: `model` and `critic`", '["model"]'),
    "a table like its weights": ({"model": STATE, "centres": {"of": torch.rand(64, 2)}}, "V513",
                                 "2 state dicts: `model` and `centres`", '["model"]'),
    "halves": ([dict(list(STATE.items())[:4]), dict(list(STATE.items())[4:])], "V513", "2 state dicts: `0` and `1`",
               "`torch.save(checkpoint[0], "),
    "layers": ({"net": {"features": {"0": {"weight": STATE["features.0.weight"]}},
                        "classifier": {"weight": STATE["classifier.weight"]}}}, "V513",
               "2 state dicts: `net.features.0` and `net.classifier`", '["net"]["features"]["0"], '),
    "loose within": ({"a": {"b": [{**STATE, "epoch": 3}]}}, "V513", "but tensors among other values in `a.b.0`", ALONE),
    "pairs": (list(STATE.items()), "V513", "but a list", ALONE),
    "too deep": ([[[[[[[[[STATE]]]]]]]]], "V513", "but a list", ALONE),
    "averages in names": ({**behind("model."), **behind("model_ema.module.")}, "V510",
                          "behind `model.` and behind `model_ema.` fits the network", "behind `model.`"),
    "averages beside in names": ({**STATE, **behind("ema.")}, "V510",
                                 "behind `ema.` fits the network, and so do the entries beside it",
                                 "the entries behind `ema.`, or those without such a prefix"),
    "averages deeper in names": ({**behind("net.a."), **behind("net.ema.")}, "V510",
                                 "behind `net.a.` and behind `net.ema.` fits", "behind `net.a.`"),
    "a loss's": ({**behind("model."), "criterion.weight": torch.ones(2)}, "V510",
                 "behind `model.` fits", "behind `model.`"),
    "no statistics": ({n: t for n, t in STATE.items() if "running" not in n and "num" not in n}, "V510",
                      "features.1 has no running_mean and running_var, by which bn1_1 normalises", "with its buffers"),
    "without names": (list(STATE.values()), "V513", "but 9 tensors without names", ALONE),
    "a tensor": (torch.ones(2), "V513", "but a tensor", ALONE),
    "a number": (3, "V513", "but a int", ALONE),
    "nothing": ({}, "V513", "an empty mapping", ALONE),
    "no weights": ({"epoch": 3, "args": "-x"}, "V513", "but epoch, args", ALONE),
    "a number beside": ({**STATE, "epoch": 3}, "V513", "since epoch of its entries is no tensor", ALONE),
    "whole": (NET, "V513", f"{NO_MORE} `test_checkpoints.Net`", ALONE),
    "whole within": ({"model": NET, "epoch": 1}, "V513", f"{NO_MORE} `test_checkpoints.Net`", ALONE),
    "NaN": ({**STATE, "classifier.bias": torch.tensor([1, float("nan")])}, "V513", f"{NAN} in fc", "epoch"),
    "infinite": ({**STATE, "classifier.bias": torch.tensor([1, float("inf")])}, "V513", NAN, "epoch"),
    "too large": ({n: (t * 1e300 if n == "classifier.bias" else t).double() for n, t in STATE.items()}, "V513",
                  NAN, "epoch"),
    "whole numbers": ({n: t.to(torch.int8) for n, t in STATE.items()}, "V513",
                      "holds whole numbers, of int8", "scales"),
    "another width": ({**STATE, "classifier.weight": torch.ones(9, 64), "classifier.bias": torch.ones(9)}, "V510",
                      "fc2 is bias (2), weight (2, 64) here, classifier is bias (9), weight (9, 64) there",
                      "all else fits: were they trained on 9 classes? fc2 gives 2"),
    "averages of gradients": ({"exp_avg": STATE, "step": 3}, "V513", "but `exp_avg`: values of its training", ALONE),
    "an optimizer's": ({"epoch": 3, "optimizer": {"grads": STATE}}, "V513", "but `optimizer.grads`: values", ALONE),
    "another order": (dict(reversed(STATE.items())), "V510", "don't fit", "in another order: name the entries"),
}  # fmt: skip


@pytest.mark.parametrize("prefix", ["module.", "model.module."])
def test_a_wrappers_prefix_is_told(prefix: str, tmp_path: Path) -> None:
    assert f" other names, behind `{prefix}`: its layers" in load(save_as(behind(prefix), tmp_path / "x.pth"))[1]


def test_entries_without_end_are_read(tmp_path: Path) -> None:
    around: dict[str, object] = {"model": STATE}
    around["all"] = [around] * 1000
    loaded, told = load(save_as(around, tmp_path / "x.pth"))
    assert_same(loaded)
    assert "its weights are the entry `model`; passed over: all" in told


@pytest.mark.parametrize("name", SPEAKS_OF)
def test_what_is_not_one_state_dict_of_the_network_is_refused_in_words(name: str, tmp_path: Path) -> None:
    state, code, message, help = SPEAKS_OF[name]
    found = refused(save_as(state, tmp_path / "x.pth"))
    assert found[0] == code
    assert message in found[1]
    assert help in found[2]


def _pruned(module: nn.Module) -> None:
    prune.l1_unstructured(module, "weight", amount=0.3)  # type: ignore[no-untyped-call]  # PyTorch's


def rewritten(how: Callable[[nn.Module], object]) -> dict[str, Tensor]:
    net = Net()
    how(net.features[0])
    return dict(net.state_dict())


@pytest.mark.parametrize(
    ("how", "what", "mend"),
    [
        (_pruned, "features.0 is pruned", "prune.remove"),
        (nn.utils.weight_norm, "features.0 is under weight norm", "remove_weight_norm"),
        (nn.utils.spectral_norm, "features.0 is under spectral norm", "remove_spectral_norm"),
        (parametrizations.weight_norm, "features.0 is parametrised", "remove_parametrizations"),
        (parametrizations.orthogonal, "features.0 is parametrised", "remove_parametrizations"),
    ],
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_that_are_kept_as_several_are_told(
    how: Callable[[nn.Module], object], what: str, mend: str, tmp_path: Path
) -> None:
    code, message, help = refused(save_as(rewritten(how), tmp_path / "x.pth"))
    assert (code, what in message, mend in help) == ("V510", True, True)


def test_quantised_weights_are_refused(tmp_path: Path) -> None:
    state = {n: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8) if t.ndim > 1 else t for n, t in STATE.items()}
    assert "features.0.weight is quantised" in refused(save_as(state, tmp_path / "x.pth"))[1]


class Payload:
    """Calls something where it is unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def touch(path: str) -> None:
    Path(path).touch()


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    touched, path = tmp_path / "touched", tmp_path / "x.pth"
    foreign = Payload(touch, str(touched))
    loaded, told = load(save_as({"model": STATE, "x": foreign}, path))
    assert_same(loaded)
    assert "passed over: x" in told
    calls = (Payload(exec, f"open({str(touched)!r}, 'w')"), Payload(os.system, f"touch {touched}"),
             Payload(subprocess.call, ("touch", str(touched))), Payload(Path.touch, touched))  # fmt: skip
    for state in (foreign, *calls, *({"model": STATE, "x": call} for call in calls)):
        assert "more than tensors" in refused(save_as(state, path))[1]
    assert not touched.exists()


def test_another_pickle_protocol_is_told(tmp_path: Path) -> None:
    path = save_as(STATE, tmp_path / "x.pth", pickle_protocol=4)
    assert "saved with another pickle protocol than 2" in refused(path)[1]


def test_words_of_strangers_do_not_write_on_a_terminal(tmp_path: Path) -> None:
    evil = "\x1b[31mred" + "x" * 500
    _, told = load(save_as({"state_dict": STATE, evil: 1}, tmp_path / "x.pth"))
    assert "\x1b" not in told
    assert len(told.splitlines()[0]) < len(str(tmp_path)) + 200
    for state in ({evil: STATE, "b": MEAN}, {evil: 1}):
        _, message, help = refused(save_as(state, tmp_path / "x.pth"))
        assert "\x1b" not in message + help


def test_weights_that_are_one_value_all_over_are_told(tmp_path: Path) -> None:
    _, told = load(save_as({name: torch.zeros_like(t) for name, t in STATE.items()}, tmp_path / "x.pth"))
    assert "conv1_1.weight is 0 all over, as 1 other: was it ever trained?" in told
    _, told = load(save_as({**STATE, "classifier.weight": torch.ones(2, 64)}, tmp_path / "x.pth"))
    assert "fc2.weight is 1 all over: was it ever trained?" in told
    assert "all over" not in load(save_as(STATE, tmp_path / "x.pth"))[1]


def test_statistics_that_were_never_taken_are_told(tmp_path: Path) -> None:
    began = {"features.1.running_mean": torch.zeros(4), "features.1.running_var": torch.ones(4)}
    path = save_as({**STATE, **began}, tmp_path / "x.pth")
    said = "bn1_1 normalises by mean 0 and variance 1 in each channel, as a BN begins: were its statistics ever taken?"
    assert f"{path}: {said}" in load(path)[1].splitlines()
    for name, tensor in began.items():
        assert "by mean 0" not in load(save_as({**STATE, name: tensor}, tmp_path / "half.pth"))[1]
    for variance, said_of in ((0.0, "0e+00"), (1e13, "1e+13")):
        odd = {**STATE, "features.1.running_var": torch.full((4,), variance)}
        assert f"bn1_1 normalises by variances up to {said_of}:" in load(save_as(odd, tmp_path / "odd.pth"))[1]
    (tmp_path / "net.arch").write_text(SPEC + "\n")
    done = commands.run("export", tmp_path / "net.arch", "--weights", path, "-o", tmp_path / "x.onnx")
    assert (done.exit_code, done.stderr.count(f"x.pth: {said}")) == (0, 1)
    done = commands.run("export", tmp_path / "net.arch", "-o", tmp_path / "y.onnx")
    assert (done.exit_code, "by mean 0" in done.stderr) == (0, False), "of random weights it says that they are random"
    typed = parse(SPEC).typed
    ours = {name: np.array(array) for name, array in weights(to_torch(typed)).items()}
    with pytest.warns(UserWarning, match="the mapping: bn1_1 normalises by mean 0"):
        vggdsl.export(parse(SPEC), tmp_path / "z.onnx", weights=ours)


@pytest.mark.parametrize(
    ("name", "axes", "help"),
    [
        ("classifier.weight", (1, 0), "classifier.weight is (in, out), as Keras has it: `w.T` turns it"),
        ("features.0.weight", (2, 3, 1, 0), "(h, w, in, out), as TensorFlow has it: `w.permute(3, 2, 0, 1)` turns it"),
        ("features.0.weight", (1, 0, 2, 3), "`w.permute(1, 0, 2, 3)`"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("called", ["theirs", "ours", "kernel"])
def test_axes_in_another_tools_order_are_told(
    name: str, axes: tuple[int, ...], help: str, called: str, tmp_path: Path
) -> None:
    inner = {"theirs": {}, "kernel": {}, "ours": {"features.0": "conv1_1", "features.1": "bn1_1", "classifier": "fc2"}}
    state = {**STATE, name: STATE[name].permute(axes).contiguous()}
    for theirs, ours in inner[called].items():
        state = {key.replace(f"{theirs}.", f"{ours}."): tensor for key, tensor in state.items()}
        help = help.replace(f"{theirs}.", f"{ours}.")
    if called == "kernel":
        state = {key.replace(name, name.replace("weight", "kernel")): tensor for key, tensor in state.items()}
        help = help.replace("weight is", "kernel is")
    code, _, told = refused(save_as(state, tmp_path / "x.pth"))
    assert (code, help in told) == ("V510", True), told
    assert told.endswith("; and it is called weight here") == (called == "kernel")


def test_orders_of_axes_are_told_by_shapes_that_differ() -> None:
    assert "`w.permute(0, 3, 1, 2)` turns it into (out, in, h, w)" in str(turned("w", (8, 4, 5, 3), (8, 5, 3, 4)))
    assert "`w.permute(2, 3, 0, 1)`" in str(turned("w", (8, 1, 3, 3), (3, 3, 8, 1)))
    for expected, shape in (
        ((8, 3, 3, 3), (8, 3, 3, 3)),
        ((8, 8), (8, 8)),
        ((8, 4), (4, 9)),
        ((8,), (8,)),
        ((8, 4), ()),
    ):
        assert turned("w", expected, shape) is None


def test_entries_that_are_too_many_are_named(tmp_path: Path) -> None:
    _, _, help = refused(save_as({**STATE, "extra.weight": torch.ones(3, 3)}, tmp_path / "x.pth"))
    assert help == "all else fits: save it without extra, if it is no part of the network"
    _, _, help = refused(save_as({**STATE, "epoch": torch.tensor(3), "best": torch.tensor(1)}, tmp_path / "x.pth"))
    assert help == "all else fits: save it without best and epoch, if it is no part of the network"
    without = {name: tensor for name, tensor in STATE.items() if name != "classifier.bias"}
    _, _, help = refused(save_as(without, tmp_path / "x.pth"))
    assert help == "classifier has no bias: write fc2 with `bias=no`, if it was trained without one"
    right = parse(SPEC.replace("FC-2", "FC-2 bias=no")).typed
    assert from_file(right, tmp_path / "x.pth", lambda said: None).weights.keys() >= {"fc2.weight"}
    save_as(STATE, tmp_path / "x.pth")
    found = refusal(lambda: from_file(right, tmp_path / "x.pth", lambda said: None), InputError)
    assert found.help == "classifier has a bias: write fc2 with `bias=yes`, if it was trained with one"
    _, _, help = refused(save_as({**STATE, "classifier.bias": torch.ones(2, 1)}, tmp_path / "x.pth"))
    assert help == "were they made for another network?"  # which has a bias, of another form
    ours = {"conv1_1.weight": STATE["features.0.weight"], "conv1_1.bias": STATE["features.0.bias"],
            **{f"bn1_1.{key.rpartition('.')[2]}": t for key, t in STATE.items() if "features.1" in key},
            "fc2.bias": STATE["classifier.bias"], "head.weight": STATE["classifier.weight"]}  # fmt: skip
    _, message, help = refused(save_as(ours, tmp_path / "x.pth"))
    assert "fc2.weight (2, 64) is missing; head.weight (2, 64) is in no layer" in message
    assert help == "head.weight has the shape of fc2.weight: call it so, if it is that"


def test_arrays_in_a_pickle_are_told_and_not_loaded(tmp_path: Path) -> None:
    arrays = {name: tensor.numpy() for name, tensor in STATE.items()}
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(arrays, protocol=2))
    for path in (save_as(arrays, tmp_path / "x.pth"), tmp_path / "x.pkl"):
        code, message, help = refused(path)
        assert code == "V513"
        assert message == f"{path} holds no weights: it holds arrays of NumPy in a pickle, which is not loaded"
        assert help.startswith("save them by name, where it was made: `safetensors.numpy.save_file(")
    save_arrays(arrays, tmp_path / "x.safetensors")
    assert_same(load(tmp_path / "x.safetensors")[0])


# -- what holds no weights


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return made.getvalue()


def tarred() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.pth"))
    return made.getvalue()


def scripted() -> bytes:
    made = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.ReLU()), made)
    return made.getvalue()


def archived(*arrays: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.savez(made, *arrays)
    return made.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
OTHERS: dict[str, tuple[bytes, str, str]] = {
    "empty.pth": (b"", "it is empty", "again"),
    "zeros.pth": (b"\0" * 4096, "nothing but zeros", "again"),
    "lfs.pth": (LFS, "a pointer of git-lfs", "`git lfs pull`"),
    "lfs.safetensors": (LFS, "a pointer of git-lfs", "`git lfs pull`"),
    "page.pth": (b"\n<!DOCTYPE html><html>sign in", "a web page", "link to the file itself"),
    "page.safetensors": (b"<html>", "a web page", "link to the file itself"),
    "keras.h5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "an HDF5 file, as Keras writes it", "(out, in, h, w)"),
    "torn.h5": (b"\xff" * 99, "no HDF5 file", "again"),
    "keras.keras": (zipped(model_dot_weights_dot_h5=b"x", config_dot_json=b"{}"), "a Keras model", "Keras'"),
    "x.gguf": (b"GGUF\3\0\0\0", "a GGUF file", "quantised"),
    "x.npy": (b"\x93NUMPY\1\0", "one array of NumPy", "by name"),
    "x.npz": (archived(np.ones(3)), "arrays of NumPy", "safetensors.numpy.save_file"),
    "x.onnx": (b"\x08\x07\x12\x02", "an ONNX model", "exported from"),
    "model.ckpt.index": (b"\0\0\1", "a part of a TensorFlow checkpoint", "TensorFlow's"),
    "model.ckpt.data-00000-of-00001": (b"\x01\x02", "a part of a TensorFlow checkpoint", "TensorFlow's"),
    "checkpoint": (b'model_checkpoint_path: "x"', "a part of a TensorFlow checkpoint", "TensorFlow's"),
    "saved_model.pb": (b"\x08\x01", "a TensorFlow graph", "TensorFlow's"),
    "x.tflite": (b"\x1c\0\0\0TFL3", "a TFLite model", "made of"),
    "x.pdparams": (b"\x80\x02}q\x00.", "a Paddle file", "(in, out)"),
    "x.caffemodel": (b"\x0a\x01x", "a Caffe model", "by name"),
    "yolo.weights": (b"\0\0\0\0\2\0\0\0\5\0", "a Darknet file", "state dict"),
    "x.params": (b"\x12\1", "an MXNet file", "by name"),
    "x.mat": (b"MATLAB 5.0 MAT-file", "a MATLAB file", "MATLAB's"),
    "x.pth.gz": (b"\x1f\x8b\x08", "a gzip archive", "unpack"),
    "x.zip": (zipped(x_dot_pth=b"x"), "a zip archive", "unpack"),
    "x.tar": (tarred(), "a tar archive", "unpack"),
    "script.pt": (scripted(), "TorchScript", "torch.jit.load(…).state_dict()"),
    "index.json": (b'{"weight_map": {}}', "JSON", "the file of weights itself"),
    "net.arch": (b"input 8x8x3", "a spec", "its weights"),
    "words.pth": ("weights é".encode(), "a text", "again"),
    "image.pth": (b"\x89PNG\r\n", "an image", "again"),
    "pickled.pth": (pickle.dumps({"a": 1}), "nothing that torch.save wrote", "state dict"),
    "noise.pth": (bytes(range(128, 255)), "nothing that torch.save wrote, or torn", "state dict"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_weights_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    data, what, help = OTHERS[name]
    (tmp_path / name).write_bytes(data)
    found = refused(tmp_path / name)
    assert found[0] == "V513"
    assert what in found[1]
    assert help in found[2]


@pytest.mark.parametrize("name", ["plain.pth", "plain.safetensors"])
def test_torn_weights_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    torch.save(STATE, path) if name.endswith(".pth") else save_file(dict(STATE), path)
    whole = path.read_bytes()
    for kept in (len(whole) // 2, len(whole) - 7, 40, 9):
        path.write_bytes(whole[:kept])
        code, message, _ = refused(path)
        assert code == "V513"
        assert "it is cut short" in message or kept < len(whole) // 2


def test_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(SPEC)
    for file, what in (("config.json", "it is a folder"), ("saved_model.pb", "TensorFlow's SavedModel")):
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "model" / file).write_bytes(b"x")
        done = commands.run("export", tmp_path / "net.arch", "--weights", tmp_path / "model", "-o", tmp_path / "x.onnx")
        assert (done.exit_code, "error[V513]" in done.stderr, what in done.stderr) == (1, True, True)


# -- commands that take runs


@pytest.mark.parametrize("suffix", [".pth", ".ckpt", ".safetensors"])
def test_what_takes_a_run_says_how_others_weights_are_used(suffix: str, tmp_path: Path) -> None:
    path, spec = tmp_path / f"x{suffix}", tmp_path / "net.arch"
    torch.save(STATE, path) if suffix != ".safetensors" else save_file(dict(STATE), path)
    data = "data fake(n=60, classes=2)"
    spec.write_text(f"{SPEC}\ntrain a {{ {data} }}\ntrain b as a {{\n  init from(a)\n}}\n")
    advice = f"`vggdsl export SPEC --weights {path}`"
    done = commands.run("predict", path, path)
    assert done.exit_code == 1
    assert "error[V604]" in done.stderr
    assert f"{path.name} was not written by `vggdsl train`" in done.stderr
    assert advice in done.stderr
    assert "train again" not in done.stderr
    done = commands.run("export", path)
    assert (done.exit_code, advice in done.stderr) == (2, True)
    done = commands.train(spec, "--recipe", "b", "--epochs", 1, "--from", path, runs=tmp_path / "runs")
    assert done.exit_code == 0
    assert f'from("{path.name}") begins with the weights of {path}' in done.stderr


def test_a_damaged_file_is_told_by_its_checksum(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "w.pth"
    torch.save({"fc1.weight": torch.randn(10, 64), "fc1.bias": torch.zeros(10)}, path)
    content = bytearray(path.read_bytes())
    place = content.index(torch.load(path)["fc1.weight"].numpy().tobytes()) + 103
    content[place] ^= 0x40
    path.write_bytes(content)
    assert torch.isfinite(torch.load(path)["fc1.weight"]).all()
    found = refusal(lambda: read_weights(path))
    assert (found.code, "checksum" in found.message) == ("V513", True)


def test_an_empty_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    zipfile.ZipFile(path, "w").close()
    found = refusal(lambda: read_weights(path))
    assert (found.code, "an empty zip archive" in found.message) == ("V513", True)


def test_weights_that_leave_single_precision_are_told(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(SPEC, "utf-8")
    torch.manual_seed(0)
    large = {n: t * 1e30 if n.endswith("0.weight") or n == "classifier.weight" else t for n, t in STATE.items()}
    path = save_as(large, tmp_path / "x.pth")
    done = commands.run("export", tmp_path / "net.arch", "--weights", path, "--onnx", "-o", tmp_path / "x.onnx")
    assert done.exit_code == 1, done.output
    assert "outputs are no finite numbers" in done.stderr
    assert "reaches" in done.stderr
    assert not (tmp_path / "x.onnx").exists()


def test_a_last_weight_without_size_is_refused(tmp_path: Path) -> None:
    text = "input 8x8x3\nconv3-4 BN ReLU maxpool FC-2 PReLU"
    state = {**STATE, "act.weight": torch.tensor(0.25)}
    path = save_as(state, tmp_path / "x.pth")
    found = refusal(lambda: from_file(parse(text).typed, path, lambda said: None))
    assert (found.code, found.help) == ("V510", "were they made for another network?")
