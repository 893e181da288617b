"""Where specs are looked for, and which are the user's."""

from pathlib import Path

import pytest

from vggdsl.editor import files
from vggdsl.text.resources import folder


def test_specs_are_looked_for_outside_of_what_is_installed_and_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.arch", "in/b.arch", "node_modules/c.arch", ".hidden/d.arch", "in/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    wanted = [tmp_path / "a.arch", tmp_path / "in" / "b.arch"]
    assert files.specs_in([tmp_path]) == (wanted, True)
    monkeypatch.setattr(files, "_MOST_ENTRIES", 3)
    assert files.specs_in([tmp_path])[1] is False


def test_files_that_ship_or_lie_elsewhere_are_kept(tmp_path: Path) -> None:
    assert files.kept_from(str(tmp_path / "a.arch"), [tmp_path]) == ""
    assert "outside" in files.kept_from(str(tmp_path / "a.arch"), [tmp_path / "in"])
    ships = folder("specs") / "quickstart.arch"
    assert "ships" in files.kept_from(str(ships), [ships.parent])
