"""Plain PyTorch against the compiled module: the same names, bit for bit the same outputs, and in good form."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import python, run
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import mostly_thorough, of_each_kind
from safetensors.numpy import save_file
from strategies import Net, nets, texts_of
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from specs import BRANCHING, GOOD, RESIDUAL
from vggdsl.language.library import shipped
from vggdsl.network.infer import TypedGraph
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.spec import Spec
from vggdsl.targets.plain.file import plain_module
from vggdsl.targets.plain.naming import TAKEN
from vggdsl.targets.torch import Network, to_torch, weights, without_weights

ODD = ["3a", "eval", "class", "type", "__x", "append", "F", "self", "x", "nn", "half", "chain", "forward", "_modules"]
"""Labels that Python can't say, or not as those of layers, or that a file says itself."""
FORM = ["E", "W", "F", "I", "UP", "B", "PIE", "C4"]


def made(text: str) -> nn.Module:
    """The network of a file, without what is done when it is run."""
    namespace: dict[str, Any] = {"__name__": "plain"}
    exec(compile(text, "plain.py", "exec"), namespace)
    name = re.findall(r"^class (\w+)", text, re.MULTILINE)[-1]
    network = namespace[name]()
    assert isinstance(network, nn.Module)
    return network


def assert_in_form(*files: Path) -> None:
    """That ruff, which has no settings here, would change and say nothing."""
    for call in (["format", "--check"], ["check", "--no-cache", "--select", ",".join(FORM)]):
        ruff = [sys.executable, "-m", "ruff", *call, "--isolated", "--quiet", *map(str, files)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def stirred(typed: TypedGraph, seed: int) -> Network:
    """Compiled, with biases and running statistics that matter."""
    network = to_torch(typed, seed=seed)
    random = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=random)
        elif tensor.dim() == 1:
            tensor.add_(0.3 * torch.randn(tensor.shape, generator=random))
    return network


def outputs(network: nn.Module, x: Tensor) -> list[Tensor]:
    """In evaluation and, by the same chance, in training; there BN stays as it is, which has no batch of one value."""
    with torch.inference_mode():
        found = [network.eval()(x)]
        network.train()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.eval()
        torch.manual_seed(0)
        out = network(x)
    logits, aux = (out, ()) if isinstance(out, Tensor) else out
    return [*found, logits, *aux]


def assert_computes_the_same(spec: Spec, seed: int = 0) -> None:
    compiled, plain = stirred(spec.typed, seed), made(plain_module(spec))
    assert plain.state_dict().keys() == compiled.state_dict().keys()
    plain.load_state_dict({name: torch.from_numpy(array) for name, array in weights(compiled).items()})
    x = torch.randn(2, *spec.typed.input.chw, generator=torch.Generator().manual_seed(seed))
    ours, theirs = outputs(compiled, x), outputs(plain, x)
    assert len(ours) == len(theirs) == 2 + len(spec.typed.heads)
    assert all(map(torch.equal, ours, theirs))


@settings(max_examples=15)
@given(st.data(), nets() | nets(heads=True), st.booleans(), st.integers(0, 2**32 - 1))
def test_any_network_computes_what_its_module_does(data: st.DataObject, net: Net, is_odd: bool, seed: int) -> None:
    """Whatever labels and blocks make of its names, those among them that Python can't say."""
    text = data.draw(texts_of(net))
    if is_odd:
        text = re.sub(r"\bl(\d+):", lambda match: f"{odd(int(match[1]))}:", text)
    assert_computes_the_same(parse(text), seed)


def odd(number: int) -> str:
    return ODD[number % len(ODD)] + ("" if number < len(ODD) else str(number))


