"""Outputs that another program gave, against which weights are held."""

import io
import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import run
from refusals import findings
from safetensors.torch import save_file
from torch import nn

import vggdsl
from vggdsl.targets import expected
from vggdsl.targets.expected import Held, hold, read_expected
from vggdsl.text.errors import InputError

SPEC = "input 8x8x3\nafter conv: {}\nconv3-8 conv3-8 maxpool FC-5 softmax\n"


class Leaky(nn.Module):
    """Darknet's slope, which no state dict tells."""

    def __init__(self, slope: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8, eps), nn.LeakyReLU(slope)),
            *(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8, eps), nn.LeakyReLU(slope)),
            *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 5)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)  # type: ignore[no-any-return]


X = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(1))
NET = Leaky()
NET(X)
NET.eval()
with torch.inference_mode():
    Y = NET(X)
INPUT, OUTPUT = X.numpy(), Y.numpy()


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder with weights, a spec that is theirs and one that isn't."""
    torch.save(NET.state_dict(), tmp_path / "w.pth")
    (tmp_path / "right.arch").write_text(SPEC.format("BN LeakyReLU-0.1"))
    (tmp_path / "wrong.arch").write_text(SPEC.format("BN LeakyReLU"))
    return tmp_path


KINDS: list[tuple[str, np.ndarray, str]] = [
    ("output", OUTPUT, "logits"),
    ("logits", OUTPUT, "logits"),
    ("output", Y.softmax(1).numpy(), "probabilities"),
    ("probabilities", Y.softmax(1).numpy(), "probabilities"),
    ("output", Y.log_softmax(1).numpy(), "log-probabilities"),
    ("log_probabilities", Y.log_softmax(1).numpy(), "log-probabilities"),
    ("output", OUTPUT.astype(np.float64)[:, :, None, None], "logits"),
]


@pytest.mark.parametrize(("name", "values", "of"), KINDS)
def test_a_network_is_held_against_outputs(name: str, values: np.ndarray, of: str, there: Path) -> None:
    np.savez(there / "x.npz", **{"input": INPUT, name: values})  # type: ignore[arg-type]  # no name is a flag's
    call = ("--weights", there / "w.pth", "--expect", there / "x.npz", "-o", there / "x.onnx")
    done = run("export", there / "right.arch", *call)
    assert done.exit_code == 0, done.stderr
    line = done.stdout.splitlines()[1]
    assert line.startswith(f"{there / 'x.npz'}: the {of} expected for 40 images: the network gives them to ")
    done = run("export", there / "right.arch", *call, "--force", "--json")
    told = json.loads(done.stdout)["expected"]
    assert (told["of"], told["images"], told["max_rel"] < 1e-5) == (of, 40, True)
    (there / "x.onnx").unlink()
    done = run("export", there / "wrong.arch", *call)
    assert done.exit_code == 1
    assert f"error[V523]: the network gives other {of} than {there / 'x.npz'} expects: they differ by" in done.stderr
    assert "of 40 images get another class" in done.stderr
    assert "up to 1e-04 is rounding" in done.stderr
    assert not done.stdout
    assert not (there / "x.onnx").exists()


@pytest.mark.parametrize(
    "spec",
    [
        *("BN ReLU", "BN LeakyReLU-0.11", "BN eps=0.001 LeakyReLU-0.1", "LeakyReLU-0.1 BN", "BN ELU-0.1", "BN PReLU"),
    ],
)
def test_what_weights_do_not_say_shows(spec: str, there: Path) -> None:
    (there / "s.arch").write_text(SPEC.format(spec))
    arrays = {"input": INPUT, "output": OUTPUT}
    codes = [d.code for d in findings(lambda: vggdsl.export(
        there / "s.arch", there / "x.onnx", weights=there / "w.pth", expect=arrays))]  # fmt: skip
    assert codes == (["V510"] if "PReLU" in spec else ["V523"])


def test_in_python_a_file_or_arrays_are_taken(there: Path) -> None:
    np.savez(there / "x.npz", input=INPUT, output=OUTPUT)
    given: list[Any] = [there / "x.npz", str(there / "x.npz"), {"input": INPUT, "output": OUTPUT}]
    for number, expect in enumerate(given):
        path = there / f"{number}.onnx"
        vggdsl.export(there / "right.arch", path, weights=there / "w.pth", expect=expect)
        assert path.exists()
    with pytest.raises(TypeError, match="random weights give nothing that could be expected"):
        vggdsl.export(there / "right.arch", there / "r.onnx", expect=there / "x.npz")
    done = run("export", there / "right.arch", "--expect", there / "x.npz")
    assert (done.exit_code, "--expect needs --weights" in done.stderr) == (2, True)


