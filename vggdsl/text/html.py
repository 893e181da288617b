"""What a notebook shows: HTML without a style sheet, so that the page stays light or dark. What it holds is text."""

from binascii import b2a_base64

from vggdsl.text.printing import LINE, shown

_MARKS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

ERROR, WARNING, PLACE = "#e5484d", "#b7791f", "#4a8fe7"
"""Seen on white and on black. They only help to find a place: what it is stands in words."""


def escaped(text: str) -> str:
    """As `html.escape`, with which all of HTML's names for characters are read in, at each start."""
    return text.translate(_MARKS)


def as_text(text: str) -> str:
    """Text of any origin, on one line.

    >>> as_text("<b>a & b</b>")
    '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return escaped(shown(" ".join(text.split()), LINE))


def framed(*parts: str) -> str:
    """One thing that is shown, of parts in HTML; what stands between dollars isn't set as a formula."""
    return f'<div class="vggdsl tex2jax_ignore mathjax_ignore">{"".join(parts)}</div>'


def paragraph(html: str) -> str:
    return f'<p style="margin:0.4em 0">{html}</p>'


def folded(title: str, html: str, *, is_open: bool) -> str:
    """What is shown in full where it is opened, under a title in text."""
    return f"<details{' open' if is_open else ''}><summary>{as_text(title)}</summary>{html}</details>"


def image(svg: str, title: str) -> str:
    """A picture, which is no wider than the page and keeps its rules to itself."""
    data = b2a_base64(svg.encode(), newline=False).decode()
    return f'<img alt="{as_text(title)}" src="data:image/svg+xml;base64,{data}" style="max-width:100%">'
