"""The examples run."""

from pathlib import Path

import pytest
from forks import forked

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "path",
    sorted(set(EXAMPLES.glob("*.py")) - {EXAMPLES / "onnx_client.py"}),
    ids=lambda path: path.stem,
)
def test_an_example_runs(path: Path, tmp_path: Path) -> None:
    arguments = [tmp_path / "out"] if "DIR" in path.read_text().split('"""')[1] else []
    done = forked(path, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert not done.stderr
