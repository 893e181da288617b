"""How much memory there is: the machine's, and no more than the process's control group may have."""

from pathlib import Path

import psutil
import pytest

from vggdsl.data import memory


def test_it_is_what_the_machine_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "none")
    total = psutil.virtual_memory().total
    assert total / 1000 < memory.available() < total


@pytest.mark.parametrize(("limit", "found"), [("1000000\n", 1_000_000), ("max\n", None), ("", None)])
def test_a_control_group_limits_it(
    limit: str, found: int | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "memory.max"
    file.write_text(limit)
    monkeypatch.setattr(memory, "_CGROUP", file)
    free = memory.available()
    assert free == found if found is not None else free > 1_000_000
