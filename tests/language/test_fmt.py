"""``vggdsl fmt``: files in place, whole or not at all."""

import os
from pathlib import Path

import pytest
from commands import run

import vggdsl
from specs import WRONG

LOOSE = "input 32×32×3 # image\nCONV3-64   relu\n\n\nFC-10 soft-max   -> 10"
NEAT = "input 32x32x3  # image\nconv3-64 ReLU\n\nFC-10 softmax -> 10\n"


def test_fmt_rewrites_a_file_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(LOOSE)
    path.chmod(0o640)
    assert run("fmt", path).exit_code == 0
    assert path.read_text() == NEAT
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.arch"]


def test_fmt_leaves_a_neat_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(NEAT)
    before = path.stat()
    assert run("fmt", path).exit_code == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_fmt_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "a.arch", tmp_path / "link.arch"
    path.write_text(LOOSE)
    link.symlink_to(path)
    assert run("fmt", link).exit_code == 0
    assert link.is_symlink()
    assert path.read_text() == NEAT


def test_fmt_check_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(LOOSE)
    result = run("fmt", "--check", path)
    assert result.exit_code == 1
    assert "would be reformatted" in result.output
    assert path.read_text() == LOOSE
    path.write_text(NEAT)
    assert run("fmt", "--check", path).exit_code == 0


def test_fmt_of_standard_input_goes_to_standard_output() -> None:
    assert run("fmt", "-", input=LOOSE).stdout == NEAT
    assert run("fmt", "-", input=LOOSE.replace("\n", "\r\n").encode()).stdout == NEAT
    assert run("fmt", "--check", "-", input=LOOSE).exit_code == 1
    assert run("fmt", "--check", "-", input=NEAT).exit_code == 0


def test_lines_of_a_file_end_as_they_did(tmp_path: Path) -> None:
    path, neat = tmp_path / "a.arch", NEAT.replace("\n", "\r\n").encode()
    for text in (LOOSE.replace("\n", "\r\n"), LOOSE.replace("\n", "\r\n", 1)):
        path.write_bytes(text.encode())
        assert run("fmt", "--check", path).exit_code == 1
        assert run("fmt", path).exit_code == 0
        assert path.read_bytes() == neat
    assert run("fmt", "--check", path).exit_code == 0, "as git gives files on Windows"


def test_fmt_keeps_what_it_can_t_read(tmp_path: Path) -> None:
    good, wrong = tmp_path / "a.arch", tmp_path / "b.arch"
    good.write_text(LOOSE)
    wrong.write_text(WRONG)
    assert run("fmt", wrong, good).exit_code == 1
    assert wrong.read_text() == WRONG
    assert good.read_text() == NEAT


def test_fmt_takes_files_not_the_specs_that_ship() -> None:
    result = run("fmt", "vgg_d")
    assert result.exit_code == 2
    assert "fmt takes files" in result.output


def test_fmt_formats_what_is_no_network_by_itself() -> None:
    assert run("fmt", "-", input="block a(n){conv3-$n}\na(5)").stdout == "block a(n) { conv3-$n }\na(5)\n"
    delta = 'extends   "gone.arch"\nremove 3a..3b # why\nreplace 3c:   a(  5 )\n'
    neat = 'extends "gone.arch"\nremove 3a..3b  # why\nreplace 3c: a(5)\n'
    assert run("fmt", "-", input=delta).stdout == neat


def test_fmt_breaks_long_arrows_between_their_figures() -> None:
    body = "input 32x32x3\n3a: inception(64, 96, 128, 16, 32, 32)"
    figures = ["weight-layers=2", 'weights=364Ki disputed "375,552 = 366.8Ki"', "macs=73M", "params=1", "output=5x5"]
    assert run("fmt", "-", input=f"{body} -> 32x32x256 {' '.join(figures)}  # row 3a\nBN -> 5 params=0\n").stdout == (
        "input 32x32x3\n"
        "3a: inception(64, 96, 128, 16, 32, 32) -> 32x32x256 weight-layers=2,\n"
        '                                          weights=364Ki disputed "375,552 = 366.8Ki" macs=73M,\n'
        "                                          params=1 output=5x5  # row 3a\n"
        "BN                                     -> 5 params=0\n"
    )


def test_fmt_breaks_long_arrows_where_long_reasons_fit() -> None:
    reason = "disputed " + f'"{"7·" * 30}3"'
    text = f"input 32x32x3\n3a: inception(64, 96) -> 5x5 macs=1 weights=364Ki {reason} params=5\n"
    assert run("fmt", "-", input=text).stdout == (
        f"input 32x32x3\n3a: inception(64, 96) -> 5x5 macs=1,\n    weights=364Ki {reason} params=5\n"
    )


