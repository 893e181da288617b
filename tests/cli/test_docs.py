"""The pages show what the commands print.

``UPDATE_DOCS=1 pytest tests/cli/test_docs.py`` writes the outputs anew.
"""

import os
import re
from pathlib import Path

import pytest
from commands import line
from profiles import THOROUGH

from vggdsl.language.dictionary import KINDS
from vggdsl.language.schema import Key

ROOT = Path(__file__).parents[2]
PAGES = [path for path in sorted(ROOT.rglob("*.md")) if not {".venv", "venv", "node_modules"} & set(path.parts)]
WALK = ROOT / "examples" / "README.md"
_BLOCK = re.compile(r"(?P<varies><!-- varies -->\n)?```console\n\$ (?P<command>.+)\n(?P<output>(?:.*\n)*?)```\n")
_FILE = re.compile(r"<!-- file: (?P<name>[\w.]+) -->\n```\n(?P<content>(?:.*\n)*?)```\n")
_MISTAKES = re.compile(r"(?<=<!-- mistakes -->\n)(?:.*\n)*?(?=<!-- /mistakes -->)")
_LAYERS = re.compile(r"(?<=<!-- layers -->\n)(?:.*\n)*?(?=<!-- /layers -->)")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
_EPOCHS = "  epochs    8\n"
_MOST_LINES = 225
"""Of the front page: what is more belongs to a room's own."""


def _run(command: str, cwd: Path = ROOT) -> tuple[str, int]:
    return line(command, cwd, {"NO_COLOR": "1", "COLUMNS": "100", "VGGDSL": str(ROOT)})


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _layers() -> str:
    """The table of layers on the language's page; kinds that mean the same share a line."""
    rows: dict[tuple[str, tuple[Key, ...]], list[str]] = {}
    for kind in KINDS.values():
        rows.setdefault((kind.meaning, kind.options), []).extend(kind.shown or (kind.word,))
    return "".join(["| written | means |\n| :-- | :-- |\n", *(_row(*row, shown) for row, shown in rows.items())])


def _row(meaning: str, options: tuple[Key, ...], shown: list[str]) -> str:
    texts = ", ".join(f"`{text}`".replace("|", r"\|") for text in shown)
    keys = " ".join(key.name if key.default is False else f"{key.name}=" for key in options)
    return f"| {texts} | {meaning}{f'; options `{keys}`' if keys else ''} |\n"


@pytest.mark.parametrize("page", [page for page in PAGES if page != WALK], ids=_name)
def test_a_page_shows_what_commands_print(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    def renew(match: re.Match[str]) -> str:
        if match["varies"]:
            return match[0]
        output, _ = _run(match["command"])
        return f"```console\n$ {match['command']}\n{output.rstrip()}\n```\n"

    shown = _BLOCK.sub(renew, text)
    shown = _MISTAKES.sub(lambda _: _run("python examples/mistakes.py")[0], shown)
    shown = _LAYERS.sub(lambda _: _layers(), shown)
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(shown, encoding="utf-8")
    assert shown == text


def test_the_walk_can_be_walked(tmp_path: Path) -> None:
    """Files and commands in their order, in an empty folder; what varies from machine to machine must run: of the
    trainings two epochs, in the thorough profile all."""
    text, shown, failed = WALK.read_text(encoding="utf-8"), "", list[str]()
    assert text.count(_EPOCHS) == 1
    steps = re.compile(f"(?P<written>{_FILE.pattern})|{_BLOCK.pattern}")
    end = 0
    for step in steps.finditer(text):
        if step["written"]:
            content = step["content"] if THOROUGH else step["content"].replace(_EPOCHS, "  epochs    2\n")
            (tmp_path / step["name"]).write_text(content, encoding="utf-8")
            continue
        output, code = _run(step["command"], tmp_path)
        failed += [f"{step['command']}: {output}"] if code else []
        kept = step["output"] if step["varies"] and step["output"] else f"{output.rstrip()}\n"
        shown += text[end : step.start("output")] + kept
        end = step.end("output")
    shown += text[end:]
    if os.environ.get("UPDATE_DOCS"):
        WALK.write_text(shown, encoding="utf-8")
    assert not failed
    assert shown == text


def test_the_pages_show_outputs() -> None:
    shown = sum(len(_BLOCK.findall(page.read_text(encoding="utf-8"))) for page in PAGES)
    assert shown >= 12


def test_the_front_page_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= _MOST_LINES


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
