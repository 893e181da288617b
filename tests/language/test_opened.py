"""Texts that are open stand before those on disk, wherever a link leads to them."""

from pathlib import Path

import pytest

from vggdsl import InputError, load, parse
from vggdsl.language.library import LARGEST_FILE, State, is_as_noted, noting, opened, real_path
from vggdsl.spec.checked import check_text
from vggdsl.text.source import Source

BLOCK = "block pair(a) {\n  conv3-$a conv3-$a\n}\n"
CALLS = 'use "pair.arch"\ninput 8x8x3\npair(4)\nFC-10 softmax\n'
TRAINED = 'train {\n  data digits\n  init from("base.arch", conv1_1) else normal(variance=1e-2)\n}\n'


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    name = str(tmp_path / "net.arch")
    with opened({real_path(tmp_path / "pair.arch"): BLOCK, real_path(tmp_path / "net.arch"): CALLS}):
        assert parse(CALLS, name).typed.weight_layers == 3
        assert [len(checked.findings) for checked in check_text(Source(name, CALLS))] == [0]
    with pytest.raises(InputError, match="V243"):
        parse(CALLS, name)


def test_what_is_open_stands_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "pair.arch").write_text(BLOCK)
    (tmp_path / "net.arch").write_text(CALLS)
    before = load(tmp_path / "net.arch")
    with opened({real_path(tmp_path / "pair.arch"): BLOCK.replace("conv3-$a conv3-$a", "conv3-$a")}):
        assert load(tmp_path / "net.arch").typed.weight_layers == before.typed.weight_layers - 1
        with opened({real_path(tmp_path / "net.arch"): CALLS.replace("pair(4)", "pair(4) pair(4)")}):
            assert load(tmp_path / "net.arch").typed.weight_layers == before.typed.weight_layers
    assert load(tmp_path / "net.arch").typed == before.typed


def test_a_delta_and_the_first_weights_of_a_recipe(tmp_path: Path) -> None:
    base = "input 8x8x1\n3a: conv3-4\nFC-10 softmax\n"
    changed = base.replace("conv3-4", "conv5-4")
    delta = 'extends "base.arch"\ninsert-after 3a: conv3-4\n' + TRAINED.replace("conv1_1", "3a")
    (tmp_path / "base.arch").write_text(base)
    (tmp_path / "net.arch").write_text(delta)
    name = str(tmp_path / "net.arch")
    assert not parse(delta, name).check()
    with opened({real_path(tmp_path / "base.arch"): changed}):
        spec = parse(delta, name)
        assert spec.typed["3a"].node.spelled == "conv5-4"
        assert not spec.check()
    with (
        opened({real_path(tmp_path / "base.arch"): "input 8x8x1 conv3-4 maxpol"}),
        pytest.raises(Exception, match="V101"),
    ):
        parse(delta, name)


def test_an_open_text_has_the_bound_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(CALLS)
    with opened({real_path(tmp_path / "pair.arch"): "#" * (LARGEST_FILE + 1)}), pytest.raises(InputError, match="V502"):
        parse(CALLS, str(tmp_path / "net.arch"))


def test_an_open_text_whose_name_no_disk_takes(tmp_path: Path) -> None:
    name = str(tmp_path / ("n" * 300 + ".arch"))
    with opened({real_path(name): CALLS, real_path(tmp_path / "pair.arch"): BLOCK}):
        assert parse(CALLS, name).typed.weight_layers == 3


@pytest.mark.parametrize("text", [CALLS, 'extends "pair.arch"\n', f"input 8x8x1 conv3-4 FC-10 softmax\n{TRAINED}"])
def test_what_a_text_depends_on_is_noted_whether_it_is_there_or_not(tmp_path: Path, text: str) -> None:
    name, file = str(tmp_path / "net.arch"), tmp_path / ("base.arch" if "base" in text else "pair.arch")
    noted: dict[str, State] = {}
    with opened({real_path(name): text}):
        with noting(noted):
            list(check_text(Source(name, text)))
        with opened({real_path(tmp_path / "other.arch"): BLOCK}):
            assert is_as_noted(noted)
        with opened({real_path(file): BLOCK}):
            assert not is_as_noted(noted)
        file.write_text(BLOCK)
        assert not is_as_noted(noted)
