"""Initialisation, weights in and out, and ONNX files: written whole, and found wrong when they are."""

import math
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from hypothesis import given
from onnx.external_data_helper import load_external_data_for_model
from profiles import fewer
from refusals import refusal
from strategies import chain, graphs
from torch import nn

from vggdsl.language.dictionary import ACTIVATIONS, KINDS
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import FC, LRN, Activation, BatchNorm, Conv, Dropout, Input, MaxPool, Op, PReLU, Softmax
from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.targets import onnx as onnx_target
from vggdsl.targets import onnx_file
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.torch import InitName, Network, initialise, load_weights, to_torch, weights, without_weights
from vggdsl.targets.verify import verify_onnx
from vggdsl.targets.weight_files import check_finite, read_weights
from vggdsl.text.errors import InputError, VggdslError

SAME = Window(Pair(3, 3), pad=Pair(1, 1))
HALVE = MaxPool(Window(Pair(2, 2), Pair(2, 2)))
OPS: list[Op] = [
    Input(Shape(3, 8, 8)),
    *(Conv(32, SAME, bias=False), BatchNorm(), HALVE, Activation("ReLU")),
    *(Conv(32, SAME, 2), LRN(), Activation("tanh"), Activation("ReLU")),
    *(FC(200), Dropout(0.5), Activation("GELU")),
    *(FC(100), Softmax()),
]
GRAPH = chain(*OPS)
ALL_ACTIVATIONS = [KINDS[word].make() for word in ACTIVATIONS]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spread(network: Network) -> list[float]:
    """Standard deviations of the weights of convolutions and FC."""
    return [float(m.weight.detach().std()) for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


HE = [math.sqrt(2 / fan_in) for fan_in in (27, 144, 512, 200)]
GLOROT = [math.sqrt(2 / (i + o)) for i, o in ((27, 288), (144, 288), (512, 200), (200, 100))]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("he", HE),
        ("glorot", GLOROT),
        ("auto", [HE[0], GLOROT[1], HE[2], GLOROT[3]]),  # the ReLU behind the tanh isn't conv5's
        ("he-torch", [HE[0], GLOROT[1], 1 / math.sqrt(3 * 512), 1 / math.sqrt(3 * 200)]),
        ("normal", [0.03] * 4),
    ],
)
def test_initial_spread(how: InitName, expected: list[float]) -> None:
    network = to_torch(GRAPH)
    initialise(network, how, generator=generator(), std=0.03)
    assert spread(network) == pytest.approx(expected, rel=0.05)
    for name, bias in network.named_parameters():
        if name.endswith(".bias"):
            assert not bias.any()


@fewer
@given(graphs())
def test_every_weight_gets_a_first_value(graph: TypedGraph) -> None:
    network = without_weights(graph)
    for tensor in network.state_dict().values():
        tensor.fill_(float("nan") if tensor.is_floating_point() else 0)
    initialise(network, generator=generator())
    assert all(np.isfinite(array).all() for array in weights(network).values())


def test_a_prelu_is_a_rectifier_whose_slopes_begin_at_a_quarter() -> None:
    graph = chain(Input(Shape(3, 8, 8)), Conv(32, SAME), BatchNorm(), PReLU(), FC(100))
    network = to_torch(graph)
    assert spread(network) == pytest.approx([HE[0], math.sqrt(1 / (3 * 32 * 64))], rel=0.05)
    assert (weights(network)["prelu3.weight"] == 0.25).all()


def test_torchs_own_initialisation() -> None:
    network = to_torch(GRAPH)
    initialise(network, "torch", generator=generator(3))
    ours = weights(network)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.reset_parameters()
    for name, theirs in weights(network).items():
        np.testing.assert_allclose(ours[name], theirs, rtol=1e-6)


