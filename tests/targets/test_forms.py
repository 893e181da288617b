"""The forms in which a network is written as ONNX, and what other tools make of the files."""

import ast
import json
from importlib import import_module
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from refusals import refusal
from strategies import graphs
from test_lowering import assume_sums_do_not_cancel, assume_well_conditioned, batch, network_with_statistics

import vggdsl
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import parse
from vggdsl.targets.forms import Form, FormOptions, Size
from vggdsl.targets.metadata import metadata_of
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.opsets import RELEASES, highest, ir_version_of, oldest_runtime
from vggdsl.targets.runtime import open_session, version
from vggdsl.targets.torch import to_torch, weights
from vggdsl.targets.verify import difference, verify_onnx
from vggdsl.text.errors import InputError

SMALL = "input 8x8x3 conv3-4 BN LRN maxpool conv3-4 dropout-0.5 FC-5 softmax"


@pytest.mark.parametrize(
    ("layers", "opset", "oldest"),
    [("conv3-4 BN avgpool", 13, "1.6"), ("conv3-4 hard-swish", 14, "1.8"), ("conv3-4 GELU", 20, "1.17")],
)
def test_the_opset_is_the_lowest_that_the_network_needs(layers: str, opset: int, oldest: str) -> None:
    graph = parse(f"input 8x8x3 {layers} FC-5 softmax").typed
    values = weights(to_torch(graph))
    model = to_onnx(graph, values)
    assert (model.opset_imports[""], model.ir_version) == (opset, ir_version_of(opset))
    assert oldest_runtime(opset) == oldest
    for node in model.graph:  # what needs the opset is there: the checker knows it as something that is in it
        assert onnx.defs.get_schema(node.op_type, opset, "").since_version <= opset
    if opset > 13:
        found = refusal(lambda: to_onnx(graph, values, opset=opset - 1))
        assert (found.code, f"--opset {opset}" in str(found.help), len(found.labels)) == ("V525", True, 1)


def test_a_softmax_of_a_map_needs_the_usual_opset() -> None:
    graph = parse("input 2x2x3 conv1-4 softmax").typed
    assert refusal(lambda: to_onnx(graph, weights(to_torch(graph)), opset=12)).code == "V525"


def test_releases_are_told_in_order_and_read_what_onnx_stamps() -> None:
    for before, after in pairwise(RELEASES):
        assert before.opset < after.opset
        assert before.ir_version <= after.ir_version
    assert all(release.ir_version >= ir_version_of(release.opset) for release in RELEASES)
    release = tuple(int(part) for part in version().split(".")[:2])
    assert tuple(map(int, oldest_runtime(highest()).split("."))) <= release


def test_the_command_says_the_opset_and_refuses_what_it_cannot_check(tmp_path: Path) -> None:
    spec, file = tmp_path / "small.arch", tmp_path / "small.onnx"
    spec.write_text(SMALL)
    for opset in (10, 99):
        done = run("export", spec, "-o", file, "--opset", opset)
        assert (done.exit_code, "V525" in done.stderr, file.exists()) == (1, True, False)
    done = run("export", spec, "-o", file, "--opset", 11)
    assert (done.exit_code, "opset 11 for onnxruntime 1.0 and later" in done.stdout) == (0, True)


def test_onnxruntime_quantises_files_as_they_are(tmp_path: Path) -> None:
    graph = parse(SMALL).typed
    file, small = tmp_path / "x.onnx", tmp_path / "small.onnx"
    save(to_onnx(graph, weights(to_torch(graph))), file)
    x = np.random.default_rng(1).standard_normal((16, 3, 8, 8), dtype=np.float32)
    (expected,) = open_session(str(file)).run(None, {"input": x})

    quantising: Any = import_module("onnxruntime.quantization")  # of the onnxruntime that was told to report nothing

    class Once(quantising.CalibrationDataReader):  # type: ignore[misc]  # as it leaves all untyped
        batches = iter([{"input": x}])

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.batches, None)

    def static() -> None:
        signed = quantising.QuantType.QInt8
        quantising.quantize_static(file, small, Once(), per_channel=True, activation_type=signed)

    for quantise in (lambda: quantising.quantize_dynamic(file, small), static):
        quantise()
        (given,) = open_session(str(small)).run(None, {"input": x})
        assert np.abs(np.asarray(given) - np.asarray(expected)).max() <= 0.05  # eight bits a value, in four layers


