"""How many examples the properties try: ``HYPOTHESIS_PROFILE=thorough`` tries 50 times as many."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from lark import lexer
from profiles import THOROUGH

from specs import BRANCHING, GOOD, WRONG

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_lsp import LanguageClient

FEW = 100
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=FEW, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=50 * FEW, print_blob=True, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# What one process has compiled of the package and of the tests the next finds, in __pycache__ as always, even where
# Python is told to keep nothing, as in many containers: each of hundreds of processes would compile all of it again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

lexer.has_interegular = False  # with it the grammar takes 2 s to build; one test asks for it

if "PYTEST_XDIST_WORKER" in os.environ:  # PyTorch is for those that run tests, and they share the cores already
    import torch

    torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is there before the first test stays until the end: nobody looks for garbage in it, which takes a second."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not THOROUGH and item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.skip(reason="is of a kind with a quicker one: in the thorough profile"))


@pytest.fixture
def torch_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where PyTorch and torchvision look for weights before they fetch them: a folder that isn't there yet."""
    from torch import hub

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "_hub_dir", None)
    return tmp_path / "cache" / "hub" / "checkpoints"


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.arch"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    path = tmp_path / "wrong.arch"
    path.write_text(WRONG)
    return str(path)


@pytest.fixture
def branching(tmp_path: Path) -> str:
    path = tmp_path / "branching.arch"
    path.write_text(BRANCHING)
    return str(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> "AsyncIterator[LanguageClient]":
    """An editor, for all tests of a file: the language server takes a second to start."""
    from clients import editor

    async with editor(tmp_path_factory.mktemp("project")) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium, which shows nothing to anybody."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("Debian's chromium isn't installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()