def test_initialisation_depends_on_the_seed_alone() -> None:
    state = torch.get_rng_state()
    first = weights(to_torch(GRAPH, seed=1))
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(1)
    used = to_torch(GRAPH, seed=2)
    used(torch.randn(4, 3, 8, 8))  # moves the running statistics
    initialise(used, generator=generator(1))
    again, other = weights(used), weights(to_torch(GRAPH, seed=2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["fc12.weight"], other["fc12.weight"])


@pytest.mark.parametrize("activation", ALL_ACTIVATIONS, ids=str)
def test_training_moves_every_weight(activation: Op) -> None:
    """Values are freed when last used, and none that the gradients need."""
    graph = chain(*OPS[:5], activation, FC(7), BatchNorm(), activation, FC(5))
    network = to_torch(graph)
    loss = nn.functional.cross_entropy(network(torch.randn(4, 3, 8, 8)), torch.tensor([0, 1, 2, 3]))
    torch.autograd.backward(loss)
    assert all(p.grad is not None and p.grad.any() for p in network.parameters() if p.dim() > 1)


def test_weights_are_a_copy() -> None:
    network = to_torch(GRAPH)
    saved = weights(network)
    initialise(network, generator=generator(9))
    assert not np.array_equal(saved["fc9.weight"], weights(network)["fc9.weight"])


def test_weights_that_do_not_fit() -> None:
    network = to_torch(GRAPH)
    given = dict(weights(network))
    before = weights(network)
    del given["conv5.bias"]
    given |= {
        "bn2.weight": np.ones(3),
        "fc6.weight": np.ones((2, 2)),
        "conv1.weight": np.zeros_like(given["conv1.weight"]),
    }
    given["fc12.bias"] = np.array(["x"] * 100)
    for check in (lambda: load_weights(network, given), lambda: to_onnx(GRAPH, given)):
        found = refusal(check, InputError)
        assert found.code == "V510"
        assert found.message == (
            "the weights don't fit the network: bn2.weight is (3), expected (32); "
            "conv5.bias (32) is missing; fc12.bias is of type <U1, expected numbers; "
            "fc6.weight (2, 2) is in no layer"
        )
    assert all(np.array_equal(before[name], array) for name, array in weights(network).items())


def test_weights_of_other_types() -> None:
    network = to_torch(GRAPH)
    given = {name: array.astype(np.float64) for name, array in weights(network).items()}
    given["bn2.num_batches_tracked"] = np.array(7)
    for array in given.values():
        array.setflags(write=False)
    load_weights(network, given)
    assert weights(network)["conv1.weight"].dtype == np.float32


def test_a_module_may_have_any_name() -> None:
    for label in ("train.", "a.weight.", "typed.", "_modules."):
        network = to_torch(chain(*OPS, label=label)).eval()
        assert f"{label}conv1.weight" in network.state_dict()
        assert network(torch.randn(2, 3, 8, 8)).shape == (2, 100)


# -- files


def write(path: Path, graph: TypedGraph = GRAPH, seed: int = 0) -> ir.Model:
    model = to_onnx(graph, weights(to_torch(graph, seed=seed)))
    save(model, path)
    return model


def test_a_small_model_is_one_file(tmp_path: Path) -> None:
    write(tmp_path / "x.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["x.onnx"]
    found = verify_onnx(tmp_path / "x.onnx", to_torch(GRAPH))
    assert found.max_rel < 1e-5
    assert found.n == (1 + 3) * 100


def test_outputs_that_say_nothing_of_the_image_are_told(tmp_path: Path) -> None:
    """Two that are constant agree whatever was exported."""
    network = to_torch(GRAPH)
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    save(to_onnx(GRAPH, weights(network)), tmp_path / "x.onnx")
    assert verify_onnx(tmp_path / "x.onnx", network).doubt is None
    nn.init.constant_(last.weight, 0)
    save(to_onnx(GRAPH, weights(network)), tmp_path / "dead.onnx")
    found = verify_onnx(tmp_path / "dead.onnx", network)
    assert found.spread < 1e-4
    assert "hardly sees the image" in (found.doubt or "")


def test_a_large_model_has_its_weights_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_target, "LARGEST", 1000)
    write(tmp_path / "x.onnx", seed=1)
    write(tmp_path / "x.onnx", seed=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.onnx", "x.onnx.data"]
    assert (tmp_path / "x.onnx").stat().st_size < 10_000
    verify_onnx(tmp_path / "x.onnx", to_torch(GRAPH))


def test_a_file_is_whole_or_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.onnx"
    write(path)
    before = path.read_bytes()

    def fail(*args: object, **options: object) -> None:
        Path(str(args[1])).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(onnx_target, "write", fail)
    monkeypatch.setattr(ir, "save", fail)
    for largest in (onnx_target.LARGEST, 1000):
        monkeypatch.setattr(onnx_target, "LARGEST", largest)
        with pytest.raises(InputError, match=r"V511\]: can't write .*x\.onnx: No space left on device"):
            write(path, seed=1)
        assert path.read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == ["x.onnx"]


def test_where_a_file_can_grow_no_more_it_says_why(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(InputError, match=r"V511\]: can't write .*x\.onnx: File too large"):
            write(tmp_path / "x.onnx")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [*tmp_path.iterdir()]


def test_a_file_is_what_protobuf_would_write(tmp_path: Path) -> None:
    metadata = {"vggdsl.spec": "x" * 300}
    model = to_onnx(GRAPH, weights(to_torch(GRAPH)), metadata=metadata, name="a_network")
    held = [value.const_value for value in model.graph.initializers.values()]
    ir.save(model, tmp_path / "theirs.onnx", format="protobuf")
    onnx_file.write(model, tmp_path / "ours.onnx")
    assert (tmp_path / "ours.onnx").read_bytes() == (tmp_path / "theirs.onnx").read_bytes()
    assert [value.const_value for value in model.graph.initializers.values()] == held


def test_a_file_is_read_with_large_weights_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.onnx"
    write(path)
    whole = onnx.load(path)
    assert onnx_file.read(path) == whole
    monkeypatch.setattr(onnx_file, "LARGE", 1000)
    found = onnx_file.read(path)
    large = [tensor.name for tensor in found.graph.initializer if tensor.data_location]
    assert large == [tensor.name for tensor in whole.graph.initializer if len(tensor.raw_data) >= 1000]
    assert 0 < len(large) < len(whole.graph.initializer)
    load_external_data_for_model(found, str(tmp_path))
    for tensor in found.graph.initializer:
        tensor.ClearField("data_location")
    assert found == whole
    assert verify_onnx(path, to_torch(GRAPH)).max_rel < 1e-5


def test_other_large_weights_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is run is what stands in the file, also where it isn't read."""
    path = tmp_path / "x.onnx"
    write(path)
    weight = weights(to_torch(GRAPH))["fc9.weight"].tobytes()
    content = path.read_bytes()
    path.write_bytes(content.replace(weight, weight[::-1]))
    for large in (onnx_file.LARGE, 1000):
        monkeypatch.setattr(onnx_file, "LARGE", large)
        with pytest.raises(VggdslError, match="V521"):
            verify_onnx(path, to_torch(GRAPH))


def test_a_torn_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    write(path)
    content = path.read_bytes()
    for end in (*range(1, len(content), 997), len(content) - 1):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"a field that reaches|a number without"):
            onnx_file.read(path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="V511"):
        write(tmp_path / "no" / "x.onnx")


def test_other_weights_are_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "x.onnx", seed=1)
    with pytest.raises(VggdslError, match=r"V521\]: .*x\.onnx and PyTorch differ by"):
        verify_onnx(tmp_path / "x.onnx", to_torch(GRAPH, seed=2))
    smaller = chain(*OPS[:-2], FC(10))
    write(tmp_path / "y.onnx", smaller)
    with pytest.raises(VggdslError, match=r"V521\]: outputs have shapes \(1, 10\) and \(1, 100\)"):
        verify_onnx(tmp_path / "y.onnx", to_torch(GRAPH))
    write(tmp_path / "z.onnx", chain(Input(Shape(3, 4, 4)), FC(100)))
    with pytest.raises(InputError, match=r"V520\]: can't run"):
        verify_onnx(tmp_path / "z.onnx", to_torch(GRAPH))
    assert capfd.readouterr().err == ""


def test_a_nan_is_no_agreement(tmp_path: Path) -> None:
    network = to_torch(GRAPH)
    values = dict(weights(network)) | {"fc12.bias": np.full(100, np.nan, np.float32)}
    for logits in (False, True):
        save(to_onnx(GRAPH, values, logits=logits), tmp_path / "x.onnx")
        with pytest.raises(VggdslError, match="V521"):
            verify_onnx(tmp_path / "x.onnx", network, logits=logits)
    load_weights(network, values)
    with pytest.raises(InputError, match=r"V513.*outputs are no finite numbers\n.*fc12.bias reaches nan"):
        verify_onnx(tmp_path / "x.onnx", network)


def test_what_is_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"hello")
    for name in ("x.onnx", "missing.onnx"):
        with pytest.raises(InputError, match="V520"):
            verify_onnx(tmp_path / name, to_torch(GRAPH))


