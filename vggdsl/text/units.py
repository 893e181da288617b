"""Quantities as people read them: counts, probabilities, bytes, durations."""

from collections.abc import Sequence


def plural(count: int, word: str) -> str:
    """A count of things.

    >>> plural(1, "error"), plural(2_000, "error")
    ('1 error', '2,000 errors')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def names_text(names: Sequence[str], most: int = 10) -> str:
    """Names as a sentence has them; only some of many, and a part of long ones.

    >>> names_text(["cats"]), names_text(["cats", "dogs", "birds"]), names_text(list("abcdef"), 3)
    ('cats', 'cats, dogs and birds', 'a, b, c and 3 more')
    """
    shown = [name if len(name) <= 40 else f"{name[:39]}…" for name in names[:most]]
    last = [f"{len(names) - most:,} more"] if len(names) > most else [shown.pop()] if len(shown) > 1 else []
    return " and ".join([", ".join(shown), *last])


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def in_words(count: int) -> str:
    """A count as a sentence has it.

    >>> in_words(3), in_words(1_200)
    ('three', '1,200')
    """
    return _WORDS[count] if count < len(_WORDS) else f"{count:,}"


def percent_text(probability: float) -> str:
    """A probability with one decimal; never as a certainty.

    >>> percent_text(0.5), percent_text(0.9999), percent_text(1e-9)
    ('50.0%', '>99.9%', '<0.1%')
    """
    rounded = f"{probability:.1%}"
    return {"100.0%": ">99.9%", "0.0%": "<0.1%"}.get(rounded, rounded)


def bytes_text(count: int) -> str:
    """Bytes in decimal units, as papers print them, and as ``count_text`` prints counts.

    >>> bytes_text(60_348_320), bytes_text(4000), bytes_text(999_960), bytes_text(12)
    ('60.3 MB', '4.0 kB', '1.0 MB', '12 B')
    """
    return _scaled(count, ("B", "kB", "MB", "GB", "TB"))


def count_text(count: int) -> str:
    """A large count in powers of 1000, with one decimal in the first unit of which there are less than a thousand.

    >>> count_text(15_470_264_320), count_text(999_960), count_text(999_940), count_text(640)
    ('15.5 G', '1.0 M', '999.9 K', '640')
    """
    return _scaled(count, ("", "K", "M", "G", "T"))


def _scaled(count: int, units: Sequence[str]) -> str:
    if count < 1000:
        return f"{count} {units[0]}".rstrip()
    power = next(p for p in range(1, len(units)) if p == len(units) - 1 or round(count / 1000**p, 1) < 1000)
    return f"{count / 1000**power:,.1f} {units[power]}"


def time_text(seconds: float) -> str:
    """A duration in two units at the most.

    >>> time_text(8.2), time_text(125), time_text(7_500), time_text(266_000)
    ('8.2 s', '2 min 5 s', '2 h 5 min', '3 d 2 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole, minutes, hours = round(seconds), round(seconds / 60), round(seconds / 3600)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours // 24:,} d {hours % 24} h"