def test_a_run_is_held_too(tmp_path: Path) -> None:
    spec = vggdsl.parse(SPEC.format("BN ReLU") + "train { data fake(n=60, classes=5)\n epochs 1 }".replace("\n", "\n "))
    trained = vggdsl.train(spec, device="cpu", runs=tmp_path)
    with torch.inference_mode():
        output = trained.network(X).numpy()
    np.savez(tmp_path / "x.npz", input=INPUT, logits=output)
    done = run("export", trained.path, "--expect", tmp_path / "x.npz", "-o", tmp_path / "x.onnx")
    assert "the logits expected for 40 images" in done.stdout
    np.savez(tmp_path / "x.npz", input=INPUT, logits=output + 0.1)
    done = run("export", trained.path, "--expect", tmp_path / "x.npz", "-o", tmp_path / "y.onnx")
    assert (done.exit_code, "V523" in done.stderr) == (1, True)


def test_a_network_that_ends_with_an_activation_gives_outputs() -> None:
    graph = vggdsl.parse("input 8x8x3\nconv3-4 ReLU FC-1 sigmoid").typed
    module = vggdsl.to_torch(graph).eval()
    with torch.inference_mode():
        output = module(X).numpy()
    assert hold(module, read_expected({"input": INPUT, "output": output}, graph)).of == "outputs"


def test_the_network_stays_as_it_is() -> None:
    graph = vggdsl.parse(SPEC.format("BN ReLU")).typed
    module = vggdsl.to_torch(graph).train()
    with torch.inference_mode():
        output = module.eval()(X).numpy()
    module.train()
    assert hold(module, read_expected({"input": INPUT, "output": output}, graph)).max_rel < 1e-6
    assert module.training


def test_saturated_probabilities_are_told_apart() -> None:
    """All of them are 0 or 1 to six digits, whatever the logits are beyond."""
    graph = vggdsl.parse(SPEC.format("ReLU")).typed
    module = vggdsl.to_torch(graph).eval()
    with torch.no_grad():
        module.get_parameter("fc2.weight").mul_(100)
        output = module(X).softmax(1).numpy()
        assert hold(module, read_expected({"input": INPUT, "output": output}, graph)).of == "probabilities"
        module.get_parameter("fc2.weight").mul_(1.01)
    (found,) = findings(lambda: hold(module, read_expected({"input": INPUT, "output": output}, graph)))
    assert found.code == "V523"


def nan(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.flat[3] = np.nan
    return values


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown": ({"x": INPUT, "output": OUTPUT}, "its arrays are `output`, `x`, not `input` and one of", "np.savez"),
    "too many": ({"input": INPUT, "output": OUTPUT, "logits": OUTPUT}, "arrays are `input`, `logits`, `output`", ""),
    "more": ({"input": INPUT, "output": OUTPUT, "labels": OUTPUT}, "its arrays are `input`, `labels`, `output`", ""),
    "no output": ({"input": INPUT}, "its arrays are `input`, not", "np.savez"),
    "nothing": ({}, "its arrays are none", "np.savez"),
    "channels last": ({"input": INPUT.transpose(0, 2, 3, 1), "output": OUTPUT}, "is (40, 8, 8, 3)", "transpose"),
    "no batch": ({"input": INPUT[0], "output": OUTPUT[0]}, "`input` is (3, 8, 8)", "x[None]"),
    "another size": ({"input": INPUT[..., :7], "output": OUTPUT}, "the network takes (n, 3, 8, 8)", ""),
    "no images": ({"input": INPUT[:0], "output": OUTPUT[:0]}, "`input` is (0, 3, 8, 8)", ""),
    "flat": ({"input": INPUT.reshape(40, -1), "output": OUTPUT}, "`input` is (40, 192)", ""),
    "a number": ({"input": np.float32(1), "output": OUTPUT}, "`input` is ()", ""),
    "another count": ({"input": INPUT, "output": OUTPUT[:3]}, "`output` is (3, 5), and the network gives (40, 5)", ""),
    "classes": ({"input": INPUT, "output": OUTPUT[:, :4]}, "`output` is (40, 4), and the network gives (40, 5)", ""),
    "NaN in": ({"input": nan(INPUT), "output": OUTPUT}, "`input` holds NaN", ""),
    "NaN out": ({"input": INPUT, "output": nan(OUTPUT)}, "`output` holds NaN", ""),
    "too large": ({"input": INPUT.astype(np.float64) * 1e300, "output": OUTPUT}, "too large for single precision", ""),
    "pixels": ({"input": INPUT.astype(np.uint8), "output": OUTPUT}, "`input` is of uint8", "after scaling"),
    "labels": ({"input": INPUT, "output": OUTPUT.argmax(1)}, "`output` is of int64", "np.savez"),
    "texts": ({"input": INPUT, "output": np.array(["cat"])}, "`output` is of <U3", ""),
    "complex": ({"input": INPUT.astype(np.complex64), "output": OUTPUT}, "`input` is of complex64", ""),
    "constant": ({"input": INPUT, "output": OUTPUT * 0}, "all of `output` is 0: it tells no network from another", ""),
    "one value": ({"input": INPUT * 0 + 1, "output": OUTPUT}, "every image of `input` is one value", ""),
    "no shares": ({"input": INPUT, "probabilities": OUTPUT}, "are no probabilities: those of an image sum up to 1", ""),
    "no logs": ({"input": INPUT, "log_probabilities": OUTPUT}, "are no log-probabilities", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_can_not_be_expected_is_refused(name: str, tmp_path: Path) -> None:
    arrays, why, help = WRONG[name]
    graph = vggdsl.parse(SPEC.format("ReLU")).typed
    np.savez(tmp_path / "x.npz", **arrays)
    for given, called in ((tmp_path / "x.npz", str(tmp_path / "x.npz")), (arrays, "the mapping")):
        (found,) = findings(partial(read_expected, given, graph), InputError)
        assert found.code == "V522"
        assert found.message.startswith(f"{called} can't be expected: ")
        assert why in found.message
        assert help in str(found.help)


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


def array(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_that_hold_no_arrays_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "_LARGEST", 2000)
    graph, path = vggdsl.parse(SPEC.format("ReLU")).typed, tmp_path / "x.npz"
    huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000,), }\n"
    objects = io.BytesIO()
    np.savez(objects, input=np.array([{}], dtype=object))
    for data, why in (
        (b"", "it is no .npz file"),
        (b"PK\x03\x04torn", "it is no .npz file"),
        (zipped([("input.npy", b"\0"), ("output.npy", b"")]), "`input` is of |S1"),
        (zipped([("input.npy", array(huge)), ("output.npy", array(huge))]), "it is no .npz file, or torn"),
        (zipped([("input.npy", array("{", b""))] * 2), "two of its arrays have one name"),
        (zipped([("input.npy", b"\0" * 2001)]), "input.npy takes 2.0 kB"),
        (objects.getvalue(), "it holds objects, which are never loaded"),
        (zipped([("\x1b[31mred.npy", array("{"))]), "its arrays are `\ufffd[31mred`"),
    ):
        path.write_bytes(data)
        (found,) = findings(lambda: read_expected(path, graph), InputError)
        assert found.code == "V522"
        assert why in found.message
    for absent in (tmp_path / "gone.npz", tmp_path):
        assert findings(partial(read_expected, absent, graph))[0].code == "V501"