# -- bytes, the likeliest, images of any size


@settings(max_examples=25)
@given(
    graph=graphs(),
    fold=st.booleans(),
    logits=st.booleans(),
    uint8=st.booleans(),
    top=st.sampled_from([None, 2]),
    size=st.sampled_from(["fixed", "dynamic", "dense"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_each_form_is_refused_or_computes_what_torch_does(
    graph: TypedGraph,
    fold: bool,
    logits: bool,
    uint8: bool,
    top: int | None,
    size: Size,
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    network = network_with_statistics(graph, seed)
    channels = range(graph.input.c)
    normal = Preprocessing(graph.input, tuple(0.3 + 0.1 * c for c in channels), tuple(0.2 + 0.1 * c for c in channels))
    x = batch(graph, 3, seed)
    if uint8:
        x = torch.from_numpy(normal.normalised((x.permute(0, 2, 3, 1) * 64).to(torch.uint8).numpy()))
    assume_well_conditioned(network, x)
    assume_sums_do_not_cancel(network, x, seed)
    options: FormOptions = {"fold": fold, "logits": logits, "uint8": uint8, "top": top, "size": size}
    try:
        Form(**options).check(graph)
    except InputError:
        assert refusal(lambda: to_onnx(graph, weights(network), **options)).code == "V525"
        return
    file = tmp_path_factory.getbasetemp() / "form.onnx"
    save(to_onnx(graph, weights(network), preprocessing=normal, **options), file)
    with pytest.MonkeyPatch.context() as patched:
        # On a larger image other sums cancel, to the rounding of their terms; a wrong border or mean shows by more.
        patched.setattr("vggdsl.targets.verify.TOLERANCE", 1e-2)
        verify_onnx(file, network, preprocessing=normal, **options)


CEIL = "input 9x9x3 conv3-4 maxpool3/2 ceil conv3-4 avgpool2/2 ceil"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("input 8x8x3 conv3-4 FC-5 softmax", {"size": "dynamic"}, "fc2 takes 8x8x4 alone"),
        ("input 8x8x3 maxpool3/2 pad=1 ceil global-avgpool FC-5 softmax", {"size": "dense"}, "pool1 rounds up"),
        ("input 8x8x3 conv3-4 FC-5 softmax", {"size": "dense", "top": 1}, "the output is a map"),
        ("input 8x8x3 conv3-4 FC-5 softmax", {"top": 6}, "no 6 likeliest of 5 classes"),
        ("input 8x8x3 conv3-4 FC-5 softmax", {"top": 2, "logits": True}, "told by a softmax"),
        ("input 8x8x3 conv3-4 FC-5", {"top": 2}, "told by a softmax"),
        ("input 8x8x2 conv3-4 FC-5", {"uint8": True}, "an input of 2 channels"),
    ],
)
def test_what_has_no_such_form_is_refused(text: str, options: FormOptions, said: str) -> None:
    graph = parse(text).typed
    found = refusal(lambda: to_onnx(graph, weights(to_torch(graph)), **options))
    assert (found.code, said in found.message) == ("V525", True)


def test_borders_that_round_up_are_right_at_every_size(tmp_path: Path) -> None:
    graph = parse(f"{CEIL} conv1-5").typed
    network = to_torch(graph).eval()
    save(to_onnx(graph, weights(network), size="dynamic"), tmp_path / "x.onnx")
    session = open_session(str(tmp_path / "x.onnx"))
    for h, w in product(range(5, 13), (5, 8, 11)):
        x = torch.randn(1, 3, h, w)
        (given,) = session.run(None, {"input": x.numpy()})
        with torch.inference_mode():
            expected = network(x).numpy()
        assert difference(np.asarray(given).reshape(expected.shape), expected).max_rel <= 1e-4


def test_wrong_bytes_and_labels_are_found(tmp_path: Path) -> None:
    graph = parse(SMALL).typed
    network = to_torch(graph).eval()
    normal, other = (Preprocessing(graph.input, (mean,) * 3, (0.25,) * 3) for mean in (0.4, 0.41))
    save(to_onnx(graph, weights(network), preprocessing=normal, uint8=True), tmp_path / "x.onnx")
    verify_onnx(tmp_path / "x.onnx", network, preprocessing=normal, uint8=True)
    found = refusal(lambda: verify_onnx(tmp_path / "x.onnx", network, preprocessing=other, uint8=True))
    assert found.code == "V521"
    model = to_onnx(graph, weights(network), top=2)
    model.graph[-1].attributes["largest"] = ir.AttrInt64("largest", 0)
    save(model, tmp_path / "least.onnx")
    found = refusal(lambda: verify_onnx(tmp_path / "least.onnx", network, top=2))
    assert (found.code, "likeliest labels" in found.message) == ("V521", True)


def test_predict_reads_every_form(tmp_path: Path) -> None:
    """The same answers from bytes, of the likeliest alone, at any size, and with weights beside the file."""
    spec, image = tmp_path / "small.arch", tmp_path / "odd.png"
    spec.write_text("input 8x8x3 conv3-4 maxpool global-avgpool FC-5 softmax")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (13, 21, 3), np.uint8)).save(image)
    answers = set()
    for options in ([], ["--uint8"], ["--top", 3], ["--dynamic-size"], ["--dense", "--uint8"], ["--external"]):
        file = tmp_path / f"{'_'.join(map(str, options)) or 'plain'}.onnx"
        done = run("export", spec, "-o", file, *options)
        assert done.exit_code == 0, done.stderr
        answers.add(run("predict", file, image, "--top", 3).stdout)
    assert len(answers) == 1
    assert run("predict", tmp_path / "--top_3.onnx", image, "--top", 9).stdout in answers
    beside = tmp_path / "--external.onnx.data"
    assert done.stdout.startswith(f"{tmp_path / '--external.onnx'} with {beside}: ")
    model = onnx.load(tmp_path / "--external.onnx", load_external_data=False)
    places = {entry.value for one in model.graph.initializer for entry in one.external_data if entry.key == "location"}
    assert places == {beside.name}
    others = beside.read_bytes()
    beside.write_bytes(bytes([others[0] ^ 1]) + others[1:])
    refused = run("predict", tmp_path / "--external.onnx", image)
    assert (refused.exit_code, "other weights than lie in --external.onnx.data" in refused.stderr) == (1, True)
    model = onnx.load(tmp_path / "--external.onnx")
    for name in (beside.name, "elsewhere", "../x", "\0"):  # as others write it anew, or what is no name of a file
        model.metadata_props[-1].value = f"{name} sha256=0"
        onnx.save(model, tmp_path / "whole.onnx")
        assert run("predict", tmp_path / "whole.onnx", image).exit_code == 0
    assert run("export", spec, "-o", tmp_path / "--external.onnx", "--force").exit_code == 0
    assert not beside.exists(), "weights of a file that is no more"


