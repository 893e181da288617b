"""``vggdsl explain V401``: what a code means."""

import json
from pathlib import Path

import pytest
from commands import python, run
from json_types import misfits

from vggdsl.cli.schemas.calls import SCHEMAS
from vggdsl.text.codes import CODES, Code

FIXTURES = Path(__file__).parents[1] / "fixtures" / "errors"


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_every_code_has_a_page(code: Code) -> None:
    result = run("explain", code.name)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{code.name}: {code.title}\n\n")
    shown = " ".join(result.output.split())
    assert code.meaning in shown
    assert f"To mend it: {code.mend}" in shown
    assert ("ends with 2" in result.output) == code.about_call
    if code.unshown is not None:
        assert f"it takes {code.unshown}." in result.output
    else:
        assert f"\n{code.severity}[{code.name}]: " in result.output
    assert run("explain", code.name.lower()).output == result.output


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_a_page_is_data(code: Code) -> None:
    data = json.loads(run("explain", code.name, "--json").stdout)
    assert list(misfits(data, SCHEMAS["explain CODE --json"])) == []
    assert data["code"] == code.name
    example = data["example"]
    assert (example is None) == (code.example is None)
    if example is not None:
        assert example["text"].encode() == (FIXTURES / example["file"]).read_bytes()
        assert {found["code"] for found in example["diagnostics"]} == {code.name}


@pytest.mark.parametrize(
    ("name", "help"), [("W413", "known: W401, W402, W403"), ("v888", "codes go from V101 to W612")]
)
def test_a_code_that_no_finding_has(name: str, help: str) -> None:
    result = run("explain", name)
    assert result.exit_code == 2
    assert f"no finding has the code `{name.upper()}`" in result.output
    assert help in result.output


def test_a_file_that_has_the_name_of_a_code_is_told_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("V401").write_text("input 8x8x1 conv3-4 FC-10")
    assert "a classifier for other classes" in run("explain", "V401").output
    assert "conv1_1: conv3-4" in run("explain", "./V401").output
    assert Path.cwd() == tmp_path


def test_it_needs_neither_torch_nor_a_checkout(tmp_path: Path) -> None:
    program = "import sys; from vggdsl.cli import main; main(['explain', 'V410'], standalone_mode=False)"
    program += "; print([name for name in ('torch', 'numpy', 'onnx') if name in sys.modules])"
    done = python("-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "error[V410]" in done.stdout
    assert done.stdout.endswith("[]\n")