def test_what_is_no_npz_file_is_called_by_its_name(there: Path) -> None:
    graph = vggdsl.parse(SPEC.format("ReLU")).typed
    save_file(NET.state_dict(), there / "w.safetensors")
    np.save(there / "x.npy", OUTPUT)
    kinds = {"w.pth": "a file of PyTorch", "w.safetensors": "a .safetensors file", "x.npy": "one array of NumPy"}
    for name, what in kinds.items():
        (found,) = findings(partial(read_expected, there / name, graph), InputError)
        assert found.code == "V522"
        assert found.message.startswith(f"{there / name} can't be expected: it is no .npz file, but {what}")
        assert "np.savez" in str(found.help)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_told_where_outputs_differ_by_it(kind: torch.dtype, there: Path) -> None:
    half = {name: t.to(kind) if t.is_floating_point() else t for name, t in NET.state_dict().items()}
    torch.save(half, there / "h.pth")
    call = partial(vggdsl.export, there / "right.arch", there / "x.onnx", weights=there / "h.pth")
    with pytest.warns(UserWarning, match="its numbers are"):
        (found,) = findings(partial(call, expect={"input": INPUT, "output": OUTPUT}))
    said = f"rounded to {str(kind).removeprefix('torch.')}, as the file keeps them: make them by those in the file"
    assert (found.code, said in str(found.help), "TF32" in str(found.help)) == ("V523", True, False)
    rounded = Leaky().eval()
    rounded.load_state_dict(half)
    with pytest.warns(UserWarning, match="its numbers are"), torch.inference_mode():
        call(expect={"input": INPUT, "output": rounded(X).numpy()})


def test_how_far_is_said_in_a_line() -> None:
    assert (
        str(Held("logits", 0.0, 1))
        == "the logits expected for 1 image: the network gives them to 0.0e+00 of the largest logit"
    )


def test_rounding_that_weights_amplify_is_told(tmp_path: Path) -> None:
    """A difference of large numbers: what is left of it in single precision is no more than rounding."""
    module = vggdsl.to_torch(vggdsl.parse(SPEC.format("ReLU")).typed).eval()
    with torch.no_grad():
        module.get_parameter("conv1_1.bias").fill_(1e6)
        module.get_parameter("conv1_2.weight")[:, 1::2] = -module.get_parameter("conv1_2.weight")[:, ::2]
        module.get_parameter("conv1_2.bias").fill_(0.1)
        output = module(X).numpy()
    arrays = {"input": INPUT, "output": output * 1.01}
    (found,) = findings(lambda: hold(module, read_expected(arrays, module.typed)))
    assert found.code == "V523"
    assert "with these weights PyTorch itself is off by" in str(found.help)
