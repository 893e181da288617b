"""Features of a layer: what PyTorch's own layers give, one after another."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import run
from images import noise
from refusals import refusal
from torch.nn import functional

import vggdsl
from vggdsl.experiments.evaluation.candidate import candidate
from vggdsl.experiments.evaluation.features import features_of
from vggdsl.experiments.train import train
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.run import Run

SPEC = """
input 8x8x3
stem: ( conv3-4 conv3-6 )
maxpool
FC-5 FC-3 softmax
train {
  data      fake(classes=3, n=60)
  batch     16
  epochs    1
}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("features")
    (folder / "net.arch").write_text(SPEC)
    for i in range(35):
        noise(folder / "photos" / f"{i:02}.png", i, (8, 8))
    return train(vggdsl.load(folder / "net.arch"), runs=folder / "runs", device="cpu")


def photos(trained: Run) -> Path:
    return trained.path.parents[1] / "photos"


def test_they_are_what_the_layers_give(trained: Run, tmp_path: Path) -> None:
    paths = sorted(photos(trained).iterdir())
    x = torch.from_numpy(np.stack([trained.preprocessing.read(path) for path in paths]))
    weights = {name: torch.tensor(array) for name, array in trained.weights.items()}
    maps = functional.conv2d(x, weights["stem.conv1.weight"], weights["stem.conv1.bias"], padding=1).relu()
    maps = functional.conv2d(maps, weights["stem.conv2.weight"], weights["stem.conv2.bias"], padding=1)
    pooled = functional.max_pool2d(maps.relu(), 2)
    fc = functional.linear(pooled.flatten(1), weights["fc2.weight"], weights["fc2.bias"])
    for layer, expected in (
        ("stem.conv2", maps),
        ("pool1", pooled),
        ("fc2", fc),
        ("relu2", fc.relu()),
    ):
        done = run(
            "features", trained.path, photos(trained), "--layer", layer, "-o", tmp_path / f"{layer}.npz", "--json"
        )
        assert done.exit_code == 0, done.stderr
        with np.load(tmp_path / f"{layer}.npz") as made:
            assert torch.allclose(torch.from_numpy(made["features"]), expected, atol=1e-5)  # single precision
            assert made["images"].tolist() == list(map(str, paths))
            assert (str(made["layer"]), str(made["weights"])) == (layer, trained.result.weights)
        assert json.loads(done.stdout)["shape"] == list(expected.shape)


def test_weights_of_a_file_are_given_images_as_by_the_recipe(trained: Run, tmp_path: Path) -> None:
    """As they are evaluated; else images would be normalised for a run and not for its weights, without a word."""
    torch.save({name: torch.tensor(array) for name, array in trained.weights.items()}, tmp_path / "w.pth")
    paths = sorted(photos(trained).iterdir())[:3]
    ours = vggdsl.features(trained, paths, "fc2", device="cpu")
    theirs = vggdsl.features(trained.spec, [*map(str, paths)], "fc2", weights=tmp_path / "w.pth", device="cpu")
    assert np.allclose(ours.values, theirs.values, atol=1e-5)  # single precision
    unsaid = vggdsl.parse(SPEC[: SPEC.index("train {")])
    with pytest.warns(UserWarning, match="pixels are only divided by 255"):
        bare = vggdsl.features(unsaid, paths, "fc2", weights=tmp_path / "w.pth", device="cpu")
    assert not np.allclose(bare.values, ours.values, atol=1e-2)


def test_features_are_computed_in_single_precision(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU's convolutions are TF32 where nobody forbids it."""
    seen = list[bool]()
    handle = trained.network.register_forward_hook(lambda *_: seen.append(torch.backends.cudnn.allow_tf32))
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    one = replace(candidate(trained, say=lambda _: None), network=trained.network)
    features_of(one, sorted(photos(trained).iterdir())[:1], "fc2", Workplace(device="cpu"), lambda _: None)
    handle.remove()
    assert (seen, torch.backends.cudnn.allow_tf32) == ([False], True)


def test_features_that_are_no_numbers_are_refused(trained: Run, tmp_path: Path) -> None:
    torch.save({name: torch.tensor(array) * 1e30 for name, array in trained.weights.items()}, tmp_path / "w.pth")
    paths = sorted(photos(trained).iterdir())[:3]
    told = refusal(lambda: vggdsl.features(trained.spec, paths, "fc2", weights=tmp_path / "w.pth", device="cpu"))
    assert (told.code, "3 of 3 images" in told.message) == ("V534", True)
    with pytest.raises(ValueError, match="no images"):
        vggdsl.features(trained, [], "fc2")


def test_what_follows_a_layer_in_its_row_is_told(trained: Run, tmp_path: Path) -> None:
    done = run("features", trained.path, photos(trained) / "00.png", "--layer", "fc2", "-o", tmp_path / "x.npz")
    assert done.stdout == f"{tmp_path / 'x.npz'}: 1 x 5, of fc2, before relu2\n"
    done = run("features", trained.path, photos(trained) / "00.png", "--layer", "stem", "-o", tmp_path / "y.npz")
    assert "1 x 6 x 8 x 8, of stem.relu2" in done.stdout


def test_what_cannot_be_done_is_told(trained: Run, tmp_path: Path) -> None:
    there = tmp_path / "there.npz"
    there.write_bytes(b"mine")
    (tmp_path / "bad.png").write_bytes(b"no image")
    image = photos(trained) / "00.png"
    for arguments, code, why in (
        ((image, "--layer", "fc9", "-o", tmp_path / "x.npz"), 2, "no layer `fc9`"),
        ((image, "--layer", "softmax", "-o", tmp_path / "x.npz"), 2, "no layer `softmax`"),
        ((image, "--layer", "fc2", "-o", there), 2, "is there already"),
        ((image, "--layer", "fc2", "-o", tmp_path / "x.npy"), 2, ".npz"),
        ((image, tmp_path / "bad.png", "--layer", "fc2", "-o", tmp_path / "x.npz"), 1, "bad.png can't be read"),
        ((tmp_path / "none.png", "--layer", "fc2", "-o", tmp_path / "x.npz"), 2, "no image and no folder"),
    ):
        done = run("features", trained.path, *arguments)
        assert why in done.stderr, done.stderr
        assert done.exit_code == code, why
        assert there.read_bytes() == b"mine"
        assert not (tmp_path / "x.npz").exists()
    assert run("features", trained.path, image, "--layer", "fc2", "-o", there, "--force").exit_code == 0
