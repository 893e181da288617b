"""What a training would be refused for, as far as the text says it: `check` tells the same, and once."""

import json
from pathlib import Path

import commands
import pytest
from refusals import findings

import vggdsl
from vggdsl.data.dataset import load_data
from vggdsl.experiments.experiment import Experiment
from vggdsl.text.errors import Diagnostic

NET = "input 32x32x3\nconv3-8 ReLU maxpool"


def refused(text: str) -> list[Diagnostic]:
    """By `check`; a training by the first recipe is refused with just that."""
    spec = vggdsl.parse(text)
    found = [d for d in spec.check() if d.is_error]
    told = findings(lambda: Experiment.of(spec, spec.recipe()))
    assert list(told) == found
    assert all(d.labels for d in found)
    return found


@pytest.mark.parametrize(
    ("entries", "message", "help"),
    [
        ("augment crop(28)", "a crop of 28x28 for an input of 32x32", "write crop(32, pad=4)"),
        ("augment scale(40) crop(28)", "a crop of 28x28 for an input of 32x32", "write crop(32)"),
        ("augment random-resized-crop(224)", "gives 224x224 for an input of 32x32", "write random-resized-crop(32)"),
        ("augment erase hflip", "erase comes before hflip", "let it come last"),
        ("augment colour-pca trivial-augment", "trivial-augment comes after colour-pca", "let it come before"),
        ("augment cutout(8) hflip", "cutout(8) comes before hflip", "let it come last"),
        ("augment cutout(63)", "leaves nothing of an image of 32x32", "write cutout(8)"),
        ("augment translate(32)", "by more than the reflection of an image of 32x32", "write translate(31) or less"),
        ("augment alternating-hflip hflip", "with hflip: every epoch mirrors at random", "keep one of them"),
        ("augment hflip random-resized-crop(32)", "comes after hflip", "let it come first"),
        ("augment colour-pca colour-jitter(hue=0.1)", "comes after colour-pca", "let it come before"),
    ],
)
def test_steps_that_cannot_be_done(entries: str, message: str, help: str) -> None:
    (found,) = refused(f"{NET} FC-10 softmax\ntrain {{\n  data cifar10\n  {entries}\n}}")
    assert found.code == "V407"
    assert message in found.message
    assert help in str(found.help)
    assert found.labels[0].span.text == entries


def test_a_batch_of_one_image_has_none_to_mix_it_with() -> None:
    (found,) = refused(f"{NET} FC-10 softmax\ntrain {{\n  data cifar10\n  mix mixup(1)\n  batch 1\n}}")
    assert (found.code, found.labels[0].span.text) == ("V408", "mix mixup(1)")
    assert found.message == "mixup(1) of batches of one image: there is none to mix it with"


@pytest.mark.parametrize(
    ("end", "message", "place"),
    [
        ("FC-10 ReLU", "the network ends in ReLU, but the loss takes logits", "ReLU"),
        ("FC-10 BN softmax", "the network ends in BN, but the loss takes logits", "BN"),
        ("add[ FC-10 ReLU | FC-10 tanh ]", "the network ends in ReLU and tanh, but the loss takes logits", "ReLU"),
        ("concat[ FC-5 | FC-5 sigmoid ] softmax", "the network ends in sigmoid, but the loss takes logits", "sigmoid"),
        ("FC-8 widen-10 softmax", "the network gives zeros in place of 2 of 10 logits", "widen-10"),
        ("FC-20 ReLU first-10 softmax", "the network ends in ReLU, but the loss takes logits", "ReLU"),
        ("FC-20 BN first-10", "the network ends in BN, but the loss takes logits", "BN"),
        ("FC-10 widen-20 last-10 softmax", "the network gives zeros in place of 10 of 10 logits", "widen-20"),
        ("FC-10 widen-20 last-15 first-10", "the network gives zeros in place of 5 of 10 logits", "widen-20"),
        ("FC-8 widen-10 shuffle-2 softmax", "the network gives zeros in place of 2 of 10 logits", "widen-10"),
        ("concat[ FC-10 ReLU | FC-10 ] first-10", "the network ends in ReLU, but the loss takes logits", "ReLU"),
        ("conv3-10 ReLU widen-20 global-avgpool last-10", "the network gives zeros in place of 10 of 10 logits",
         "widen-20"),
        ("aux 0.3 { FC-10 tanh } FC-10", "the network ends in tanh, but the loss takes logits", "tanh"),
        ("conv3-10", "the network ends in 16x16x10, not in a vector of classes", "conv3-10"),
    ],
)  # fmt: skip
def test_ends_that_give_no_logits(end: str, message: str, place: str) -> None:
    (found,) = refused(f'{NET} {end}\ntrain {{ data folder("x") }}')
    assert (found.code, found.message, found.labels[0].span.text) == ("V408", message, place)
    assert not [d for d in vggdsl.parse(f'{NET} {end}\ntrain {{ data folder("x") }}').check() if d.code == "W205"]