class Calls(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's says nothing
    """What PyTorch is told to compute: functions, the tensors that they take, by the names of weights and the numbers
    of calls, and all other arguments. What only turns a map into a vector is left out.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: dict[int, object] = {id(t): name for name, t in network.state_dict(keep_vars=True).items()}
        self.seen: list[tuple[object, ...]] = []
        self.kept: list[Tensor] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.kept.append(out)  # or another would get its place in memory
        if func is torch.ops.aten.flatten.using_ints:
            self.names[id(out)] = self.names[id(args[0])]
            return out
        given = args[:2] if func is torch.ops.aten.pad.default else args  # whose rest are its defaults here
        self.seen.append((str(func), self.told(given), sorted((kwargs or {}).items())))
        self.names[id(out)] = len(self.seen)
        return out

    def told(self, given: Any) -> Any:
        if isinstance(given, Tensor):
            return self.names.get(id(given), "image"), tuple(given.shape)
        return [self.told(each) for each in given] if isinstance(given, list | tuple) else given


def calls(network: nn.Module, typed: TypedGraph) -> list[tuple[object, ...]]:
    """In evaluation and, where that computes more, in training, of no images: that takes no time."""
    images = torch.empty(0, *typed.input.chw)
    mode = Calls(network)
    with torch.inference_mode(), mode:
        network.eval()(images)
        if typed.heads:
            network.train()(images)
    return mode.seen


def told(network: nn.Module) -> tuple[object, ...]:
    """The weights, and the layers that have none and are told nothing of no images."""
    weights = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    return weights, [(n, repr(m)) for n, m in network.named_modules() if isinstance(m, nn.LocalResponseNorm)]


CALLED = of_each_kind(shipped(), lambda name: {Path(name).parent, *(type(n.node.op) for n in load(name).typed.nodes)})


@pytest.mark.parametrize("name", mostly_thorough(shipped(), kept=CALLED))
def test_every_spec_that_ships_calls_what_its_module_does(name: str) -> None:
    """The same functions of the same weights, one after the other, give the same bits."""
    spec = load(name)
    with torch.device("meta"):
        plain = made(plain_module(spec))
    compiled = without_weights(spec.typed)
    plain.to_empty(device="cpu")
    assert told(plain) == told(compiled)
    assert calls(plain, spec.typed) == calls(compiled, spec.typed)


LOOKED_AT = [
    "vgg_d", "googlenet", "mini_googlenet", "alexnet_groups", "cifar_resnet/resnet20", "resnet/resnet50", "plain34",
]  # fmt: skip
LONG = "a" * 50
ODD_TEXTS = [
    BRANCHING,
    RESIDUAL + "FC-4\n",
    f"input 8x8x3\nblock {LONG}(c) {{ conv3-$c conv1-$c }}\n{LONG}: {LONG}(5) {LONG}2: {LONG}(6) BN {LONG}3: ReLU FC-2",
    "input 8x8x3 " + "".join(f"{name}: ( conv3-4 conv1-3 ) x4 {name}2: conv1-3 " for name in ODD) + "FC-2",
    "input 8x8x3 concat[ " + " | ".join(["conv3-4"] * 30) + " ] add[ " + " | ".join(["conv3-4"] * 40) + " ] FC-2",
    "source \"a \\ \\N ''' # type: ignore é\"\ninput 1x1x3 FC-2",
]


def test_files_are_as_ruff_would_have_them(tmp_path: Path) -> None:
    specs = [*map(load, LOOKED_AT), *map(parse, ODD_TEXTS)]
    for i, spec in enumerate(specs):
        (tmp_path / f"plain{i}.py").write_text(plain_module(spec), "utf-8")
    assert_in_form(*tmp_path.iterdir())


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_an_odd_network_computes_what_its_module_does(text: str) -> None:
    assert_computes_the_same(parse(text))


def test_layers_have_no_names_that_modules_have_themselves() -> None:
    assert {name for name in dir(nn.Sequential()) if not name.startswith("_")} <= TAKEN


def test_what_differs_between_calls_of_a_block_is_a_parameter() -> None:
    text = plain_module(
        parse("""\
input 16x16x3
block unit(c, s) { add[ conv3-$c/$s BN ReLU | conv1-$c/$s ] }
stage: ( a: unit(8, 2) b: unit(12, 1) ) c: unit(12, 1)
FC-2
""")
    )
    assert text.count("class Unit") == 1
    assert "def __init__(self, in_channels: int, c: int, s: int) -> None:" in text
    assert "self.conv1 = nn.Conv2d(in_channels, c, 3, stride=s, padding=1)" in text
    assert '("a", Unit(3, 8, 2)),' in text
    assert "self.c = Unit(12, 12, 1)" in text
    assert "x = self.stage(x)  # 12x8x8" in text


RUN = """
import sys
torch.set_num_threads(1)
with torch.inference_mode():
    logits = model.eval()(torch.ones(2, 3, 28, 28))
torch.save(logits, "logits.pt")
assert "vggdsl" not in sys.modules
"""


def test_a_file_runs_by_itself_with_the_weights_of_a_training(tmp_path: Path) -> None:
    """As its header says, in a process of its own."""
    path = tmp_path / "plain.py"
    done = run("show", "mini_googlenet", "--as", "pytorch", "-o", path)
    assert (done.exit_code, done.stderr) == (0, "")
    text = path.read_text("utf-8")
    assert text == run("show", "mini_googlenet", "--as", "pytorch").stdout
    compiled = stirred(load("mini_googlenet").typed, 0).eval()
    save_file(weights(compiled), tmp_path / "best.safetensors")
    header = re.findall(r"^    ((?:from|model).*)", text, re.MULTILINE)[:3]
    path.write_text("\n".join([text, *header, RUN]), "utf-8")
    ran = python("-I", path, cwd=tmp_path)
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "1,652,826 parameters, logits (1, 10)\n")
    with torch.inference_mode():
        expected = compiled(torch.ones(2, 3, 28, 28))
    torch.testing.assert_close(torch.load(tmp_path / "logits.pt"), expected)  # as near as another number of threads is


REFUSED = [
    (["vgg_a", "vgg_d", "--as", "pytorch"], "one SPEC"),
    (["vgg_a", "--as", "pytorch", "--json"], "leave out --format json or --json"),
    (["vgg_a", "--as", "pytorch", "--layers"], "leave out --layers"),
    (["vgg_a", "--as", "pytorch", "--plot", "macs"], "leave out --plot"),
    (["vgg_a", "--as", "pytorch", "--force"], "--force is of -o"),
    (["vgg_a", "-o", "vgg_a.py"], "-o is of --as"),
    (["vgg_a", "--force"], "--force is of --as"),
    (["vgg_a", "--as", "keras"], "'keras' is not"),
]


@pytest.mark.parametrize(("arguments", "why"), REFUSED)
def test_what_makes_no_sense_together_is_refused(arguments: list[str], why: str) -> None:
    refused = run("show", *arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert why in refused.stderr


def test_nothing_is_overwritten_unasked(good: str) -> None:
    there = Path(good).with_name("net.py")
    there.touch()
    for path in (there, Path(good)):
        before = path.read_bytes()
        refused = run("show", good, "--as", "pytorch", "-o", path)
        assert (refused.exit_code, path.read_bytes()) == (2, before)
        assert "error[V514]" in refused.stderr
    assert run("show", good, "--as", "pytorch", "-o", there, "--force").exit_code == 0
    assert "class Good(nn.Module)" in there.read_text("utf-8")


def test_findings_are_told_beside_a_module() -> None:
    done = run("show", "-", "--as", "pytorch", input=GOOD + "claim params 5\n")
    assert done.exit_code == 1
    assert "error[V301]" in done.stderr
    assert "class Network(nn.Module)" in done.stdout
