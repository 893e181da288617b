"""A real editor, with the settings of the page: it opens a spec that is wrong, and what is wrong is mended by a key."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from specs import GOOD, WRONG
from vggdsl.spec.checked import check_text
from vggdsl.text.source import Source

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "vggdsl" / "editor" / "README.md"
_SETTINGS = re.compile(r"<!-- neovim -->\n```lua\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.skipif(shutil.which("nvim") is None, reason="no Neovim")


def test_a_mistake_is_told_and_mended_by_a_key(tmp_path: Path) -> None:
    (settings,) = _SETTINGS.findall(PAGE.read_text(encoding="utf-8"))
    (tmp_path / "init.lua").write_text(settings, encoding="utf-8")
    program = tmp_path / "bin" / "vggdsl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m vggdsl "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    spec = tmp_path / "wrong.arch"
    spec.write_text(WRONG, encoding="utf-8")
    environment = {
        **os.environ,
        **{f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "STATE")},
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SEEN": str(tmp_path / "seen.json"),
    }
    script = Path(__file__).with_name("neovim.lua")
    call = ["nvim", "--headless", "-n", "-i", "NONE", "-u", "init.lua", spec.name, "-c", f"luafile {script}"]
    done = subprocess.run(
        call, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
    assert done.returncode == 0, (seen, done.stderr)
    (checked,) = check_text(Source(spec.name, WRONG))
    (found,) = checked.findings
    place = found.labels[0].span
    assert seen["filetype"] == "vggdsl"
    assert (seen["before"]["line"], seen["before"]["from"], seen["before"]["to"]) == (0, place.start, place.end)
    assert seen["before"]["code"] == found.code
    assert found.message in seen["before"]["message"]
    assert len(seen["offered"]) == len(found.fixes)
    assert f"{seen['text']}\n" == GOOD