@pytest.mark.parametrize(
    "end",
    [
        "FC-20 last-10 softmax",
        "FC-10 widen-20 first-10",
        "concat[ FC-10 ReLU | FC-10 ] last-10 softmax",
        "add[ FC-10 widen-20 | FC-10 widen-20 ] first-10",
        "FC-20 ReLU first-10 FC-10",
    ],
)
def test_what_is_not_taken_spoils_nothing(end: str) -> None:
    assert vggdsl.parse(f'{NET} {end}\ntrain {{ data folder("x") }}').check() == []


def test_a_single_value_is_of_one_class() -> None:
    (found,) = refused(f'{NET} FC-1 softmax\ntrain {{ data folder("x") }}')
    assert (found.code, found.message.partition(":")[0]) == ("V408", "the network gives one value")
    (found,) = refused(f"{NET} FC-1 softmax\ntrain {{ data cifar10 }}")
    assert found.code == "V401"


def test_a_network_without_weights() -> None:
    (found,) = refused('input 32x32x3 global-avgpool\ntrain { data folder("x") }')
    assert (found.code, found.message) == ("V408", "the network has no weights to train")


def test_batches_of_one_image_and_a_norm_of_a_vector() -> None:
    text = f"{NET} FC-8 BN ReLU FC-10 softmax\ntrain {{\n  data cifar10\n  batch 1\n}}"
    (found,) = refused(text)
    assert (found.code, found.labels[0].span.text) == ("V408", "batch 1")
    spec = vggdsl.parse(text)
    assert Experiment.of(spec, spec.recipe().with_flags(batch=2)).warnings == ()
    spec = vggdsl.parse(text.replace("batch 1", "batch 2"))
    assert spec.check() == []
    (found,) = findings(lambda: Experiment.of(spec, spec.recipe().with_flags(batch=1)))
    assert (found.code, found.labels) == ("V408", ())


def test_images_are_grey_or_rgb() -> None:
    (found,) = refused("input 8x8x4 conv3-8 ReLU FC-10\ntrain { data digits }")
    assert (found.code, found.labels[0].span.text) == ("V512", "input 8x8x4")
    assert vggdsl.parse("input 8x8x4 conv3-8 ReLU FC-10").check() == []


def test_without_a_recipe_an_end_is_warned_of() -> None:
    spec = vggdsl.parse(f"{NET} FC-10 ReLU")
    assert [d.code for d in spec.check()] == ["W205"]
    assert "V408" in {d.code for d in findings(lambda: Experiment.of(spec, spec.recipe()))}


def test_an_inherited_recipe_is_of_no_use_for_another_size(tmp_path: Path) -> None:
    base = f"{NET} FC-10 softmax\ntrain {{\n  data cifar10\n  augment crop(32, pad=4)\n}}"
    (tmp_path / "base.arch").write_text(base)
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "base.arch"\ninput 28x28x3\n')
    (warned,) = vggdsl.load(delta).check()
    assert (warned.code, "`train { augment none }`" in str(warned.help)) == ("W402", True)
    spec = vggdsl.load(delta)
    (found,) = findings(lambda: Experiment.of(spec, spec.recipe()))
    assert found.code == "V407"
    assert found.labels[0].span.text == "input 28x28x3"
    delta.write_text('extends "base.arch"\ninput 28x28x3\ntrain { augment none }\n')
    assert vggdsl.load(delta).check() == []


