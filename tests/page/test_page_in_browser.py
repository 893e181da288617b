"""The page in a browser: by this Python, and by one in the browser itself where the npm package `pyodide` is."""

import http.server
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

import pytest

from vggdsl.page.engine import answer_json
from vggdsl.page.serve import Server
from vggdsl.page.site import pyodide, site, write_site
from vggdsl.page.static import static
from vggdsl.text.errors import InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python isn't installed")
PRINTED = Path(__file__).parents[1] / "fixtures" / "printed"
SPECS = Path(__file__).parents[2] / "specs"
MISTAKE = "input 32x32x3 conv3-64 maxpol conv3-128 FC-10 softmax"
PHONE, DESKTOP = (360, 740), (1280, 800)
playwright.expect.set_options(timeout=60_000)  # where many tests share few cores
TYPED = "text => { const t = document.getElementById('text'); t.value = text; t.dispatchEvent(new Event('input')); }"
_OVERFLOW = "each => each.scrollWidth - each.clientWidth"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(server: http.server.HTTPServer) -> Iterator[str]:
    with server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def here() -> Iterator[str]:
    with served(Server(0)) as url:
        yield url


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site, in a folder of its server."""
    named = os.environ.get("PYODIDE")
    try:
        package = pyodide(Path(named) if named else None)
    except InputError:
        pytest.skip("the npm package `pyodide` isn't installed: PYODIDE names its folder")
    root = tmp_path_factory.mktemp("site")
    write_site(root / "below", site(package))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    with served(server) as url:
        yield f"{url}below/"


@contextmanager
def opened(
    browser: "Browser", url: str, size: tuple[int, int] = DESKTOP, scheme: Literal["light", "dark"] = "light"
) -> Iterator["Page"]:
    """The page, of which at the end nothing was told on the console, and nothing asked of others."""
    width, height = size
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    page = context.new_page()
    told, asked = list[str](), list[str]()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("requestfailed", lambda request: told.append(f"{request.url}: {request.failure}"))
    context.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.wait_for_selector("#size:not([hidden])", timeout=120_000)
    yield page
    assert told == []
    origin = re.match(r"http://[^/]+/", url)
    assert origin is not None
    assert [each for each in asked if not each.startswith((origin[0], f"blob:{origin[0]}"))] == []
    context.close()


def expect(page: "Page", selector: str) -> Any:
    return playwright.expect(page.locator(selector).first)


def count(page: "Page", selector: str, number: int) -> None:
    playwright.expect(page.locator(selector)).to_have_count(number)


def accessible(page: "Page") -> None:
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []
    assert page.eval_on_selector("html", _OVERFLOW) == 0


def use(browser: "Browser", url: str) -> None:
    """What a person does first: a mistake, what mends it, a spec, a table, a line, a link."""
    with opened(browser, url) as page:
        expect(page, "#size dd").to_have_text("138,357,544")
        page.fill("#text", MISTAKE)
        expect(page, "#verdict").to_have_text("✗ 1 error")
        expect(page, "#findings pre").to_contain_text("^^^^^^ not known")
        expect(page, "mark.error").to_have_text("maxpol")
        expect(page, "#layers").to_contain_text("once the errors are mended")
        page.click("text=Write maxpool for maxpol")
        expect(page, "#text").to_have_value(MISTAKE.replace("maxpol", "maxpool"))
        expect(page, "#verdict").to_have_text("✓ No errors")
        expect(page, "mark").not_to_be_attached()
        page.keyboard.press("Control+z")
        expect(page, "#text").to_have_value(MISTAKE)

        page.fill("#text", (SPECS / "googlenet" / "googlenet.arch").read_text("utf-8"))
        expect(page, "#size dd").to_have_text("6,998,552")
        expect(page, "#layers .total").to_contain_text("6,998,552")

        page.fill("#text", (PRINTED / "vgg_table_1.txt").read_text("utf-8"))
        expect(page, "#recognised").to_have_text("Read as a table of configurations, as VGG's.")
        assert page.locator("#network option").all_inner_texts() == ["A", "A-LRN", "B", "C", "D", "E"]
        page.select_option("#network", label="D")
        expect(page, "#size dd").to_have_text("138,357,544")
        page.click("#tab-spec")
        page.click("text=Edit this instead")
        expect(page, "#recognised").to_be_hidden()
        expect(page, "#size dd").to_have_text("138,357,544")

        page.click("#tab-picture")
        expect(page, "#picture img").to_have_attribute("alt", re.compile("16 layers with weights"))
        assert page.evaluate("document.querySelector('#picture img').naturalWidth") > 100
        with page.expect_download() as saved:
            page.click("text=Download SVG")
        assert Path(saved.value.path()).read_text("utf-8").startswith("<svg ")

        page.fill("#text", "input 32x32x3\nconv3-64\n# nothing\nFC-10 softmax")
        page.click("#tab-explained")
        page.locator("#text").press("Control+Home")
        page.keyboard.press("ArrowDown")
        expect(page, "#explained h3").to_have_text("conv1_1 conv3-64")
        page.keyboard.press("ArrowDown")
        expect(page, "#explained").to_contain_text("No layer stands on line 3")


def test_it_is_used_with_this_python(browser: "Browser", here: str) -> None:
    use(browser, here)


def test_it_is_used_with_python_in_the_browser(browser: "Browser", alone: str) -> None:
    use(browser, alone)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
def test_all_can_use_it(browser: "Browser", here: str, size: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
    with opened(browser, here, size, scheme) as page:
        page.select_option("#examples", "googlenet")
        expect(page, "#size dd").to_have_text("6,998,552")
        for tab, shown in (("layers", "table"), ("picture", "img"), ("claims", "table"), ("spec", "pre")):
            page.click(f"#tab-{tab}")
            expect(page, f"#{tab} {shown}").to_be_visible()
            accessible(page)
            if size == DESKTOP and shown == "table":
                assert page.eval_on_selector(f"#{tab} .scroll", _OVERFLOW) == 0
        page.fill("#text", f"{MISTAKE}\nmaxpool ceil\nclaim params 7.7M\nclaim macs")
        count(page, "#findings li", 2)
        accessible(page)
        page.fill("#text", (PRINTED / "keras_vgg16.txt").read_text("utf-8"))
        page.click("text=17 things were assumed")
        accessible(page)


def test_keys_are_enough(browser: "Browser", here: str) -> None:
    with opened(browser, here) as page:
        page.focus("#tab-layers")
        for key, tab in (
            ("ArrowRight", "picture"),
            ("End", "pytorch"),
            ("ArrowRight", "layers"),
            ("ArrowLeft", "pytorch"),
        ):
            page.keyboard.press(key)
            expect(page, f"#tab-{tab}").to_be_focused()
            expect(page, f"#{tab}").to_be_visible()
            count(page, "[role=tab][tabindex='0']", 1)
        page.keyboard.press("Home")
        page.keyboard.press("Escape")
        expect(page, "#text").to_be_focused()
        page.fill("#text", f"# first\n{MISTAKE}")
        count(page, "#findings li", 1)
        page.keyboard.press("F8")
        chosen = "[document.activeElement.id, getSelection().toString()]"
        assert page.evaluate(chosen) == ["text", "maxpol"]
        page.fill("#text", f"{MISTAKE} avpool convv")
        count(page, "#findings li", 3)
        for word in ("maxpol", "avpool", "convv", "maxpol"):
            page.keyboard.press("F8")
            assert page.evaluate(chosen) == ["text", word]


def test_a_link_carries_the_text(browser: "Browser", here: str) -> None:
    text = "# ×😀\ninput 32x32x3 conv3-64 FC-10 softmax\n"
    with opened(browser, here) as page:
        page.wait_for_url("**/#z=*")
        before = page.url
        page.fill("#text", text)
        expect(page, "#size dd").to_have_text("657,162")
        playwright.expect(page).not_to_have_url(before)
        link = page.url
    with opened(browser, link) as page:
        expect(page, "#text").to_have_value(text)
        page.goto(f"{here}#t=aW5wdXQgOHg4eDEgRkMtMw")
        expect(page, "#text").to_have_value("input 8x8x1 FC-3")


def test_a_link_that_is_damaged_shows_no_other_network(browser: "Browser", here: str) -> None:
    with opened(browser, here) as page:
        page.wait_for_url("**/#z=*")
        whole = page.url
        for fragment, why in (
            (whole.partition("#")[2][:-8], "a part of it is missing"),
            ("z=AAAA", "a part of it is missing"),
            ("t=!", "a part of it is missing"),
            ("n=4&t=", "carries no text"),
            ("nets", "carries no text"),
        ):
            page.goto("about:blank")
            page.goto(f"{here}#{fragment}")
            expect(page, "#notice").to_contain_text(f"This link is damaged: {why}" if "part" in why else why)
            expect(page, "#verdict").to_have_text("Type or paste a network, or choose an example.")
            expect(page, "#text").to_have_value("")
            expect(page, "#size").to_be_hidden()
        page.fill("#text", "input 8x8x1 FC-3")
        expect(page, "#size dd").to_have_text("195")
        expect(page, "#notice").to_be_hidden()
        page.evaluate("location.hash = '#z=AAAA'")  # what is there stays, and nothing is said of it
        expect(page, "#notice").to_be_visible()
        expect(page, "#text").to_have_value("input 8x8x1 FC-3")
        expect(page, "#size").to_be_hidden()
        expect(page, "#verdict").to_have_text("")


def test_what_is_said_of_another_text_doesnt_pass_for_this_one(browser: "Browser", here: str) -> None:
    """While an answer is long in coming it is dimmed, and where none can come hidden."""
    with opened(browser, here) as page:
        expect(page, "#verdict").to_have_text("✓ 1 printed figure holds")
        held = list[Any]()
        page.route("**/answer", lambda route: held.append(route))
        page.fill("#text", MISTAKE)
        expect(page, "#verdict").to_have_text("Reading …")
        expect(page, "#verdict").not_to_have_class("right")
        expect(page, "#seen").to_have_attribute("data-of", "before")
        expect(page, "#seen").to_have_attribute("aria-busy", "true")
        held.pop().fulfill(body="torn")
        expect(page, "#engine").to_contain_text("JSON")
        for hidden in ("#size", "#layers", "#findings-part"):
            expect(page, hidden).to_be_hidden()
        expect(page, "#verdict").to_have_text("")
        page.unroute("**/answer")
        page.click("#tab-picture")
        expect(page, "#verdict").to_have_text("✗ 1 error")
        expect(page, "#seen").to_have_attribute("aria-busy", "false")
        page.fill("#text", " \n")
        expect(page, "#verdict").to_have_text("Type or paste a network, or choose an example.")
        expect(page, "#findings-part").to_be_hidden()


def test_what_is_typed_is_never_markup(browser: "Browser", here: str) -> None:
    with opened(browser, here) as page:
        page.fill("#text", '<img src=x onerror=alert(1)> `<b>`\ninput 8x8x1 "</pre><script>x</script>"')
        expect(page, "#findings li").to_be_attached()
        assert page.evaluate("document.querySelectorAll('#findings img, #findings b, #findings script').length") == 0
        page.fill("#text", 'source "<svg onload=alert(1)>"\ninput 8x8x1 FC-3')
        page.click("#tab-picture")
        expect(page, "#picture img").to_be_visible()


_WORKER = """
const answer = {ANSWER};
postMessage({ is_ready: true });
onmessage = ({ data }) => {
  const { text } = JSON.parse(data);
  if (text.startsWith("# hang")) return;
  if (text.startsWith("# dead")) postMessage({ ended: "Python has ended." });
  else if (text.startsWith("# throw")) throw new Error("torn");
  else if (text.startsWith("# bug")) postMessage({ failed: "a mistake" });
  else postMessage({ answer });
};
"""
"""What only asks itself whether it hangs, ends or is wrong, in the place of Python."""


def test_a_python_that_gives_no_answer_is_started_anew(browser: "Browser", tmp_path: Path) -> None:
    worker = _WORKER.replace("{ANSWER}", json.dumps(answer_json(json.dumps({"text": MISTAKE}))))
    write_site(tmp_path / "site", {**static("by_worker"), "worker.js": worker.encode(), "examples.json": b"[]"})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "site")))
    with served(server) as url:
        page = browser.new_context().new_page()
        page.clock.install()
        page.goto(url)
        for text, told in (
            ("# hang", "No answer came within 20 seconds"),
            ("# dead", "Python has ended."),
            ("# throw", "torn"),
            ("# bug", "a mistake"),
        ):
            for typed in (text, f"{text} again"):
                page.evaluate("document.getElementById('engine').textContent = ''")
                page.fill("#text", typed)
                page.clock.run_for(1_000)  # the pause behind the last key
                for _ in range(100 if text == "# hang" else 0):  # the patience begins when the worker was loaded
                    if told in page.inner_text("#engine"):
                        break
                    page.clock.run_for(10_000)
                expect(page, "#engine").to_contain_text(told)
                expect(page, "#text").to_have_value(typed)
            page.fill("#text", "good")
            page.clock.run_for(1_000)
            expect(page, "#engine").to_be_hidden()
            expect(page, "#verdict").to_have_text("✗ 1 error")


def test_what_is_opened_stays_so_while_its_finding_does(browser: "Browser", here: str) -> None:
    second = "#findings li:nth-child(2)"
    with opened(browser, here) as page:
        page.fill("#text", f"{MISTAKE} maxpol")
        count(page, "#findings li", 2)
        page.click(f"{second} summary")
        page.evaluate(TYPED, f"# more\n{MISTAKE} maxpol")
        expect(page, f"{second} pre").to_contain_text("2 |")
        count(page, "#findings details[open]", 1)
        expect(page, f"{second} details").to_have_attribute("open", "")
        expect(page, f"{second} summary").to_be_focused()
        page.evaluate(TYPED, MISTAKE)
        count(page, "#findings li", 1)
        count(page, "#findings details[open]", 0)


def test_a_long_text_is_replaced_at_once_and_comes_back(browser: "Browser", here: str) -> None:
    """A browser that makes such a replacement undone by a key is busy for minutes, longer than is waited here."""
    text = "input 8x8x1\n" + "conv3-1\n" * 1500 + "FC-3"
    with opened(browser, here) as page:
        page.evaluate(TYPED, text)
        expect(page, "#size dd").to_have_text("15,195")
        page.click("#tab-spec")
        page.click("text=Edit this instead")
        playwright.expect(page.locator("#text")).to_have_value(f"{text}\n")
        page.click("#back")
        expect(page, "#text").to_have_value(text)
        page.select_option("#examples", "vgg_d")
        expect(page, "#size dd").to_have_text("138,357,544")
        page.click("#back")
        expect(page, "#text").to_have_value(text)
        expect(page, "#size dd").to_have_text("15,195")


@pytest.mark.parametrize(("size", "shown"), [(PHONE, 1), (DESKTOP, 3)], ids=["phone", "desktop"])
def test_panels_are_within_reach_of_many_findings(
    browser: "Browser", here: str, size: tuple[int, int], shown: int
) -> None:
    with opened(browser, here, size) as page:
        page.fill("#text", f"{MISTAKE}\n" + "maxpol\n" * 9)
        count(page, "#findings li", 10)
        count(page, "#findings li:not([hidden])", shown)
        assert page.evaluate("document.getElementById('tabs').getBoundingClientRect().top") < 1.5 * size[1]
        page.click(f"text=Show {10 - shown} more")
        count(page, "#findings li:not([hidden])", 10)
        page.fill("#text", f"{MISTAKE}\n" + "maxpol\n" * 8)
        count(page, "#findings li:not([hidden])", 9)
        accessible(page)
        page.fill("#text", MISTAKE)
        expect(page, "#all-findings").to_be_hidden()
        page.fill("#text", f"{MISTAKE}\n" + "maxpol\n" * 9)
        count(page, "#findings li:not([hidden])", shown)


def test_a_space_is_shown_as_many_networks(browser: "Browser", here: str) -> None:
    with opened(browser, here) as page:
        page.fill("#text", "input 8x8x3\nconv3-{4|8} x{1..2}\n( maxpool | identity )\nFC-10 softmax\n")
        expect(page, "#verdict").to_have_text("✓ A space of 8 networks")
        expect(page, "#size dd").to_have_text("762..5,938")
        expect(page, "#layers .total").to_contain_text("762..5,938")
        expect(page, "#layers .notes").to_contain_text("the ranges are those of all 8 networks")
        accessible(page)
        page.click("#tabs [aria-controls=picture]")
        expect(page, "#picture").to_have_text(
            "This is told of one network, and the text is 8 networks: write one option of each choice."
        )
        page.fill("#text", "input 8x8x3\nconv3-4\nFC-10 softmax\n")
        expect(page, "#picture img").to_be_visible()


def test_what_a_panel_showed_stays_while_a_word_is_half_typed(browser: "Browser", here: str) -> None:
    with opened(browser, here) as page:
        expect(page, "#layers .content").to_contain_text("pool5")
        page.locator("#text").press("Control+Home")
        page.keyboard.type("inp")
        expect(page, "#verdict").to_contain_text("error")
        expect(page, "#layers").to_contain_text("of the text before")
        expect(page, "#layers .content[inert]").to_contain_text("pool5")
        accessible(page)
        page.click("#tab-picture")
        expect(page, "#picture").to_have_text("It is shown once the errors are mended.")
        page.fill("#text", "input 8x8x1 FC-3")
        expect(page, "#picture img").to_be_visible()
        expect(page, ".content[inert]").not_to_be_attached()
        page.click("#tab-layers")
        expect(page, "#layers .content").to_contain_text("FC-3")
        page.evaluate("location.hash = '#t=aW5wdXQ'")  # another text, with an error
        expect(page, "#layers").to_have_text("It is shown once the errors are mended.")


def test_pictures_are_shown_whole(browser: "Browser", here: str) -> None:
    with opened(browser, here, PHONE) as page:
        page.click("#tab-picture")
        expect(page, "#picture img").to_be_visible()
        hidden = "(([part]) => part.scrollWidth - part.clientWidth)(document.getElementsByClassName('picture'))"
        assert page.evaluate(hidden) == 0
        page.click("text=Enlarge")
        assert page.evaluate(hidden) > 100
        accessible(page)
        page.click("text=Enlarge")
        assert page.evaluate(hidden) == 0


def test_the_end_of_the_server_is_told(browser: "Browser") -> None:
    command = [sys.executable, "-m", "vggdsl", "page", "--serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        page = browser.new_context().new_page()
        page.goto(process.stdout.readline().partition(" ")[0])
        expect(page, "#size dd").to_have_text("138,357,544")
        process.kill()
    page.fill("#text", MISTAKE)
    expect(page, "#engine").to_contain_text("has ended")
