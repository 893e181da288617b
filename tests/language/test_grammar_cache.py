"""The built grammar is kept in the user's cache folder, and read back from there only if nobody else could write it."""

import os
import runpy
import shutil
from pathlib import Path

import pytest
from commands import AS_USERS, Done, python

from vggdsl.language import notations
from vggdsl.language.dictionary import words_of
from vggdsl.language.notations import grammar
from vggdsl.text import caches
from vggdsl.text.resources import folder

FILE = "vggdsl/arch.tables"


def made_tables() -> dict[str, bytes]:
    """What the wheel is built with, by the names of its files."""
    hook = Path(__file__).parents[2] / ".build" / "tables.py"
    if not hook.is_file():
        pytest.skip("the tests are not in a checkout")
    made: dict[str, bytes] = runpy.run_path(str(hook))["tables"]()
    return made


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
    assert caches.trusted("arch.tables") is None


def test_a_file_that_is_torn_or_of_something_else_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "folder", lambda: tmp_path)
    kept = tmp_path / grammar.tables_file("darknet")

    def made() -> bytes:
        grammar.parser.cache_clear()
        assert grammar.parser("darknet").options.parser == "lalr"
        return kept.read_bytes()

    whole = made()
    assert made() == whole
    for other in (
        b"",
        whole[:1000],
        whole[:-1],
        whole[:-9] + b"x" + whole[-8:],
        b"\n" + whole,
        grammar.tables("caffe"),
    ):
        kept.write_bytes(other)
        anew = made()
        assert anew != other
        assert made() == anew
    grammar.parser.cache_clear()


def test_what_is_kept_is_of_no_use_when_words_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def knows_mish() -> bool:
        grammar.parser.cache_clear()
        return not list(grammar.parser("arch").parse("input 8x8x3 Mish\n").find_data("unknown_word"))

    monkeypatch.setattr(caches, "folder", lambda: tmp_path)
    assert not knows_mish()
    assert not knows_mish(), "as it was kept"
    monkeypatch.setattr(grammar, "words_of", lambda name: "(?:Mish)" if name == "PLAIN" else words_of(name))
    assert knows_mish()
    monkeypatch.undo()
    grammar.parser.cache_clear()


def test_what_a_wheel_brings_is_read_and_nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder("grammars"), tmp_path / "grammars")
    for name, content in made_tables().items():
        (tmp_path / "grammars" / name).write_bytes(content)
    monkeypatch.setattr(grammar, "folder", lambda name: tmp_path / name)
    monkeypatch.setattr(grammar, "build", lambda *given, **options: pytest.fail("it is built again"))
    monkeypatch.setattr(caches, "folder", lambda: pytest.fail("the user's folder is asked for"))
    grammar.parser.cache_clear()
    for file in sorted(folder("grammars").glob("*.lark")):
        if (tmp_path / "grammars" / grammar.tables_file(file.stem)).is_file():
            assert grammar.parser(file.stem).options.parser == "lalr"
    assert grammar.parser("arch").parse("input 8x8x1 FC-3\n").data == "start"
    monkeypatch.undo()
    grammar.parser.cache_clear()


def test_nothing_is_read_for_whoever_warmed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar.parser.cache_clear()
    notations.warm_up()
    monkeypatch.setattr(grammar, "_made_of", lambda _: pytest.fail("it is made again"))
    for file in folder("grammars").glob("*.lark"):
        if "start:" in file.read_text("utf-8"):
            assert grammar.parser(file.stem).options.parser == "lalr"
