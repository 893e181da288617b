"""The page about runs in a browser: whole, quiet, readable on a phone and in the dark, and open to all (axe)."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from trainings import spec_with

import vggdsl
from vggdsl.experiments.train import train

if TYPE_CHECKING:
    from playwright.sync_api import Browser

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python isn't installed")
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
_BROKEN = "[...document.images].filter(each => !each.naturalWidth).length"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of a run, of two of which one hasn't ended, and of one of which hardly anything can be told."""
    folder = tmp_path_factory.mktemp("shown")
    first, second = (train(spec_with(), seed=seed, runs=folder / "runs", device="cpu") for seed in (0, 1))
    (second.path / "record.arch").unlink()
    made = [vggdsl.report(first)]
    with pytest.warns(UserWarning, match="no record"):
        made.append(vggdsl.report([first, second]))
    (second.path / "best.safetensors").write_bytes(b"torn")
    (second.path / "metrics.csv").unlink()
    with pytest.warns(UserWarning, match="no weights"):
        made.append(vggdsl.report(second))
    paths = [folder / f"{i}.html" for i in range(len(made))]
    for path, text in zip(paths, made, strict=True):
        path.write_text(text, "utf-8")
    return paths


@pytest.mark.parametrize(("scheme", "which"), [("light", (0, 1, 2)), ("dark", (1,))], ids=["light", "dark"])
def test_a_browser_shows_it_whole(
    browser: "Browser", pages: list[Path], scheme: Literal["light", "dark"], which: tuple[int, ...]
) -> None:
    pages = [pages[i] for i in which]
    shown = browser.new_context(color_scheme=scheme, viewport={"width": 375, "height": 800}).new_page()
    told, asked = list[str](), list[str]()
    shown.on("console", lambda message: told.append(message.text))
    shown.on("pageerror", lambda error: told.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    for path in pages:
        shown.goto(path.as_uri())
        shown.evaluate(_OPEN)
        assert shown.evaluate(_OVERFLOW) == 0, path
        assert shown.evaluate(_BROKEN) == 0, path
        found = axe.Axe().run(shown).response["violations"]
        assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == [], path
    assert told == []
    assert {address for address in asked if not address.startswith("data:")} == {path.as_uri() for path in pages}
