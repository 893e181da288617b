"""A file alone is enough: who follows its metadata with onnxruntime, NumPy and Pillow gets what `predict` gives."""

import json
import re
import runpy
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import python, run
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vggdsl.data.preprocessing import Preprocessing, scaled
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import parse
from vggdsl.targets.onnx import save, to_onnx
from vggdsl.targets.predict import Predictor
from vggdsl.targets.runtime import open_session
from vggdsl.targets.torch import to_torch, weights

CLIENT = Path(__file__).parents[2] / "examples" / "onnx_client.py"
JAVASCRIPT = CLIENT.with_suffix(".mjs")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK")
HELD = {".png": {*MODES} - {"CMYK", "PA"}, ".jpg": {"1", "L", "RGB", "CMYK"}, ".tif": {*MODES}}
"""What a file of each kind can hold."""
SIDES = (None, 9, 14)
NORMAL = {1: ((0.4,), (0.25,)), 3: ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))}

Files = dict[tuple[int, int | None], tuple[Predictor, Any]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A network of each number of channels and way of scaling, for our reader and for theirs."""
    folder, made = tmp_path_factory.mktemp("files"), Files()
    for c, (mean, std) in NORMAL.items():
        graph = parse(f"input 8x9x{c} conv3-8 maxpool FC-5 softmax").typed
        values = weights(to_torch(graph))
        for side in SIDES:
            path = folder / f"{c}-{side}.onnx"
            metadata = Preprocessing(graph.input, mean, std, tuple("abcde"), side).to_metadata()
            save(to_onnx(graph, values, metadata=metadata), path)
            made[c, side] = Predictor(path, "cpu"), open_session(str(path))
    return made


@pytest.fixture(scope="module")
def client(files: Files) -> dict[str, Any]:
    """What the example defines, once there is an onnxruntime that was told to report nothing."""
    return runpy.run_path(str(CLIENT))


@settings(max_examples=40)
@given(
    mode=st.sampled_from(MODES),
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    orientation=st.integers(0, 9),
    ending=st.sampled_from([".png", ".tif", ".jpg"]),
    channels=st.sampled_from([1, 3]),
    side=st.sampled_from(SIDES),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_stranger_gets_what_predict_gives(
    files: Files,
    client: dict[str, Any],
    mode: str,
    size: tuple[int, int],
    orientation: int,
    ending: str,
    channels: int,
    side: int | None,
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"{mode}{ending if mode in HELD[ending] else '.tif'}"
    _image(mode, size, np.random.default_rng(seed)).save(path, exif=_exif(orientation))
    predictor, session = files[channels, side]
    ((*guesses,),) = predictor([path])
    theirs = client["probabilities"](session, str(path))
    assert {guess.name for guess in guesses} == {*"abcde"}
    for guess in guesses:
        assert abs(guess.probability - theirs["abcde".index(guess.name)]) <= 1e-4


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation  # 0 and 9 are none
    return exif


def _image(mode: str, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """Noise, in colours and transparent where the mode can be; of a palette some colour is transparent."""
    pixels = random.integers(0, 256, (size[1], size[0], 4), np.uint8)
    image = Image.fromarray(pixels)
    if mode in ("LA", "PA"):
        grey = Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))
        return grey if mode == "LA" else grey.convert("PA")
    if mode == "P":
        image = image.convert("RGB").quantize(16)
        image.info["transparency"] = 3
        return image
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


def test_images_are_scaled_across_first_whatever_pillow_does() -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        w, h = random.integers(3, 120, 2).tolist()
        image = Image.fromarray(random.integers(0, 256, (h, w, 3), np.uint8))
        left, top = random.random(2) * (w - 2, h - 2)
        box = (left, top, left + 2 + random.random() * (w - left - 2), top + 2 + random.random() * (h - top - 2))
        rows = image.resize((17, h), Image.Resampling.BILINEAR, (box[0], 0, box[2], h))
        expected = rows.resize((17, 11), Image.Resampling.BILINEAR, (0, box[1], 17, box[3]))
        assert scaled(image, (17, 11), box).tobytes() == expected.tobytes()


@pytest.mark.parametrize("side", SIDES)
def test_the_words_hold_the_code_that_scales(side: int | None) -> None:
    random, how = np.random.default_rng(0), Preprocessing(Shape(3, 8, 9), *NORMAL[3], (), side)
    code = "\n".join(line for line in how.in_words.splitlines() if re.match(r"[a-zA-Z, ]+ = ", line))
    for w, h in random.integers(1, 70, (12, 2)).tolist():
        image = Image.fromarray(random.integers(0, 256, (h, w, 3), np.uint8))
        seen: dict[str, Any] = {"image": image, "BILINEAR": Image.Resampling.BILINEAR}
        exec(code, seen)
        assert np.array_equal(seen["image"], how.pixels(image))


def test_the_words_say_who_normalises() -> None:
    how = Preprocessing(Shape(3, 8, 9), *NORMAL[3])
    first, *_, last = how.in_words.splitlines()
    assert ("float32, (N, 3, 8, 9)" in first, "Do this yourself" in last) == (True, True)
    first, *_, last = replace(how, in_graph=True).in_words.splitlines()
    assert ("uint8, (N, 8, 9, 3)" in first, "not by you" in last) == (True, True)


node = pytest.mark.skipif(shutil.which("node") is None, reason="no node")


@node
def test_javascript_sees_the_same_pixels(tmp_path: Path) -> None:
    """Of what a canvas gives: colours with transparency; wide, tall and small images; grey and RGB networks."""
    random, jobs = np.random.default_rng(0), []
    for i, (w, h) in enumerate([(61, 97), (9, 8), (120, 31), (5, 4), (8, 40), (33, 17)]):
        image = Image.fromarray(random.integers(0, 256, (h, w, 4), np.uint8))
        path = tmp_path / f"{i}.png"
        image.save(path)
        (tmp_path / f"{i}.raw").write_bytes(image.tobytes())
        how = Preprocessing(Shape(1 + 2 * (i % 2), 8, 9), *NORMAL[1 + 2 * (i % 2)], (), SIDES[i % 3])
        jobs.append((path, how, w, h))
    said = [[str(path.with_suffix("")), json.loads(how.to_metadata()["vggdsl.preprocessing"]), w, h]
            for path, how, w, h in jobs]  # fmt: skip
    script = f"""
import {{ pixels }} from {json.dumps(JAVASCRIPT.as_uri())};
import {{ readFileSync, writeFileSync }} from "node:fs";
for (const [name, how, width, height] of {json.dumps(said)})
  writeFileSync(name + ".seen", pixels({{ data: readFileSync(name + ".raw"), width, height }}, how));
"""
    subprocess.run(["node", "--input-type=module", "-e", script], check=True, timeout=60)
    for path, how, _, _ in jobs:
        assert path.with_suffix(".seen").read_bytes() == how.pixels(path).tobytes()


@node
@pytest.mark.parametrize("options", [[], ["--uint8"], ["--top", "2"], ["--logits"]])
def test_javascript_names_what_predict_names(options: list[str], tmp_path: Path) -> None:
    names = ("onnxruntime-node", "onnxruntime-web")
    tries = " ".join(f"try {{ require.resolve('{name}'); process.exit() }} catch {{}}" for name in names)
    if subprocess.run(["node", "-e", f"{tries} process.exit(1)"], check=False).returncode:
        pytest.skip("no onnxruntime for JavaScript on NODE_PATH")
    spec, model, image = tmp_path / "x.arch", tmp_path / "x.onnx", tmp_path / "x.ppm"
    spec.write_text("input 8x9x3 conv3-4 FC-3 softmax")
    assert run("export", spec, "-o", model, *options).exit_code == 0
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (23, 21, 3), np.uint8)).save(image)
    told = subprocess.run(["node", JAVASCRIPT, model, image], check=True, capture_output=True, text=True, timeout=60)
    (ours,) = Predictor(model, "cpu")([image])
    for (name, probability), guess in zip(json.loads(told.stdout), ours, strict=True):
        assert (f"class {name}", abs(probability - guess.probability) <= 1e-4) == (guess.name, True)


def test_the_client_names_what_predict_names(tmp_path: Path) -> None:
    """As a stranger calls it; and it refuses what has more than 8 bits a channel, as we do."""
    spec, model, image, deep = (tmp_path / name for name in ("x.arch", "x.onnx", "x.png", "deep.png"))
    spec.write_text("input 8x8x1 conv3-4 FC-3 softmax")
    assert run("export", spec, "-o", model, "--logits").exit_code == 0
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (13, 21), np.uint8)).save(image)
    Image.fromarray(np.full((5, 5), 40_000, np.uint16)).save(deep)
    ours, theirs = run("predict", model, image, "--top", 3), python(CLIENT, model, image)
    assert theirs.stdout == ours.stdout.replace("class ", "")
    refused = python(CLIENT, model, deep)
    assert (refused.returncode, "more than 8 bits" in refused.stderr) == (1, True)
    assert "more than 8 bits" in run("predict", model, deep).stderr


def test_the_client_knows_what_a_file_gives(client: dict[str, Any], tmp_path: Path) -> None:
    model, image = tmp_path / "x.onnx", tmp_path / "x.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (13, 21), np.uint8)).save(image)

    def answer(net: str, *options: str) -> dict[int, float]:
        (tmp_path / "x.arch").write_text(f"input 8x8x1 {net}")
        assert run("export", tmp_path / "x.arch", "-o", model, "--force", *options).exit_code == 0
        answer: dict[int, float] = client["probabilities"](open_session(str(model)), str(image))
        return answer

    likeliest = answer("conv3-4 FC-3 softmax", "--top", "2")
    ours = {f"class {label}": value for label, value in likeliest.items()}
    assert [*ours.items()] == [(guess.name, guess.probability) for guess in next(Predictor(model, "cpu")([image]))]
    for net in ("FC-3 sigmoid", "conv3-4 softmax"):
        with pytest.raises(ValueError, match="are no probabilities of classes"):
            answer(net)
