"""Quantities as people read them."""


def bytes_text(count: int) -> str:
    """Bytes in decimal units, as papers print them.

    >>> bytes_text(60_348_320), bytes_text(4000)
    ('60.3 MB', '4.0 kB')
    """
    unit = max((u for u in (1, 1e3, 1e6, 1e9, 1e12) if count >= u), default=1)
    name = {1: "B", 1e3: "kB", 1e6: "MB", 1e9: "GB", 1e12: "TB"}[unit]
    return f"{count} B" if unit == 1 else f"{count / unit:,.1f} {name}"
