"""Files in half precision and in integers: what is in them, and how they are held against single precision."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir
import pytest
from commands import run
from models import metadata
from refusals import refusal
from safetensors.numpy import load_file, save_file
from trainings import ON_DIGITS

import vggdsl
from vggdsl.data.dataset import find_data
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.precision.compared import Compared
from vggdsl.experiments.precision.reduce import Asked
from vggdsl.experiments.train import train
from vggdsl.spec.parsing import load, parse
from vggdsl.targets.half import halve
from vggdsl.targets.onnx import to_onnx
from vggdsl.targets.runtime import open_session, run_session
from vggdsl.targets.torch import to_torch, weights
from vggdsl.text.confidence import interval

CHAIN = "input 8x8x1 conv3-8 ReLU conv3-8 ReLU maxpool FC-10 softmax"
MANY = """
input 8x8x1
after conv: BN ReLU
conv3-8
LRN n=4
concat[ conv1-8 | conv3-8 ]
maxpool
conv3-16 GN-4
global-avgpool
FC-12 hard-sigmoid FC-10
softmax
"""


def trained(body: str, folder: Path) -> Path:
    spec = parse(f"{body}\n{ON_DIGITS}", str(folder / "net.arch"))
    (folder / "net.arch").write_text(spec.text)
    return train(spec, device="cpu", runs=folder / "runs").path


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, beside its spec."""
    return trained(CHAIN, tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(MANY, tmp_path_factory.mktemp("many"))


def written(path: Path, *arguments: object) -> dict[str, Any]:
    done = run("export", *arguments, "-o", path, "--json")
    assert done.exit_code == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("precision", ["fp16", "int8"])
@pytest.mark.parametrize("form", [(), ("--uint8", "--external", "--dense")])
def test_a_file_says_what_it_is_and_answers_as_it_was_held_to(
    chain: Path, precision: str, form: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "narrow.onnx"
    asked = ("--precision", precision, "--calibrate", 40, "--images", 60, "--bound", 100, "--keep", "conv1_1")
    told = written(path, chain, *asked, *form)["narrowed"]
    again = run("import", path, "-o", tmp_path / "again")
    if precision == "int8":
        assert (again.exit_code, "single precision that was exported of the same run" in again.stderr) == (1, True)
    else:
        assert (again.exit_code, "its weights are in float16" in again.stdout) == (0, True)
    onnx.checker.check_model(path, full_check=True)
    model, said = onnx.load(path), metadata(path)
    assert {each.domain for each in model.opset_import} == {""}
    assert said["vggdsl.outputs.words"] == f"{model.graph.output[0].name}: {model.graph.output[0].doc_string}"
    assert model.doc_string.endswith(said["vggdsl.outputs.words"])
    assert not {v.name for v in model.graph.value_info} & {w.name for w in model.graph.initializer}

    kinds = {w.name: w.data_type for w in model.graph.initializer}
    assert kinds["conv1_1.weight"] == onnx.TensorProto.FLOAT
    narrow = {"fp16": "conv1_2.weight", "int8": "conv1_2.weight_quantized"}[precision]
    assert kinds[narrow] == {"fp16": onnx.TensorProto.FLOAT16, "int8": onnx.TensorProto.INT8}[precision]
    operators = {node.op_type for node in model.graph.node}
    assert ("QuantizeLinear" in operators) == (precision == "int8")
    assert not any(operator.startswith(("QLinear", "ConvInteger")) for operator in operators)
    (softmax,) = (node for node in model.graph.node if node.op_type == "Softmax")
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    assert makers[softmax.input[0]] in {"int8": ("Gemm", "Conv"), "fp16": ("Cast",)}[precision], "logits aren't rounded"

    drawn, held = (json.loads(said[f"vggdsl.precision.{key}"]) for key in ("calibration", "held_against_fp32"))
    assert (said["vggdsl.precision"], drawn["images"], drawn["split"], held["images"]) == (precision, 40, "train", 60)
    assert json.loads(said["vggdsl.precision.how"])["kept"] == ["conv1_1"]
    assert [told[key] for key in ("same", "right")] == [held[key] for key in ("same", "right")]
    assert told["same"] >= 0.9 * told["images"], "8 bits, or 11, change few answers of a network of three layers"
    assert [times["batch"] for times in told["times"]] == [1, 8]
    assert told["processor"]


def test_what_is_told_is_what_a_slow_loop_finds(chain: Path, tmp_path: Path) -> None:
    """By both files, over all images to test by: they are drawn only where there are more than asked for."""
    wide, narrow = tmp_path / "wide.onnx", tmp_path / "narrow.onnx"
    assert written(wide, chain)["narrowed"] is None
    told = written(narrow, chain, "--precision", "int8", "--bound", 100)["narrowed"]
    sessions = [open_session(str(path)) for path in (wide, narrow)]
    spec = load(chain / "record.arch")
    pool = find_data(spec.recipe(), spec.typed.input, tmp_path, download=False).split("test")
    preprocessing = Preprocessing.from_metadata(metadata(narrow))
    same = right = right_before = 0
    error = 0.0
    for i, label in enumerate(pool.labels.tolist()):
        x = preprocessing.read(pool.pictures[i])[None]
        before, after = (np.asarray(run_session(session, {"input": x})[0])[0] for session in sessions)
        same += int(before.argmax() == after.argmax())
        right, right_before = right + int(after.argmax() == label), right_before + int(before.argmax() == label)
        error = max(error, float(np.abs(after - before).max()))
    counted = [told[key] for key in ("images", "same", "right", "right_in_fp32")]
    assert counted == [len(pool), same, right, right_before]
    assert told["max_difference"] == pytest.approx(error, abs=1e-5)  # batches sum in another order than single images


def test_layers_that_narrow_numbers_do_not_suit_stay_wide(many: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.onnx"
    for precision in ("int8", "fp16"):
        told = written(path, many, "--precision", precision, "--images", 60, "--bound", 100, "--force")["narrowed"]
        assert told["same"] >= 0.8 * told["images"]
        graph = onnx.load(path).graph
        rounded = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
        halves = {w.name for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT16}
        inside = [node for node in graph.node if re.match(r"lrn1_1\.(?!squares)|gn2_1\.(?!apart)|softmax", node.name)]
        assert {"Conv", "Pow", "InstanceNormalization", "Softmax"} <= {node.op_type for node in inside}
        for node in inside:
            assert not (rounded | halves).intersection(node.input), node.name


@pytest.fixture(scope="module")
def uneven(chain: Path) -> tuple[Path, Path]:
    """The run's spec, and weights that give the same but for rounding: a channel of conv1 is 2^20 times as large, and
    conv2 takes it by as much less. Powers of 2 change nothing in single precision."""
    weights = {name: np.array(values) for name, values in load_file(chain / "best.safetensors").items()}
    channel, factor = int(np.abs(weights["conv1_2.weight"]).sum((0, 2, 3)).argmax()), np.float32(2**20)
    for name in ("conv1_1.weight", "conv1_1.bias"):
        weights[name][channel] *= factor
    weights["conv1_2.weight"][:, channel] /= factor
    folder = chain.parent.parent
    save_file(weights, folder / "uneven.safetensors")
    return folder / "net.arch", folder / "uneven.safetensors"


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_what_is_not_as_good_is_no_file_and_the_layers_to_keep_are_named(
    uneven: tuple[Path, Path], precision: str, tmp_path: Path
) -> None:
    spec, weights = uneven
    path = tmp_path / "narrow.onnx"
    asked = ("export", spec, "--weights", weights, "-o", path, "--precision", precision)
    done = run(*asked)
    assert (done.exit_code, "error[V529]" in done.stderr) == (1, True)
    assert [*tmp_path.iterdir()] == []
    if precision == "fp16":
        keep = re.findall(r"--keep ([\w.,]+)", done.stderr)[-1]
        assert "conv1_1 gives values up to" in done.stderr
    else:
        keep = "conv1_1..conv1_2"
        taken = run(*asked, "--bound", "100", "--debug-layers")
        assert (taken.exit_code, path.exists(), "signal to noise" in taken.stdout) == (0, True, True)
    told = written(path, *asked[1:4], *asked[6:], "--keep", keep, "--force", "--bound", "2")["narrowed"]
    assert "conv1_1" in told["kept"]
    assert told["same"] >= 0.97 * told["images"]


def test_what_a_relu_loses_is_of_what_it_gives_not_of_what_it_takes(chain: Path, tmp_path: Path) -> None:
    """Its negative values are no loss; what it gives is rounded to 127 steps of its range at the least."""
    asked = ("export", chain, "-o", tmp_path / "narrow.onnx", "--precision", "int8", "--bound", "100", "--images", "60")
    told = run(*asked, "--debug-layers").stdout
    found = {name: float(lost) for name, lost in re.findall(r"^(relu\w+) +([\d.]+) ", told, re.MULTILINE)}
    assert found.keys() == {"relu1_1", "relu1_2"}
    assert min(found.values()) > 25


def test_what_cannot_be_narrow_is_refused_with_how_to_mend_it(
    chain: Path, many: Path, uneven: tuple[Path, Path], tmp_path: Path
) -> None:
    (spec, weights), path, lost = uneven, tmp_path / "narrow.onnx", tmp_path / "lost.arch"
    lost.write_text(spec.read_text().replace("digits", 'folder("nowhere")'))
    int8 = ("--precision", "int8")
    for code, arguments in (
        ("V528", (spec, *int8)),  # random weights
        ("V528", (chain, *int8, "--opset", "12")),
        ("V528", (many, *int8, "--keep", "bn1_1")),
        ("V410", (chain, *int8, "--keep", "conv9")),
        ("V503", (lost, "--weights", weights, *int8)),
    ):
        done = run("export", *arguments, "-o", path)
        assert (code in done.stderr, "help: " in done.stderr) == (True, True), done.stderr
        assert done.exit_code == (2 if code == "V503" else 1)
    for useless in (("--keep", "fc3"), ("--calibrate", "9"), ("--precision", "fp16", "--debug-layers")):
        done = run("export", chain, *useless, "-o", path)
        assert (done.exit_code, "--precision" in done.stderr) == (2, True)
    assert not path.exists()


def test_what_is_no_name_of_an_onnx_file_is_refused(chain: Path, tmp_path: Path) -> None:
    done = run("export", chain, "-o", tmp_path / "net.pt")
    assert (done.exit_code, "net.pt.onnx" in done.stderr) == (2, True)
    assert [*tmp_path.iterdir()] == []


def test_images_of_a_spec_with_several_recipes_are_those_of_the_one_that_is_named(
    uneven: tuple[Path, Path], tmp_path: Path
) -> None:
    """And what its recipe says of pixels, of which the file knows nothing, is told."""
    (_, weights), path, two = uneven, tmp_path / "narrow.onnx", tmp_path / "two.arch"
    first = ON_DIGITS.replace("train", "train lost").replace("digits", 'folder("nowhere")')
    two.write_text(f"{CHAIN}\n{first}{ON_DIGITS.replace('train', 'train found')}")
    asked = ("export", two, "--weights", weights, "-o", path, "--precision", "int8", "--images", "20", "--bound", "100")
    done = run(*asked)
    assert (done.exit_code, "V503" in done.stderr) == (2, True)
    assert "two has 2 recipes: images are those of recipe `lost`, `--recipe` names another" in done.stderr
    done = run(*asked, "--recipe", "found")
    assert (done.exit_code, "recipes: " in done.stderr) == (0, False), done.stderr
    assert "images are prepared by the recipe for this, which the file doesn't say" in done.stderr
    assert json.loads(metadata(path)["vggdsl.precision.calibration"])["mean"] != [0.0]


def test_probabilities_are_never_rounded_to_half() -> None:
    graph = parse("input 4x4x1 conv1-3 global-avgpool softmax").typed
    model = halve(onnx_ir.to_proto(to_onnx(graph, weights(to_torch(graph)))), ())
    *_, softmax, flatten = model.graph
    assert (softmax.op_type, flatten.op_type, flatten.inputs[0]) == ("Softmax", "Flatten", softmax.outputs[0])


def test_from_python(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "narrow.onnx"
    found = vggdsl.export(chain, path, precision=Asked("fp16", images=60), uint8=True)
    held = json.loads(metadata(path)["vggdsl.precision.held_against_fp32"])
    assert (found.precision, found.answers.images, found.answers.same) == ("fp16", 60, held["same"])
    assert refusal(lambda: vggdsl.export(parse(CHAIN), path, force=True, precision="int8")).code == "V528"
    with pytest.raises(TypeError, match="another precision"):
        vggdsl.export(chain, path, force=True, data=tmp_path)  # type: ignore[call-overload]
    for wrong in ("int4", "fp32"):
        with pytest.raises(ValueError, match="fp32, fp16 or int8"):
            Asked(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        Asked("int8", images=0)


def test_more_accuracy_lost_than_the_bound_is_too_much() -> None:
    told = Compared(images=1000, same=990, right=895, right_before=900, error=0.1)
    assert told.lost == 0.5
    assert told.bounds == interval(895, 1000)