def test_the_metadata_say_what_others_look_for(tmp_path: Path) -> None:
    graph = parse(SMALL).typed
    for mean, std, in_graph, told in (
        (0.0, 1.0, False, "Normalized_0_1"),
        (0.5, 0.5, False, "Normalized_1_1"),
        (0.4, 0.3, False, None),
        (0.4, 0.3, True, "NominalRange_0_255"),
    ):
        normal = Preprocessing(graph.input, (mean,) * 3, (std,) * 3, ("it's", 'a "b"'), in_graph=in_graph)
        said = metadata_of(parse(SMALL), normal, {"weights": "x"})
        keys = [said.get(f"Image.{key}") for key in ("BitmapPixelFormat", "ColorSpaceGamma", "NominalPixelRange")]
        assert keys == (["Rgb8", "SRGB", told] if told else [None] * 3), (
            "by a part of them pixels would go in as they are"
        )
        model = ir.to_proto(to_onnx(graph, weights(to_torch(graph)), preprocessing=normal, uint8=in_graph))
        assert model.graph.input[0].type.denotation == ("IMAGE" if told else "")
        assert ast.literal_eval(said["names"]) == {0: "it's", 1: 'a "b"'}
        assert Preprocessing.from_metadata(said) == normal
    save(to_onnx(graph, weights(to_torch(graph)), uint8=True), tmp_path / "x.onnx")
    (given,) = onnx.load(tmp_path / "x.onnx").graph.input
    assert given.type.denotation == "IMAGE"
    denoted = [dim.denotation for dim in given.type.tensor_type.shape.dim]
    assert denoted == ["DATA_BATCH", "DATA_FEATURE", "DATA_FEATURE", "DATA_CHANNEL"]


