"""Texts as Markdown that editors show: what somebody else wrote is never more than text in it."""

import re

from vggdsl.text.printing import LINE, shown

_SPECIAL = re.compile(r"[\\`*\[\]<|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|^[#>+-]|^\d+(?=[.)] )")


def plain(text: str) -> str:
    """Text in which nothing is a mark.

    >>> plain("conv1_1 gives <b>64</b> *maps*")
    'conv1_1 gives \\\\<b>64\\\\</b> \\\\*maps\\\\*'
    """
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", shown(text, LINE))


def prose(text: str) -> str:
    """Text of our own, in which names stand in backticks: what they hold is code, and the rest is plain."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(code(part) if i % 2 else plain(part) for i, part in enumerate(parts))


def code(text: str) -> str:
    """Text as code, whatever backticks it has.

    >>> code("conv3-64"), code("a`b")
    ('`conv3-64`', '`` a`b ``')
    """
    text = " ".join(shown(text, LINE).split())
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}"


def lines(*texts: str) -> str:
    """Lines of a list."""
    return "\n".join(f"- {text}" for text in texts if text)
