"""The VS Code extension: what it says of itself, its snippets, and which Python it starts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vggdsl import __version__
from vggdsl.spec.checked import check_text
from vggdsl.text.source import Source

EXTENSION = Path(__file__).parents[2] / "vggdsl" / "editor" / "vscode"
NODE = shutil.which("node")


def read(name: str) -> Any:
    return json.loads((EXTENSION / name).read_text(encoding="utf-8"))


# -- what it says of itself


def test_it_has_the_version_of_the_package() -> None:
    assert read("package.json")["version"] == __version__


def test_what_it_is_packed_with_is_fixed_and_comes_from_where_npm_is_told_to_look() -> None:
    package, lock = read("package.json"), read("package-lock.json")
    root, *others = lock["packages"].values()
    for field in ("version", "dependencies", "devDependencies"):
        assert root[field] == package[field]
    assert all(each["integrity"] and "resolved" not in each for each in others)


def test_all_that_it_names_is_there() -> None:
    text = (EXTENSION / "package.json").read_text(encoding="utf-8")
    named = re.findall(r'"(\./[^"]+|[\w-]+\.png)"', text)
    assert len(named) >= 6
    assert [name for name in named if not (EXTENSION / name).is_file()] == []


def test_a_folder_that_nobody_trusts_names_no_program() -> None:
    package = read("package.json")
    assert package["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] == ["vggdsl.python"]
    assert {*package["contributes"]["configuration"]["properties"]} == {"vggdsl.python", "vggdsl.inlayHints"}


def test_what_closes_a_bracket_is_in_the_language() -> None:
    told = read("language-configuration.json")
    assert told["comments"] == {"lineComment": "#"}
    word = re.compile(told["wordPattern"])
    assert [word.findall(text) for text in ("conv3-64/2", "4a..4e", "conv1-$a", "weight-layers=2")] == [
        ["conv3-64/2"],
        ["4a", "4e"],
        ["conv1", "$a"],
        ["weight-layers", "2"],
    ]


# -- snippets

_PLACE = re.compile(r"\$(?:\{\d+:([^}]*)\}|\{\d+\|([^,|]*)[^}]*\}|0)")
AROUND = {
    "block": "input 32x32x3\n{}\npair(64) FC-10 softmax\n",
    "add": "input 32x32x64\n{}\nFC-10 softmax\n",
    "concat": "input 32x32x64\n{}\nFC-10 softmax\n",
    "claims": "input 224x224x3\nconv3-64 maxpool FC-172 softmax\n{}\n",
    "claim": "input 224x224x3\nconv3-64 maxpool FC-1000 softmax\n{}\n",
    "train": "input 32x32x3\nconv3-64 maxpool FC-10 softmax\n{}\n",
}
"""Specs in which a snippet can stand; the others are specs themselves."""


@pytest.mark.parametrize("snippet", read("snippets.json").values(), ids=lambda snippet: snippet["prefix"])
def test_a_snippet_as_it_comes_is_right(snippet: dict[str, Any]) -> None:
    text = _PLACE.sub(lambda place: place[1] or place[2] or "", "\n".join(snippet["body"])).replace("$$", "$")
    whole = AROUND.get(snippet["prefix"], "{}").replace("{}", text)
    (found,) = check_text(Source("a.arch", whole))
    assert found.findings == []
    assert found.spec is not None


# -- which Python it starts


def started(python: str) -> Any:
    assert NODE is not None
    call = [NODE, str(Path(__file__).with_name("extension.cjs")), str(EXTENSION / "extension.js"), python]
    done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(NODE is None, reason="no node")


@needs_node
def test_it_starts_the_server_of_the_python_that_is_named() -> None:
    said = started(sys.executable)
    assert (said["messages"], said["servers"]) == ([], [[sys.executable, "-m", "vggdsl", "lsp"]])


@needs_node
def test_it_hands_over_specs_settings_and_what_changes_on_disk() -> None:
    package = read("package.json")
    (language,) = package["contributes"]["languages"]
    (section,) = {name.partition(".")[0] for name in package["contributes"]["configuration"]["properties"]}
    (pattern,) = (f"**/*{ending}" for ending in language["extensions"])
    assert started(sys.executable)["options"] == [
        {
            "documentSelector": [{"language": language["id"], "scheme": scheme} for scheme in ("file", "untitled")],
            "initializationOptions": f"what is set below {section}",
            "synchronize": {"configurationSection": section, "fileEvents": f"changes of {pattern}"},
        }
    ]


@needs_node
def test_it_says_what_to_install_where_the_server_is_not(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    said = started(str(bare))
    (told,) = said["messages"]
    assert said["servers"] == []
    assert "vggdsl, pygls" in told["message"]
    assert f'{sys.executable} -m pip install "vggdsl[editor]"' in told["message"]
    assert "Choose Python" in told["offered"]


@needs_node
def test_it_says_that_a_python_is_not_there(tmp_path: Path) -> None:
    said = started(str(tmp_path / "nowhere"))
    assert said["servers"] == []
    assert said["messages"][0]["message"] == f"vggdsl.python doesn't start: {tmp_path / 'nowhere'}"
