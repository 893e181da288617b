"""The front end, imported and asked with all but Lark and the standard library blocked."""

import tomllib
from pathlib import Path

import pytest
from commands import python

from vggdsl.page.bundle import ROOMS

CODE = """
import importlib.abc, pkgutil, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        first = name.partition(".")[0]
        if first not in sys.stdlib_module_names and first not in ("lark", "vggdsl"):
            raise ModuleNotFoundError(f"{name} is blocked", name=name)
        return None

sys.meta_path.insert(0, Blocked())
before = {name.partition(".")[0] for name in sys.modules}

from importlib import import_module
import vggdsl
from vggdsl.page.bundle import ROOMS

for room in ROOMS:
    package = import_module(f"vggdsl.{room.replace('/', '.')}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)

from vggdsl.language import notations
from vggdsl.spec.checked import check_text
from vggdsl.spec.explained import explain
from vggdsl.spec.mending import mend
from vggdsl.targets.plain.file import plain_module
from vggdsl.text.source import Source

spec = vggdsl.load("vgg_d")
assert vggdsl.infer(spec.network.graph).params == spec.typed.params == 138_357_544
assert spec.count("holds") and vggdsl.claims("simonyan")
assert "138,357,544" in str(spec)
assert list(explain(spec, spec.typed.nodes[1].node.span.line))
assert vggdsl.differences(vggdsl.load("vgg_b"), vggdsl.load("vgg_c")).edits
assert "<svg" in vggdsl.draw(spec) and "<svg" in vggdsl.draw("googlenet", "flow")
assert vggdsl.parse(vggdsl.write(spec), spec.source.name) == spec
assert "nn.Conv2d" in plain_module(spec)
assert mend(Source("a.arch", "input 8x8x1 cnov3-4 FC-2 softmax\\n")).text == "input 8x8x1 conv3-4 FC-2 softmax\\n"
(found,) = next(check_text(Source("a.arch", "input 8x8x1 maxpol"))).findings
assert found.code == "V101"

after = {name.partition(".")[0] for name in sys.modules} - before
print(sorted(after - set(sys.stdlib_module_names)))
"""


def test_with_all_else_blocked() -> None:
    done = python("-c", CODE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['lark', 'vggdsl']\n"


PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.skipif(not PROJECT.is_file(), reason="no pyproject.toml")
def test_the_contract_is_about_what_is_handed_out() -> None:
    contracts = tomllib.loads(PROJECT.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each["name"].startswith("the front end"))
    assert {*contract["source_modules"]} == {f"vggdsl.{room.replace('/', '.')}" for room in ROOMS}
