"""What a wheel gets beside its files: the tables of the grammars, so that nobody's first start builds them."""

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def tables() -> dict[str, bytes]:
    """The content of each file."""
    sys.path.insert(0, str(ROOT))
    try:
        from vggdsl.language.notations import grammar
    finally:
        sys.path.remove(str(ROOT))
    return grammar.all_tables()


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # outside of a build
    pass
else:

    class Tables(BuildHookInterface[Any]):
        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if version == "editable":  # in a checkout a grammar may change
                return
            self.made = tempfile.TemporaryDirectory()
            for name, content in tables().items():
                file = Path(self.made.name) / name
                file.write_bytes(content)
                build_data["force_include"][str(file)] = f"vggdsl/grammars/{name}"

        def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
            if version != "editable":
                self.made.cleanup()
