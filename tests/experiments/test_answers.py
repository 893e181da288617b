"""How a network's answers are computed: on which device, how many images at once, and what is refused before."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from images import noise
from PIL import Image
from refusals import findings, refusal
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

import vggdsl
from vggdsl.cli.evaluate_table import to_row
from vggdsl.data.decoding import open_image
from vggdsl.data.normalisation import Normalisation, _channels
from vggdsl.data.pictures import Arrays, Files
from vggdsl.data.splits import Lazy
from vggdsl.experiments.device import Hardware
from vggdsl.experiments.evaluation import answers
from vggdsl.experiments.evaluation.answers import Answering
from vggdsl.experiments.evaluation.candidate import Candidate, candidate
from vggdsl.experiments.evaluation.evaluate import Asked, answer, evaluate
from vggdsl.experiments.evaluation.images import images_for
from vggdsl.experiments.evaluation.scores import Scores
from vggdsl.experiments.train import train
from vggdsl.experiments.workplace import Workplace
from vggdsl.spec.protocol import VIEWS, Protocol, View
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import to_torch

BODY = "input 8x8x3\nadd[ conv3-4/2 | avgpool conv1-4 ] ReLU\nFC-3 softmax\n"
RECIPE = """
train {{
  data      folder("set", val=3)
  batch     4
  epochs    1
  precision fp32
  normalize {}
}}
"""


def spec_in(folder: Path, body: str = BODY, normalize: str = "mean-std") -> Spec:
    """A spec beside a data set of three classes."""
    for part, count in (("train", 6), ("test", 4)):
        for label, name in enumerate("abc"):
            for i in range(count):
                noise(folder / "set" / part / name / f"{i}.png", 100 * label + i + 50 * (part == "test"), (16, 16))
    (folder / "net.arch").write_text(body + RECIPE.format(normalize))
    return vggdsl.load(folder / "net.arch")


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    return spec_in(tmp_path)


def weights_of(spec: Spec, folder: Path, factor: float = 1.0) -> Path:
    path = folder / "w.pth"
    torch.save({name: value * factor for name, value in to_torch(spec, seed=0).state_dict().items()}, path)
    return path


@pytest.mark.parametrize("view", VIEWS)
def test_answers_are_off_the_device_whatever_is_looked_at(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors of a GPU that isn't there: PyTorch refuses to mix them with others, as those of one."""

    class Channels(nn.Module):
        typed = vggdsl.parse("input 8x8x3 FC-3 softmax").typed

        def forward(self, x: Tensor) -> Tensor:
            return x.mean((2, 3))

    images = Lazy(Arrays(torch.zeros(3, 3, 10, 12, dtype=torch.uint8), 3), torch.zeros(3), Channels.typed.input)
    protocol = Protocol((9, 11), view)
    group = [answers._look(images, i, protocol) for i in range(3)]
    monkeypatch.setattr(answers, "to_device", lambda tensor, device: tensor.to(device))  # which pins memory
    network = Channels()
    answering = Answering(network, Normalisation.none(3), Hardware(torch.device("cuda"), "fp32"), 4)  # type: ignore[arg-type]
    answering.__dict__["dense"] = nn.Identity()
    _channels.cache_clear()
    with FakeTensorMode(allow_non_fake_inputs=True):
        found = [*answering._answers(group, protocol)]
    _channels.cache_clear()
    assert [(each.device.type, each.shape) for each in found if isinstance(each, Tensor)] == [("cpu", (3,))] * 3


@pytest.mark.parametrize(
    ("view", "scales", "expected"),
    [
        ("centre", (8,), [4, 8, 12]),
        ("centre", (9, 10), [2, 4, 6, 8, 10, 12]),
        ("ten", (9,), [*range(1, 13)]),
        ("dense", (8,), [4, 8, 12]),
        ("dense", (12,), [2, 4, 6, 8, 10, 12]),
    ],
)
def test_of_many_looks_an_image_fewer_images_are_held_at_once(
    view: View, scales: tuple[int, ...], expected: list[int], spec: Spec, tmp_path: Path
) -> None:
    one, told = candidate(spec, weights=weights_of(spec, tmp_path), say=lambda _: None), list[int]()
    workplace = Workplace(tmp_path, "cpu")
    answer([one], Asked("test", scales, view), workplace, lambda _: None, lambda place, done: told.append(done))
    assert told == expected