@pytest.mark.parametrize(
    ("net", "options"),
    [*product(["FC-5 softmax", "FC-5 sigmoid", "conv1-5 softmax"], [{}, {"logits": True}, {"size": "dense"}]),
     ("FC-5 softmax", {"top": 3})],
)  # fmt: skip
def test_outputs_say_what_they_are(net: str, options: FormOptions, tmp_path: Path) -> None:
    graph = parse(f"input 4x4x3 {net}").typed
    model, file = to_onnx(graph, weights(to_torch(graph)), **options), tmp_path / "x.onnx"
    save(model, file)
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 4), dtype=np.float32)
    given = [np.asarray(each) for each in open_session(str(file)).run(None, {"input": x})]
    for output, values in zip(onnx.load(file).graph.output, given, strict=True):
        said = output.doc_string
        dims = ", ".join(["N", str(values.shape[1]), *["height", "width"][: values.ndim - 2]])
        assert (said.startswith(f"({dims})"), "[n, k]" in said) == (True, "top" in options)
        if "top" not in options:
            are_probabilities = np.allclose(values.sum(1), 1, rtol=0, atol=1e-6)  # five in single precision
            assert are_probabilities == ("already applied" in said) == ("no softmax" not in said.lower())


def test_files_of_before_are_read() -> None:
    """What files say that were written before they told more."""
    how = {"input_chw": [3, 8, 8], "transparent": "white", "resize": "cover, bilinear, centre crop", "scale": 255}
    normal = {"mean": [0.4] * 3, "std": [0.3] * 3}
    said = {"vggdsl.preprocessing": json.dumps(how | normal), "vggdsl.classes": '["a"]'}
    assert Preprocessing.from_metadata(said) == Preprocessing(Shape(3, 8, 8), (0.4,) * 3, (0.3,) * 3, ("a",))


@pytest.mark.filterwarnings("ignore:no ")  # of random weights, for which nothing is known of pixels
def test_an_export_that_ends_between_two_files_leaves_no_model_beside_the_weights_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, path, really = vggdsl.parse("input 8x8x1 conv3-4 FC-3 softmax"), tmp_path / "m.onnx", Path.replace
    vggdsl.export(spec, path, external=True)

    def ended(file: Path, place: Path) -> Path:
        if place == path:
            raise KeyboardInterrupt
        return really(file, place)

    monkeypatch.setattr(Path, "replace", ended)
    with pytest.raises(KeyboardInterrupt):
        vggdsl.export(spec, path, external=True, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx.data"]