def test_fmt_breaks_arrows_inside_and_behind_brackets() -> None:
    figures = "params=1,234,567 macs=1,234,567 weights=1,234,567 activations=1,234,567 total-params=1,234,567"
    text = f"add[ conv3-64 -> 32x32x64 {figures} ReLU | identity ] -> 32x32x64 {figures} ReLU"
    neat = run("fmt", "-", input=text).stdout
    assert neat == (
        "add[\n"
        "  conv3-64 -> 32x32x64 params=1,234,567 macs=1,234,567 weights=1,234,567 activations=1,234,567,\n"
        "              total-params=1,234,567 ReLU |\n"
        "  identity\n"
        "] -> 32x32x64 params=1,234,567 macs=1,234,567 weights=1,234,567 activations=1,234,567,\n"
        "     total-params=1,234,567 ReLU\n"
    )
    assert run("fmt", "-", input=neat).stdout == neat


def test_what_is_printed_of_an_element_goes_on_behind_a_comma() -> None:
    one = run("fmt", "-", input='conv3-8 -> 32x32x8 params=224 macs=5 disputed "no"\nReLU')
    several = 'conv3-8 -> 32x32x8,\n params=224,  # here\n  # and there\n\n macs=5 disputed "no"\nReLU'
    assert run("fmt", "-", input=several).stdout == f"# here\n# and there\n{one.stdout}"
    assert run("fmt", "-", input=several.replace("\n", "\r\n")).stdout == f"# here\n# and there\n{one.stdout}"


@pytest.mark.skipif(not os.geteuid(), reason="root writes everywhere")
def test_fmt_tells_what_it_can_t_write(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(LOOSE)
    tmp_path.chmod(0o500)
    result = run("fmt", path)
    tmp_path.chmod(0o700)
    assert result.exit_code == 1
    assert "can't be written" in result.output


def test_flatten_prints_a_spec_that_points_nowhere(branching: str, tmp_path: Path) -> None:
    delta = tmp_path / "delta.arch"
    delta.write_text('extends "branching.arch"\nreplace 2: two(6, 6)\n')
    before = delta.read_text()
    result = run("fmt", "--flatten", str(delta))
    assert (result.exit_code, delta.read_text()) == (0, before)
    flat = vggdsl.parse(result.stdout)
    assert flat.network.graph.digest == vggdsl.load(delta).network.graph.digest
    assert "extends" not in result.stdout
    assert run("fmt", "-", input=result.stdout).stdout == result.stdout


def test_flatten_takes_one_spec_also_one_that_ships(good: str) -> None:
    assert vggdsl.parse(run("fmt", "--flatten", "googlenet").stdout) != vggdsl.load("googlenet")
    assert run("fmt", "--flatten", good, good).exit_code == 2
    assert run("fmt", "--flatten", "--check", good).exit_code == 2
    assert run("fmt", "--flatten", "no_such_spec").exit_code == 2
    assert run("fmt", "--flatten", "-", input='extends "no.arch"').exit_code == 1


WIDE = """\
2b: concat[ conv1-64 BN ReLU | conv1-64 BN ReLU conv3-128 BN ReLU | maxpool3/1 pad=1 conv1-13 BN ReLU conv3-4 ] -> 8x8x4
"""


def test_a_wide_merge_is_broken_a_branch_a_line() -> None:
    written = run("fmt", "-", input=WIDE).stdout
    assert written == (
        "2b: concat[\n"
        "  conv1-64 BN ReLU |\n"
        "  conv1-64 BN ReLU conv3-128 BN ReLU |\n"
        "  maxpool3/1 pad=1 conv1-13 BN ReLU conv3-4\n"
        "] -> 8x8x4\n"
    )
    assert run("fmt", "-", input=written).stdout == written


@pytest.mark.parametrize("head", ["", "replace 4a: ", "insert-after 4a: "])
def test_no_line_of_wide_elements_is_wider_than_it_need_be(head: str) -> None:
    wide = f"{head}( conv3-64 ( {'conv3-128 BN ReLU ' * 9}) x2 aux 0.3 {{ {'FC-4096 ReLU ' * 12}}} ) x3 # note"
    written = run("fmt", "-", input=wide).stdout
    assert max(map(len, written.splitlines())) <= 100
    assert written.endswith(") x3  # note\n")
    assert run("fmt", "-", input=written).stdout == written


def test_only_layers_have_a_bare_ceil() -> None:
    text = "default maxpool: ceil\navgpool ceil\nclaim top-1-error 5% ceil=yes\ntrain {\n  a ceil=yes b(ceil=yes)\n}\n"
    assert run("fmt", "-", input=text).stdout == text