def test_an_inherited_recipe_says_nothing_of_the_end(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text(f"{NET} fc: FC-10 softmax\ntrain {{ data cifar10 }}")
    (tmp_path / "delta.arch").write_text('extends "base.arch"\nreplace fc: FC-10 ReLU\n')
    spec = vggdsl.load(tmp_path / "delta.arch")
    assert [d.code for d in spec.check()] == ["W205"]
    assert [d.code for d in findings(lambda: Experiment.of(spec, spec.recipe()))] == ["V408"]


def test_the_command_says_so(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(f"{NET} FC-10 sigmoid\ntrain {{\n  data cifar10\n  augment crop(28)\n}}")
    done = commands.run("check", "--json", spec)
    (row,) = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [(d["code"], d["labels"][0]["line"]) for d in row["diagnostics"]] == [("V407", 5), ("V408", 2)]


def test_what_cannot_be_trained_can_be_exported(tmp_path: Path) -> None:
    text = f"{NET} FC-10 sigmoid\ntrain {{\n  data cifar10\n  augment crop(28)\n}}"
    assert [d.code for d in vggdsl.parse(text).check(to_train=False)] == ["W205"]
    spec = tmp_path / "net.arch"
    spec.write_text(text)
    done = commands.run("export", spec, "-o", tmp_path / "net.onnx")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("W205") == 1


@pytest.mark.parametrize(
    ("data", "message", "help"),
    [
        ("cifar10(val=60000)", "60,000 images for val of 50,000 leave none", "write val=49999 or less, or remove it"),
        ("cifar10(val=50000)", "50,000 images for val of 50,000 leave none", "write val=49999 or less, or remove it"),
        ("svhn(n=100, val=100)", "100 images for val of 100 leave none", "write val=99 or less, or remove it"),
        ("mnist(n=60001)", "60,001 images of mnist, which has 60,000 to train on", "write n=60000 or less"),
        ("stl10(n=9)", "9 images of 10 classes", "write n=10 or more"),
        ("stl10(n=9, val=20)", "9 images of 10 classes", "write n=21 or more"),
        (
            "digits(val=1000, test=797)",
            "1,000 images for val of 1,000 leave none",
            "write val=999 or less, or remove it",
        ),
        ("digits(test=1797)", "1,797 images for test of 1,797 leave none", "write test=1796 or less, or remove it"),
        ("fake(val=1000)", "1,000 images for val of 1,000 leave none", "write val=999 or less, or remove it"),
        ("fake(n=30, test=29, val=1)", "1 images for val of 1 leave none", "set fewer aside"),
        ("fake(n=30, test=30)", "30 images for test of 30 leave none", "write test=29 or less, or remove it"),
    ],
)
def test_counts_that_a_set_does_not_have(data: str, message: str, help: str) -> None:
    (found,) = refused(f"{NET} FC-10 softmax\ntrain {{\n  data {data}\n}}")
    assert (found.code, found.message) == ("V512", message)
    assert help in str(found.help)
    assert found.labels[0].span.text == f"data {data}"


@pytest.mark.parametrize(
    "data",
    ["cifar10(val=49999)", "mnist(n=60000)", "digits(val=1, test=1795)", "fake(n=3)", 'folder("x", val=10000000)'],
)
def test_counts_that_a_set_has_or_may_have(data: str) -> None:
    assert not vggdsl.parse(f"{NET} FC-10 softmax\ntrain {{\n  data {data}\n}}").check()


def warned(data: str, batch: str) -> list[tuple[str, str]]:
    found = vggdsl.parse(f"{NET} FC-10 softmax\ntrain {{\n  data {data}\n  {batch}\n}}").check()
    assert all(d.labels[0].span.text == batch for d in found)
    return [(d.code, d.message) for d in found]


def test_a_decay_of_the_weights_that_is_not_said_is_told() -> None:
    def codes(optimizer: str) -> list[str]:
        found = vggdsl.parse(f"{NET} FC-10 softmax\ntrain {{\n  optimizer {optimizer}\n}}").check()
        return [d.code for d in found]

    assert codes("adamw(lr=0.1)") == ["W406"]
    assert codes("adamw(lr=0.1, weight-decay=0)") == codes("adamw(lr=0.1, weight-decay=0.1)") == []
    assert codes("adam(lr=0.1)") == []


@pytest.mark.parametrize(
    ("data", "batch", "epochs", "decay", "share"),
    [
        ("digits(val=180, test=360)", 32, 3, 0.99, "30%"),
        ("cifar10(val=5000)", 128, 40, 0.9999, "24%"),
        ("cifar10(val=5000)", 128, 40, 0.9998, None),
        ("cifar10(val=5000)", 128, 1, 0.9998, "93%"),
        ("fake(n=8)", 128, 1, 0.5, "100%"),
        ("imagenet", 256, 90, 0.9999, None),
    ],
)
def test_an_average_of_mostly_the_first_weights_is_told(
    data: str, batch: int, epochs: int, decay: float, share: str | None
) -> None:
    lines = f"data {data}\n  batch {batch}\n  epochs {epochs}\n  average ema({decay})"
    found = vggdsl.parse(f"{NET} FC-10 softmax\ntrain {{\n  {lines}\n}}").check()
    told = [d.message.partition(" weights are ")[2].partition(" ")[0] for d in found if d.code == "W409"]
    assert told == ([share] if share else [])


def test_an_average_that_is_too_slow_is_told_once_and_a_faster_one_is_offered(tmp_path: Path) -> None:
    def told(decay: str) -> list[Diagnostic]:
        spec = vggdsl.parse(f"input 8x8x1 FC-10 softmax\ntrain {{\n  epochs 3\n  average ema({decay})\n}}")
        found = (*spec.check(), *load_data(spec.recipe(), spec.typed.input, tmp_path).warnings)
        return [d for d in found if d.code == "W409"]

    of_all, of_those_to_train_on = told("0.999"), told("0.938")  # 45 steps at the most, 30 in truth
    assert [len(of_all), len(of_those_to_train_on)] == [1, 1]
    assert of_all[0].message.endswith("after 45 steps at most")
    assert of_those_to_train_on[0].message.endswith("after 30 steps")
    assert (of_those_to_train_on[0].help or "").startswith("write ema(0.8) or less")
    assert told("0.8") == []


def test_a_batch_of_more_than_all_images_is_told_as_far_as_it_is_known(tmp_path: Path) -> None:
    said = "to train on at most: an epoch is one step"
    assert warned("cifar10", "batch 64000") == [("W405", f"a batch of 64,000 images, of 50,000 {said}")]
    assert warned("cifar10(val=5000)", "batch 45001") == [("W405", f"a batch of 45,001 images, of 45,000 {said}")]
    assert warned("cifar10(n=100)", "batch 101") == [("W405", f"a batch of 101 images, of 100 {said}")]
    assert warned("fake(n=64)", "batch 65") == [("W405", f"a batch of 65 images, of 64 {said}")]
    assert warned("cifar10(val=5000)", "batch 45000") == []
    assert warned('folder("x")', "batch 64000") == []
    assert warned("fake(n=64)", "epochs 3") == warned("fake(n=64)", "batch 128") == []  # the usual one


@pytest.mark.parametrize("batch", [1257, 1258, 1797, 1798])
def test_of_data_that_are_read_it_is_told_once(batch: int, tmp_path: Path) -> None:
    spec = vggdsl.parse(f"input 8x8x1 FC-10 softmax\ntrain {{\n  data digits\n  batch {batch}\n}}")
    read = load_data(spec.recipe(), spec.typed.input, tmp_path).warnings
    found = [d.message for d in (*spec.check(), *read)]
    number = "1,797 to train on at most" if batch > 1797 else "1,257 to train on"
    assert found == [f"a batch of {batch:,} images, of {number}: an epoch is one step"] * (batch > 1257)