def test_verifying_leaves_the_network_as_it_is(tmp_path: Path) -> None:
    network = to_torch(GRAPH)
    save(to_onnx(GRAPH, weights(network)), tmp_path / "x.onnx")
    before = weights(network)
    verify_onnx(tmp_path / "x.onnx", network)
    assert network.training
    assert all(np.array_equal(before[name], array) for name, array in weights(network).items())


def _refused(path: Path) -> str:
    found = refusal(lambda: read_weights(path), InputError)
    assert found.code == "V513"
    assert "weights_only" not in found.message
    return found.message


class _More:
    pass


@pytest.mark.filterwarnings("error::UserWarning:vggdsl")
def test_what_holds_no_weights_is_told_shortly(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path, ones = tmp_path / "x.pt", torch.ones(2, 2)
    cases: dict[str, object] = {
        "w is of float8_e4m3fn": {"w": ones.to(torch.float8_e4m3fn)},
        "w is of complex64": {"w": ones.to(torch.complex64)},
        "w is sparse": {"w": ones.to_sparse()},
        "w is without values": {"w": ones.to("meta")},
        "w is larger than what is stored": {"w": torch.ones(1, dtype=torch.bfloat16).expand(10**12)},
        "a name in it is no text": {"\x1b[31m": ones},
        "it holds no state dict": [ones],
        "it holds more than tensors, and is not loaded": {"w": _More()},
    }
    for why, state in cases.items():
        torch.save(state, path)
        assert why in _refused(path)
    for data in (b"", b"hello", b"\x80\x02.", b"PK\x03\x04torn", b"\xff" * 99):
        for name in ("y.pt", "y.safetensors"):
            (tmp_path / name).write_bytes(data)
            assert len(_refused(tmp_path / name)) < len(str(tmp_path)) + 200
    for odd in (tmp_path, tmp_path / "gone.pt", Path("x" * 300), Path("/dev/zero")):
        assert "no regular file" in _refused(odd)
    assert not recwarn.list


def test_weights_that_are_no_numbers_are_told() -> None:
    with pytest.raises(InputError, match=r"V513\]: x\.pt holds NaN or infinite values in conv1_1\.weight"):
        check_finite(Path("x.pt"), {"a": np.ones(2), "conv1_1.weight": np.array([1, np.inf])})
