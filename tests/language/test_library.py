"""The specs that ship: a folder a family, by the names that they go by."""

import os
from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import library, syntax
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import InputError
from vggdsl.text.resources import folder
from vggdsl.text.source import Placed, Source, Span

ROOT = folder("specs")
NAMES = list(vggdsl.shipped())
HELD = "holds them against it"
FAMILIES = {"alexnet", "googlenet", "nin", "residual", "vgg"}


def test_every_spec_that_ships_has_a_name_of_its_own() -> None:
    files = {path for path in ROOT.rglob("*.arch") if path.parent.name != "blocks"}
    assert set(vggdsl.shipped().values()) == files
    assert {path.relative_to(ROOT).parts[0] for path in files} == {*FAMILIES, "quickstart.arch"}
    assert NAMES[:3] == ["alexnet", "alexnet_groups", "googlenet"]
    assert NAMES.index("cifar_resnet/resnet20") < NAMES.index("cifar_resnet/resnet110") < NAMES.index("resnet/plain34")


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_found_by_its_name_and_its_path(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = vggdsl.shipped()[name]
    assert library.find(name) == path
    assert library.find(path.relative_to(ROOT).with_suffix("").as_posix()) == path
    assert library.find(ROOT / f"{name}.arch") == path
    monkeypatch.chdir(ROOT.parent)
    assert library.find(f"{ROOT.name}/{name}.arch").absolute() == path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("c232_fc64", "vgg/vgg_reconstructed/c232_fc64.arch"),
        ("plain34", "residual/resnet/plain34.arch"),
        ("torchvision/resnet50", "residual/torchvision/resnet50.arch"),
        ("vgg/vgg_d", "vgg/vgg_d.arch"),
    ],
)
def test_short_and_long_names_are_found(name: str, path: str) -> None:
    assert library.find(name) == ROOT / path


def test_two_of_one_name_are_told_apart() -> None:
    with pytest.raises(InputError, match="2 specs that ship are named `resnet50`"):
        library.find("resnet50")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("mine", "mine.arch"),
        ("MINE.arch", "mine.arch"),
        ("nets/B", "nets/b.arch"),
        ("nets/B.arch", "nets/b.arch"),
        ("minne.arch", "mine.arch"),
        ("vgg16", "vgg16.arch"),
        ("vgg19", "vgg_e"),  # and never a file with another number
        ("quikstart", "quickstart"),
        ("nowhere/mine", None),
        ("", None),
        ("nets\0/b", None),
    ],
)
def test_a_file_that_is_meant_is_named(
    given: str, meant: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    for name in ("mine.arch", "vgg16.arch", "nets/b.arch"):
        (tmp_path / name).write_text("input 8x8x1 FC-2 softmax\n")
    with pytest.raises(InputError, match="no spec") as caught:
        library.find(given)
    help = "`vggdsl specs` lists the specs that ship" if meant is None else f"did you mean `{meant}`?"
    assert caught.value.diagnostics[0].help == help


def test_a_path_elsewhere_is_none_of_a_spec_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("specs/vgg_d.arch", "vgg_d.arch"):
        with pytest.raises(InputError, match="no spec") as caught:
            library.find(path)
        assert caught.value.diagnostics[0].help == "did you mean `vgg_d`?"


@pytest.mark.parametrize(
    ("run", "written", "found"),
    [
        ("vgg_bn/vgg16_bn.arch", "../vgg_d.arch", "vgg/vgg_d.arch"),
        ("torchvision/resnet101.arch", "resnet50.arch", "residual/torchvision/resnet50.arch"),
        ("deeper_googlenet/deeper_googlenet.arch", "../blocks/inception.arch", "blocks/inception.arch"),
        ("vgg_gap.arch", "vgg_d.arch", "vgg/vgg_d.arch"),
        ("vgg_d.arch", "vgg_a.arch", "vgg/vgg_a.arch"),
    ],
)
def test_a_run_s_copy_finds_what_stood_beside_its_spec_before_it_was_moved(
    run: str, written: str, found: str, tmp_path: Path
) -> None:
    copy = tmp_path / "spec.arch"
    copy.write_text(f'extends "{written}"\n')
    source = Source(str(copy), copy.read_text())
    place = Span(source, 0, len(source.text))
    load = library.loader(source, copied=lambda path: ROOT / run)
    document = load(syntax.Link("extends", Placed(written, place), place))
    assert document.contents[0].span.source.text == (ROOT / found).read_text("utf-8")


def test_the_links_of_a_linked_spec_lead_beside_the_name_that_was_given(tmp_path: Path) -> None:
    for place, side in (("a", 8), ("b", 4)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "base.arch").write_text(f"input {side}x{side}x3\nFC-10 softmax\n")
    (tmp_path / "a" / "own.arch").write_text('extends "base.arch"\n')
    linked = tmp_path / "b" / "own.arch"
    linked.symlink_to("../a/own.arch")
    assert vggdsl.load(linked).typed.input == Shape(3, 4, 4)
    (tmp_path / "b" / "base.arch").unlink()
    assert vggdsl.load(linked).typed.input == Shape(3, 8, 8)


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
def test_a_pipe_is_told_apart_from_what_is_not_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe or a device, and no file"):
        library.find(tmp_path / "pipe")
    with pytest.raises(InputError, match="no such file"):
        library.find(tmp_path / "other")


@pytest.mark.parametrize(
    ("name", "data", "help"),
    [
        ("my net.onnx", b"\xff", "it is a model: `vggdsl import 'my net.onnx'` writes its spec"),
        ("NET.ONNX", b"a" * (library.LARGEST_FILE + 1), "it is a model: `vggdsl import NET.ONNX` writes its spec"),
        ("a.pdf", b"\xff", "it is a paper: `vggdsl import a.pdf` finds the tables of networks in it"),
        (
            "a.pth",
            b"\x80\0",
            f"it is weights, which say no network: name its spec; `vggdsl check SPEC --against a.pth` {HELD}",
        ),
        ("a.jpg", b"\xff\xd8\0", "it is no text: name a spec"),
        ("a.arch", "é".encode("latin-1"), "save it as UTF-8"),
        ("a.arch", "input 8x8x1".encode("utf-16"), "it is UTF-16: save it as UTF-8"),
        ("a.txt", b"a" * (library.LARGEST_FILE + 1), None),
    ],
)
def test_what_is_no_spec_says_how_one_is_come_by(
    name: str, data: bytes, help: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(data)
    with pytest.raises(InputError, match="V502") as caught:
        library.read_source(name)
    assert caught.value.diagnostics[0].help == help
