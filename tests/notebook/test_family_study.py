"""The example is run as its reader runs it: every cell shows what it should, and none an error that isn't meant."""

import json
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs nbclient, as `vggdsl[test]` brings it")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient, as `vggdsl[test]` brings it")
pytest.importorskip("ipykernel", reason="needs ipykernel, as `vggdsl[test]` brings it")

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "examples" / "family_study.ipynb"
SHOWN = {
    "load": [],
    "base": [("execute_result", {"text/html", "text/plain"})],
    "narrow": [("execute_result", {"text/html", "text/plain"})],
    "one-fc": [("execute_result", {"text/html", "text/plain"})],
    "mistake": [("error", set())],
    "runs": [("display_data", {"text/html", "text/plain"})] * 3,
    "run": [("execute_result", {"text/html", "text/plain"})],
    "results": [("execute_result", {"text/html", "text/plain"})],
    "picture": [("execute_result", {"image/svg+xml", "text/plain"})],
}


def test_it_is_kept_without_outputs() -> None:
    study = json.loads(STUDY.read_text("utf-8"))
    cells = [cell for cell in study["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in cells] == list(SHOWN)
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells)


def test_its_cells_show_what_they_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    study = nbformat.read(STUDY, as_version=4)
    nbformat.validate(study)
    work = tmp_path / "work"
    work.mkdir()
    nbclient.NotebookClient(study, timeout=300, resources={"metadata": {"path": str(work)}}).execute()
    cells = {cell.id: cell.outputs for cell in study.cells if cell.cell_type == "code"}
    told = {id: [(each.output_type, set(each.get("data", {}))) for each in outputs] for id, outputs in cells.items()}
    assert told == SHOWN

    def plain(id: str, at: int = 0) -> str:
        return str(cells[id][at].data["text/plain"])

    def html(id: str) -> str:
        return str(cells[id][0].data["text/html"])

    assert plain("base") == "Spec('quickstart', 8x8x1 -> 1x1x10, 392,906 parameters)"
    assert html("base").count("<img ") == html("base").count("<table>") == 1
    assert "2 claims hold, 0 disputed" in html("base")
    assert "extends narrow.arch" in html("one-fc")
    mistake = _text(cells["mistake"][0].traceback)
    assert mistake.startswith("error[V101]: unknown word `remvoe`\n --> one_fc.arch:4:1\n")
    assert mistake.endswith("help: did you mean `remove`?\n\none_fc stays as it was")
    for at, name in enumerate(("quickstart", "narrow", "one_fc")):
        assert plain("runs", at).startswith(f"{name}: 3 epochs in ")
        assert f"-> {Path('runs')}/{name}-s0-1" in plain("runs", at)
        assert 'value="1.0000"' in cells["runs"][at].data["text/html"]
        assert name in plain("results")
    assert "deviates: epochs 3" in plain("results")
    assert "Test Accuracy: " in html("run")
    assert html("run").count("<img ") == 2
    assert plain("picture").startswith("Svg(")
    assert cells["picture"][0].data["image/svg+xml"].startswith("<svg ")
    assert [path.name for path in work.iterdir()] == ["runs"]


def _text(lines: list[Any]) -> str:
    return "\n".join(lines)
