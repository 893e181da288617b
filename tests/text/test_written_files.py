"""Files appear whole or not at all, with the permissions that they should have."""

import os
from pathlib import Path

import pytest

from vggdsl.text.errors import InputError
from vggdsl.text.files import replacing, write_text

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@POSIX
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_is_as_open_as_the_user_lets_it_be_and_an_old_one_as_it_was(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        for name in ("new", "old"):
            write_text(tmp_path / name, "1\n")
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o666 & ~mask
        (tmp_path / "old").chmod(0o604)
        write_text(tmp_path / "old", "2\n")
        assert ((tmp_path / "old").stat().st_mode & 0o777, (tmp_path / "old").read_text()) == (0o604, "2\n")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)


@POSIX
def test_what_other_threads_make_meanwhile_is_open_to_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process has one mask: to ask for it another one is set, for a moment."""
    before, ask, given = os.umask(0o022), os.umask, list[int]()

    def asked(mask: int) -> int:
        given.append(mask)
        return ask(mask)

    monkeypatch.setattr(os, "umask", asked)
    try:
        write_text(tmp_path / "new", "1\n")
    finally:
        ask(before)
    assert given[-1] == 0o022
    assert all(mask & 0o022 == 0o022 for mask in given)


def test_what_fails_leaves_what_there_was_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before")

    def written(instead_of: bytes | None = None, by: int = 1) -> None:
        with replacing(file, instead_of) as part:
            part.write_text(f"after {1 // by}")

    with pytest.raises(ZeroDivisionError):
        written(by=0)
    with pytest.raises(InputError, match=r"V506.*was changed meanwhile"):
        written(instead_of=b"other")
    with pytest.raises(InputError, match=r"V506.*it is no regular file"):
        write_text(tmp_path, "after")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "before")]
    written(instead_of=b"before")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "after 1")]