def test_an_image_that_the_network_cannot_take_is_told_before_any_is_answered(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, last = candidate(spec, weights=weights_of(spec, tmp_path), say=lambda _: None), "set/test/c/3.png"
    noise(tmp_path / last, 7, (16, 15))
    monkeypatch.setattr(Answering, "_probabilities", lambda *_: pytest.fail("something was computed"))
    workplace = Workplace(tmp_path, "cpu")
    told = refusal(lambda: answer([one], Asked("test", (12,), "dense"), workplace, lambda _: None))
    assert (told.code, last in told.message, "scaled to 13x12" in told.message) == ("V534", True, True)


def test_sizes_are_those_of_the_images_as_they_are_opened(tmp_path: Path) -> None:
    names = list[str]()
    for ending in ("jpg", "png", "tiff", "webp"):
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            names.append(f"{orientation}.{ending}")
            Image.effect_noise((20, 14), 60).convert("RGB").save(tmp_path / names[-1], exif=exif)
    files = Files(tmp_path, names, 3)
    sizes = [files.size(i) for i in range(len(names))]
    assert sizes == [open_image(tmp_path / name, 3).size for name in names]
    assert [sizes.count((14, 20)), sizes.count((20, 14))] == [16, 16], "half of them lie on their side"
    (tmp_path / "bad.png").write_bytes(b"no image")
    assert Files(tmp_path, ["bad.png", "none.png"], 3).size(0) is None


def test_an_answer_that_is_no_number_is_refused_with_its_image(spec: Spec, tmp_path: Path) -> None:
    weights = weights_of(spec, tmp_path, 1e30)
    told = refusal(lambda: evaluate(spec, weights=weights, data=tmp_path, view="dense", scale=8, device="cpu"))
    assert (told.code, "set/test/a/0.png is no number" in told.message) == ("V534", True)
    with pytest.raises(ValueError, match="no numbers"):
        Scores(torch.full((2, 3), torch.nan, dtype=torch.float64), torch.tensor([0, 1]), "abc")


def test_a_run_is_not_evaluated_on_other_classes_of_the_same_number(spec: Spec, tmp_path: Path) -> None:
    run = train(spec, runs=tmp_path / "runs", device="cpu")
    (tmp_path / "other").mkdir()
    spec_in(tmp_path / "other")
    for part in ("train", "test"):
        for name, new in zip("abc", "xyw", strict=True):
            (tmp_path / "other" / "set" / part / name).rename(tmp_path / "other" / "set" / part / new)
        (tmp_path / "set" / part / "a").rename(tmp_path / "set" / part / "z")
    for data, said in ((tmp_path, "folder has z for a"), (tmp_path / "other", "folder has w, x and y for a, b and c")):
        (told,) = findings(lambda data=data: evaluate(run, data=data, device="cpu"))  # type: ignore[misc]
        assert (told.code, said in told.message) == ("V534", True), told.message


def test_names_of_classes_that_torchvision_has_otherwise_are_told(spec: Spec, tmp_path: Path) -> None:
    run = train(spec, runs=tmp_path / "runs", device="cpu")
    one, said = candidate(run, say=lambda _: None), list[str]()
    named = replace(one.preprocessing, classes=("tench", "goldfish", "shark"))
    images_for(replace(one, trained=None, preprocessing=named), "test", Workplace(tmp_path), said.append)
    assert "".join(said) == (
        f"{run.path}: its classes are called tench, goldfish and shark, those of folder a, b and c; "
        "they are taken for the same, in this order"
    )


@pytest.mark.parametrize("normalize", ["mean-std", "mean(0.5, 0.4, 0.3) std(0.2, 0.2, 0.1)", "none"])
def test_weights_from_elsewhere_are_given_what_the_recipe_says(normalize: str, tmp_path: Path) -> None:
    body = BODY.replace("FC-3 softmax\n", "FC-3 softmax\n")
    spec = spec_in(tmp_path, body, f"{normalize}\n  augment scale(10..14) crop(8)")
    run = train(spec, runs=tmp_path / "runs", device="cpu")
    torch.save({name: torch.tensor(array) for name, array in run.weights.items()}, tmp_path / "w.pth")
    ours, theirs = (
        evaluate(spec, weights=tmp_path / "w.pth", data=tmp_path, device="cpu"),
        evaluate(run, device="cpu"),
    )
    assert ours.protocol.scales == theirs.protocol.scales == (12,)
    assert torch.allclose(ours.scores.probabilities, theirs.scores.probabilities, atol=1e-6)


@pytest.fixture
def oblong(tmp_path: Path) -> Candidate:
    spec = spec_in(tmp_path, "input 8x16x3\nconv3-4 ReLU\nFC-3 softmax\n")
    return candidate(spec, weights=weights_of(spec, tmp_path), say=lambda _: None)


def test_a_scale_at_which_images_do_not_cover_the_input_is_told(oblong: Candidate, tmp_path: Path) -> None:
    workplace, said = Workplace(tmp_path, "cpu"), list[str]()
    assert answer([oblong], Asked(), workplace, said.append).protocol.scales == (8,)
    assert "".join(said) == (
        "images are scaled to cover the input of 8x16, as in training: the shorter side has 8 pixels or, of a square "
        "image, 16"
    )
    told = refusal(lambda: answer([oblong], Asked("test", (12,)), workplace, said.append))
    assert (told.code, told.help) == ("V534", "give scales of at least 16")
    assert answer([oblong], Asked("test", (16,)), workplace, lambda _: pytest.fail("nothing is odd"))


def test_crops_that_are_all_the_same_are_told(spec: Spec, tmp_path: Path) -> None:
    one, workplace = candidate(spec, weights=weights_of(spec, tmp_path), say=lambda _: None), Workplace(tmp_path, "cpu")
    seen, cases = list[int](), {("ten", 8): 1, ("grid", 8): 1, ("dense", 8): 1, ("dense+grid", 8): 2, ("ten", 9): 0}
    one.network.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    for (view, scale), count in {**cases, ("centre", 8): 0}.items():
        said = list[str]()
        seen.clear()
        found = answer([one], Asked("test", (scale,), view), workplace, said.append)  # type: ignore[arg-type]
        assert len([line for line in said if "a square image" in line]) == count, view
        if (view, scale) == ("ten", 8):
            assert sum(seen) == 2 * len(found.scores), "one crop of each image, and its mirror image"


def test_five_guesses_count_of_more_than_ten_classes(spec: Spec, tmp_path: Path) -> None:
    found = evaluate(spec, weights=weights_of(spec, tmp_path), data=tmp_path, device="cpu")
    for classes, is_there in ((10, False), (11, True)):
        scores = Scores(torch.rand(2, classes, dtype=torch.float64), torch.tensor([0, 1]), "abcdefghijk"[:classes])
        assert (to_row(replace(found, scores=scores), "")["top_5"] is not None) == is_there
