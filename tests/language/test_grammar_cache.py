"""The built grammar is kept in the user's cache folder, and read back from there only if nobody else could write it."""

import os
from pathlib import Path

import pytest
from commands import AS_USERS, Done, python

from vggdsl.text import caches

FILE = "vggdsl/arch.lark-cache"


def parse(cache: Path | str, *before: str) -> Done:
    """A spec, parsed by a process whose cache is there."""
    code = "\n".join([*before, "import vggdsl", "print(vggdsl.parse('input 8x8x1 FC-3').typed.params)"])
    done = python("-c", AS_USERS + code, env={"XDG_CACHE_HOME": str(cache)})
    assert done.returncode == 0, done.stderr
    return done


def test_it_is_kept_where_the_user_says_and_read_back(tmp_path: Path) -> None:
    assert parse(tmp_path).stdout == "195\n"
    file = tmp_path / FILE
    assert (tmp_path / "vggdsl").stat().st_mode & 0o077 == 0
    before = file.stat()
    assert parse(tmp_path).stdout == "195\n"
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns), "it is built once"


@pytest.mark.skipif(os.name != "posix", reason="Windows' folders of users are their own")
def test_what_others_can_write_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "vggdsl").mkdir()
    (tmp_path / "vggdsl").chmod(0o777)
    assert parse(tmp_path).stdout == "195\n"
    assert not (tmp_path / FILE).exists()
    other = tmp_path / "other"
    (other / "vggdsl").mkdir(parents=True, mode=0o700)
    (other / FILE).symlink_to(tmp_path / "elsewhere")
    assert parse(other).stdout == "195\n"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert parse(tmp_path / "file").stdout == "195\n"


def test_without_the_library_nothing_is_kept(tmp_path: Path) -> None:
    assert parse(tmp_path, "sys.modules['platformdirs'] = None").stdout == "195\n"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_kept_until_somebody_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "folder", caches.nowhere)
    assert caches.trusted("arch.lark-cache") is None
