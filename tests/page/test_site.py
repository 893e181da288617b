"""The page as a folder: all that a browser needs, nothing of a user's overwritten."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from commands import python, run
from hypothesis import given, settings
from hypothesis import strategies as st

from vggdsl.page import site as sites
from vggdsl.page.bundle import bundle
from vggdsl.page.site import PYODIDE, VERSION, check_folder, pyodide, write_site
from vggdsl.text.errors import InputError

FEW = {
    "index.html": b"x",
    "pyodide/pyodide.mjs": b"y",
    "site.json": b'{"files": ["index.html", "pyodide/pyodide.mjs"]}',
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An npm package whose files are empty."""
    folder = tmp_path / "node_modules" / "pyodide"
    folder.mkdir(parents=True)
    for name in PYODIDE:
        (folder / name).touch()
    return folder


def refused(folder: Path, *, force: bool) -> str:
    with pytest.raises(InputError) as caught:
        check_folder(folder, force=force)
    return caught.value.diagnostics[0].code


def test_the_archive_answers_without_anything_else(tmp_path: Path) -> None:
    """In a Python that sees no installed package, as that of a browser, and that builds no grammar."""
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        archive.extractall(tmp_path)
    code = f"""
import json, sys
sys.path[:] = [{str(tmp_path)!r}, *(each for each in sys.path if "site-packages" not in each)]
from lark import Lark
Lark.__init__ = None  # nothing is built
from vggdsl.page.engine import answer_json
assert "{tmp_path}" in sys.modules["vggdsl"].__file__
for text in sys.argv[1:]:
    found = json.loads(answer_json(json.dumps({{"text": text, "show": ["layers", "picture", "claims", "pytorch"]}})))
    print(found["networks"][0]["size"]["params"], found["recognised"], sep="|")
"""
    table = (Path(__file__).parents[1] / "fixtures" / "printed" / "keras_vgg16.txt").read_text("utf-8")
    done = python("-I", "-S", "-c", code, 'extends "googlenet"\n', table, cwd=tmp_path)
    assert done.stdout.splitlines() == ["6,998,552|", "138,357,544|a summary of Keras"], done.stderr


def test_a_site_is_written_replaced_and_not_lost(
    package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sites, "bundle", lambda: b"archive")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    done = run("page", "-o", "site")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "below" / "site"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"index.html", "worker.js", "vggdsl.zip", "examples.json", *(f"pyodide/{name}" for name in PYODIDE)} < files
    assert files == {"site.json", *json.loads((folder / "site.json").read_text())["files"]}
    assert 'data-engine="by_worker"' in (folder / "index.html").read_text()
    assert {path.name for path in folder.parent.iterdir()} == {"site"}, "nothing is left beside it"
    again = run("page", "-o", "site")
    assert (again.exit_code, "V514" in again.output, "--force" in again.output) == (2, True, True)
    assert run("page", "-o", "site", "--force").exit_code == 0
    (folder / "mine.txt").touch()
    kept = run("page", "-o", "site", "--force")
    assert (kept.exit_code, "site holds mine.txt" in kept.output) == (2, True)
    assert (folder / "mine.txt").exists()


def test_a_site_replaces_what_is_its_own_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "site"
    check_folder(folder, force=False)
    write_site(folder, FEW)
    assert refused(folder, force=False) == "V514"
    check_folder(folder, force=True)
    write_site(folder, {"site.json": b"{}"})
    assert [path.name for path in folder.rglob("*")] == ["site.json"]
    for other in (b"", b"[]", b'{"files": 3}', b'{"files": [3]}', b"\xff"):
        (folder / "site.json").write_bytes(other)
        (folder / "index.html").touch()
        assert refused(folder, force=True) == "V514"
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", force=False)
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file", force=True) == "V511"
    (tmp_path / "link").symlink_to(folder)
    assert refused(tmp_path / "link", force=True) == "V511"
    write_site(folder, FEW)
    (folder / "mine").mkdir()  # empty, and yet nobody's but the user's
    assert refused(folder, force=True) == "V514"


def test_the_folder_that_one_stands_in_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "within").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "site" / "within")
    for name in (".", "..", str(tmp_path / "site")):
        assert refused(Path(name), force=True) == "V511"


def test_a_folder_that_cant_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        write_site(tmp_path / "file" / "site", FEW)
    assert caught.value.diagnostics[0].code == "V511"


@settings(max_examples=20)
@given(st.integers(0, len(FEW)))
def test_what_fails_half_way_leaves_what_was_there(tmp_path_factory: pytest.TempPathFactory, good: int) -> None:
    folder = tmp_path_factory.mktemp("half") / "site"
    write_site(folder, FEW)
    names = [f"f{i}" for i in range(good)]
    with pytest.raises(InputError):
        write_site(folder, {**dict.fromkeys(names, b""), "a/b/c": b""})  # whose folder isn't made
    assert {path.name for path in folder.parent.iterdir()} == {"site"}
    assert (folder / "index.html").read_bytes() == b"x"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("fails", [1, 2])
def test_what_fails_between_old_and_new_leaves_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], is_done: bool, fails: int
) -> None:
    """Of two renames the one that fails, or after which an interrupt comes."""
    folder, rename, calls = tmp_path / "site", Path.rename, list[Path]()
    write_site(folder, FEW)

    def failing(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) != fails:
            return rename(self, target)
        if is_done:
            rename(self, target)
        raise error

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_site(folder, {"site.json": b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    is_new = is_done and fails == 2
    assert (folder / "site.json").read_bytes() == (b"new" if is_new else FEW["site.json"])
    assert (folder / "index.html").exists() is not is_new


def test_the_version_that_is_tried_is_the_one_that_is_told() -> None:
    page = (Path(sites.__file__).parent / "README.md").read_text("utf-8")
    assert re.findall(r"pyodide` (\d+\.\d+\.\d+)", page) == [VERSION]
    root = Path(__file__).parents[2]
    (line,) = re.findall(r"^pyodide=.*", (root / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    asked = subprocess.run(["bash", "-c", f'{line}; echo "$pyodide"'], capture_output=True, text=True, cwd=root)
    assert asked.stdout == f"pyodide@{VERSION}\n"


def test_the_package_is_looked_for_around(package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert pyodide() == package
    assert pyodide(Path("../../node_modules/pyodide")).resolve() == package
    (package / PYODIDE[-1]).unlink()
    for named in (None, package):
        with pytest.raises(InputError, match=f"holds no {PYODIDE[-1]}"):
            pyodide(named)
    shutil.rmtree(package)
    with pytest.raises(InputError, match=f"npm install pyodide@{VERSION}"):
        pyodide()
