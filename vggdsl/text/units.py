"""Quantities as people read them."""


def bytes_text(count: int) -> str:
    """Bytes in decimal units, as papers print them.

    >>> bytes_text(60_348_320), bytes_text(4000)
    ('60.3 MB', '4.0 kB')
    """
    unit = max((u for u in (1, 1e3, 1e6, 1e9, 1e12) if count >= u), default=1)
    name = {1: "B", 1e3: "kB", 1e6: "MB", 1e9: "GB", 1e12: "TB"}[unit]
    return f"{count} B" if unit == 1 else f"{count / unit:,.1f} {name}"


def count_text(count: int) -> str:
    """A large count in powers of 1000, with one decimal in the first unit of which there are less than a thousand.

    >>> count_text(15_470_264_320), count_text(999_960), count_text(999_940), count_text(640)
    ('15.5 G', '1.0 M', '999.9 K', '640')
    """
    if count < 1000:
        return str(count)
    power = next(p for p in (1, 2, 3, 4) if p == 4 or round(count / 1000**p, 1) < 1000)
    return f"{count / 1000**power:,.1f} {'KMGT'[power - 1]}"
