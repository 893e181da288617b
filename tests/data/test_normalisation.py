"""Statistics that a recipe gives are those that images go through, wherever the network is used."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2
from trainings import spec_with

from vggdsl.data.normalisation import Normalisation
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.export import export
from vggdsl.experiments.train import train
from vggdsl.records.trained import load_trained
from vggdsl.spec.recipe import Given

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BODY = "input 8x8x3 conv3-4 maxpool FC-3 softmax"
shares = st.floats(0, 1).map(lambda v: round(v, 3))
images = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (5, 3, 8, 8), np.uint8))


@given(st.tuples(shares, shares, shares), st.tuples(*[st.floats(1e-3, 1)] * 3))
def test_what_is_given_is_torchvisions_normalize(
    mean: tuple[float, float, float], std: tuple[float, float, float]
) -> None:
    ours = Normalisation(mean, std)(images)
    theirs = v2.Normalize(mean, std)(images / 255)
    assert torch.equal(ours.contiguous(), theirs)


@pytest.mark.parametrize("normalize", ["imagenet", Given(MEAN, STD).numbers])
def test_what_is_given_goes_with_the_weights(normalize: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = train(spec_with(BODY, normalize=normalize, epochs="1"), device="cpu", runs=tmp_path)
    assert load_trained(run.path).normalisation == Normalisation(MEAN, STD)
    assert f"normalize {normalize}" in " ".join((run.path / "record.arch").read_text().split())
    export(run, "net.onnx")
    metadata = {entry.key: entry.value for entry in onnx.load("net.onnx").metadata_props}
    how = json.loads(metadata["vggdsl.preprocessing"])
    assert (how["mean"], how["std"]) == (list(MEAN), list(STD))
    image = images[0].permute(1, 2, 0).numpy()
    Image.fromarray(image).save("x.png")
    theirs = v2.Normalize(MEAN, STD)(images[0] / 255)
    for seen in (Preprocessing.from_metadata(metadata), run.preprocessing):
        assert np.array_equal(seen.read(Path("x.png")), theirs.numpy())
