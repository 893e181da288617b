"""How wide a text is, without a font at hand.

The widths are those of DejaVu Sans, the widest of the sans serifs that systems have: in Helvetica, Arial, Liberation
Sans or Segoe UI a text is narrower, so that what has room here has room there.
"""

_WIDTHS = {
    275: "'", 278: "ijl", 295: "IJ", 318: " ,.·’", 337: "/:;\\|", 352: "f", 361: "-", 390: "()[]", 392: "t",
    401: "!", 411: "r", 460: '"', 500: "*_`–", 521: "s", 525: "z", 531: "?", 550: "c", 557: "L", 575: "F", 579: "k",
    592: "vxy", 603: "P", 611: "TY", 612: "o", 613: "a", 615: "e", 632: "E", 634: "hnu", 635: "Sbdgpq",
    636: "$0123456789{}", 656: "K", 684: "AV", 685: "XZ", 686: "B", 695: "R", 698: "C", 732: "U", 748: "N", 752: "H",
    770: "D", 775: "G", 780: "&", 787: "OQ", 818: "w", 838: "#+<=>^~×→", 863: "M", 950: "%", 974: "m", 989: "W",
}  # fmt: skip
"""Thousandths of the size, and the characters that are as wide."""
_WIDTH_OF = {character: width for width, characters in _WIDTHS.items() for character in characters}
_WIDEST = 1000
"""Of any other character: scripts of Asia fill a square."""


def width_of(text: str, size: float) -> float:
    """The room that a text takes on its line, in the unit of its size.

    >>> width_of("conv3-64", 10), width_of("畳み", 10)
    (46.57, 20.0)
    """
    return sum(_WIDTH_OF.get(character, _WIDEST) for character in text) * size / 1000


def wrapped(text: str, size: float, most: float) -> list[str]:
    """A text on as many lines as it takes for each to have at most so much room; a longer word is broken.

    >>> wrapped("inception(64, 96, 128, 16, 32, 32)", 10, 100)
    ['inception(64, 96,', '128, 16, 32, 32)']
    >>> wrapped("bottleneck", 10, 40)
    ['bottlen', 'eck']
    """
    lines = list[str]()
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", size) <= most:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for character in word:
            if lines[-1] and width_of(lines[-1] + character, size) > most:
                lines.append("")
            lines[-1] += character
    return lines
