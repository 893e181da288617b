"""The README shows what the commands print.

``UPDATE_README=1 pytest tests/test_readme.py`` writes the outputs anew.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?P<varies><!-- varies -->\n)?```console\n\$ (?P<command>.+)\n(?P<output>(?:.*\n)*?)```\n")
_MISTAKES = re.compile(r"(?<=<!-- mistakes -->\n)(?:.*\n)*?(?=<!-- /mistakes -->)")


def _run(command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout


def test_the_readme_shows_what_commands_print() -> None:
    text = README.read_text(encoding="utf-8")

    def renew(match: re.Match[str]) -> str:
        if match["varies"]:
            return match[0]
        output = _run(match["command"])
        return f"```console\n$ {match['command']}\n{output.rstrip()}\n```\n"

    shown = _BLOCK.sub(renew, text)
    shown = _MISTAKES.sub(lambda _: _run("python examples/mistakes.py"), shown)
    if os.environ.get("UPDATE_README"):
        README.write_text(shown, encoding="utf-8")
    assert len(_BLOCK.findall(text)) >= 5
    assert shown == text
