"""Where the codes of findings lead."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from vggdsl.editor.findings import page_of
from vggdsl.text.codes import CODES


def test_each_code_leads_to_its_part_of_the_page() -> None:
    for code in CODES.values():
        page, _, anchor = (page_of(code) or "").partition("#")
        assert f"[{code.name}](#{anchor})" in Path(url2pathname(urlsplit(page).path)).read_text("utf-8")
