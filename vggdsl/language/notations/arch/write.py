"""Syntax -> text, in the one form that ``fmt`` gives."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, takewhile
from typing import assert_never

from vggdsl.language import syntax
from vggdsl.language.notations.arch.claims import AnyClaim, block, blocks, claim_cells
from vggdsl.language.notations.arch.layout import INDENT, WIDEST, columns, goes_on, with_comments
from vggdsl.language.spelling import (
    bare_text,
    expects_pieces,
    item_text,
    items_text,
    measure_text,
    option_text,
    repeat_text,
)
from vggdsl.language.syntax import Line


def write(document: syntax.Document) -> str:
    """The text of a document: ``parse(write(document)) == document``.

    Words are spelled one way, sizes with ``x``; figures, strings and comments stay as they are.
    Arrows, strings and comments of neighbouring lines are aligned. Elements that are too wide for a line
    are broken inside their brackets, a branch a line, and arrows between their figures, behind a comma.
    Claims of one place that follow each other stand in a block, and so does one that is too wide for a line.
    """
    texts: list[str] = []
    for place, lines in blocks(document.lines):
        texts += _lines(lines, "") if place is None else block(place, lines)
    return "\n".join(texts) + "\n" if texts else ""


def _lines(lines: Iterable[Line], indent: str) -> Iterable[str]:
    for aligned, run in groupby(lines, key=lambda line: _alignment(line, indent)):
        rows = list(run)
        if aligned is not None:
            yield from _aligned(rows, indent)
            continue
        for line in rows:
            yield from _wide(line, indent) if _is_wide(line, indent) else _block(line, indent)


def _alignment(line: Line, indent: str) -> tuple[object, ...] | None:
    """What neighbours a line is aligned with; None for sections, wide lines, and lines without content."""
    content = line.content
    if content is None or isinstance(content, syntax.Block | syntax.Train | syntax.Measured):
        return None
    if _is_wide(line, indent):
        return None
    if isinstance(content, syntax.Claim):
        return syntax.Claim, content.on is None, len(content.measures), len(content.protocol)
    return (type(content),)


def _aligned(rows: list[Line], indent: str) -> Iterable[str]:
    widest = WIDEST - len(indent) if isinstance(rows[0].content, AnyClaim) else None
    texts = columns([_cells(line.content) for line in rows if line.content is not None], widest)
    fitted = [_fit(indent + text, line.content, indent) for text, line in zip(texts, rows, strict=True)]
    for lines in with_comments(rows, fitted):
        yield from lines


def _fit(text: str, content: syntax.Content | None, indent: str) -> list[str]:
    """A line; several where it is too wide and can go on."""
    if len(text) <= WIDEST:
        return [text]
    if isinstance(content, syntax.Claim):
        pieces = [*filter(None, _cells(content))]
        pieces[:2] = [" ".join(pieces[:2])] if content.on else pieces[:2]
        pieces[-2:] = [" ".join(pieces[-2:])] if content.where is not None else pieces[-2:]  # no comma before a place
        first, *more = pieces
        return goes_on([indent + first], more, len(indent + 2 * INDENT), WIDEST)
    if not isinstance(content, syntax.Items | syntax.Edit):
        return [text]
    _, *more = _pieces(content.items)
    head = text[: len(text) - sum(1 + len(piece) for piece in more)]
    return _filled([head], content.items, indent, WIDEST)


def _filled(lines: list[str], items: Sequence[syntax.Item], indent: str, widest: int) -> list[str]:
    """The lines with the pieces of items behind their first one, which is there; figures stand under each other."""
    _, *more = _pieces(items)
    arrows = (expects_pieces(item.expects) for item in items if item.expects)
    hang = next((len(lines[-1]) - len(first) + len("-> ") for first, *figures in arrows if figures), 0)
    if any(hang + len(f"{piece},") > widest for piece in more):
        hang = len(indent + 2 * INDENT)
    return goes_on(lines, more, hang, widest)


def _pieces(items: Iterable[syntax.Item]) -> list[str]:
    """The text of items, divided where a line can go on: before the figures of their arrows, but for the first."""
    pieces: list[str] = []
    for item in items:
        first, *figures = expects_pieces(item.expects) if item.expects else [""]
        text = f"{bare_text(item)} {first}".rstrip()
        pieces[-1:] = [f"{pieces[-1]} {text}" if pieces else text]
        pieces += figures
    return pieces


def _cells(content: syntax.Content) -> list[str]:
    """A line in the pieces that are aligned with those of its neighbours."""
    match content:
        case syntax.Items(items):
            body, arrow = [item_text(item) for item in items], ""
            if sum(item.expects is not None for item in items) == 1 and items[-1].expects:
                body, arrow = [*body[:-1], bare_text(items[-1])], " ".join(expects_pieces(items[-1].expects))
            return [" ".join(body), arrow] if arrow else [" ".join(body)]
        case syntax.Cites(text):
            return [f'source "{text}"']
        case syntax.After(kind, items):
            return [f"after {kind}:", items_text(items) or "none"]
        case syntax.Default(kind, options):
            return [f"default {kind}:", " ".join(map(option_text, options))]
        case syntax.Link(verb, path):
            return [f'{verb} "{path}"']
        case syntax.Remove(first, last):
            return [f"remove {first}..{last}" if last else f"remove {first}"]
        case syntax.Edit(verb, label, items):
            return [f"{verb} {label}: {items_text(items)}"]
        case syntax.Claim() | syntax.ResultLineClaim():
            return claim_cells(content)
        case syntax.Entry(key):
            return [key, content.written] if content.is_keyed else [content.written]
        case syntax.ResultLine():
            return [str(content)]
        case syntax.Results(measures, protocol_options):
            return [" ".join([*map(measure_text, measures), *map(str, protocol_options)])]
        case syntax.Block() | syntax.Train() | syntax.Measured():
            raise AssertionError("sections are written by _block")
        case _:
            assert_never(content)


def _block(line: Line, indent: str) -> Iterable[str]:
    content, comment = line.content, f"  {line.comment}" if line.comment else ""
    match content:
        case syntax.Block(name, parameters, lines):
            head = f"block {name}({', '.join(parameters)}) {{"
            one = " ".join(text.strip() for text in _lines(lines, ""))
            plain = len(lines) == 1 and lines[0].comment is None
            if plain and not comment and len(indent + head + one) + 3 <= WIDEST:
                yield f"{indent}{head} {one} }}"
                return
        case syntax.Train(lines):
            named = f" {content.name}" if content.name else ""
            base = f" as {content.base}" if content.base else ""
            head = f"train{named}{base} {{"
        case syntax.Measured(lines):
            head = "measured {"
        case _:
            yield (indent + (line.comment or "")).rstrip()
            return
    yield f"{indent}{head}{comment}"
    yield from _sections(lines, indent + INDENT)
    yield f"{indent}}}"


def _sections(lines: tuple[Line, ...], indent: str) -> Iterable[str]:
    """Lines in braces; the keys of a section's entries share one column."""
    entries = [line.content for line in lines if isinstance(line.content, syntax.Entry)]
    keys = [len(entry.key) for entry in entries if entry.is_keyed]
    if not keys:
        yield from _lines(lines, indent)
        return
    for line in lines:
        if isinstance(line.content, syntax.Entry) and line.content.is_keyed:
            text = f"{line.content.key.ljust(max(keys))} {line.content.written}"
            yield indent + text + (f"  {line.comment}" if line.comment else "")
        else:
            yield from _lines([line], indent)


def _is_wide(line: Line, indent: str) -> bool:
    """Whether a line must be broken, and can be: what is printed behind an element doesn't count."""
    content = line.content
    if not isinstance(content, syntax.Items | syntax.Edit):
        return False
    *items, last = content.items
    if not any(_opens(item) for item in content.items):
        return False
    head = f"{content.verb} {content.label}: " if isinstance(content, syntax.Edit) else ""
    return len(indent + head + items_text([*items, replace(last, expects=None)])) > WIDEST


def _wide(line: Line, indent: str) -> Iterator[str]:
    """The line, broken inside brackets: newlines there don't end it."""
    content = line.content
    assert isinstance(content, syntax.Items | syntax.Edit)
    head = f"{indent}{content.verb} {content.label}:" if isinstance(content, syntax.Edit) else ""
    *texts, last = _broken(content.items, indent, [head])
    yield from texts
    yield last + (f"  {line.comment}" if line.comment else "")


def _broken(items: Sequence[syntax.Item], indent: str, lines: list[str], inside: bool = False) -> list[str]:
    """Lines with the items behind those that are there; between items they break only ``inside`` of brackets."""
    widest = WIDEST - len(" |") if inside else WIDEST
    for place, item in enumerate(items):
        width = len(bare_text(item))
        if inside and lines[-1] and len(lines[-1]) + 1 + width > widest:
            lines.append("")
        elif not inside:  # what follows must stand on this line, up to the next bracket
            after = takewhile(lambda each: not _opens(each), items[place + 1 :])
            width += sum(1 + len(bare_text(each)) for each in after)
        before = len(lines[-1]) + 1 if lines[-1] else len(indent)
        if before + width <= widest or not _opens(item):
            _append(lines, _pieces([item])[0], indent)
        else:
            opener, parts, closer = _opened(item.element)
            _append(lines, f"{item.label}: {opener}" if item.label else opener, indent)
            for i, part in enumerate(parts):
                inner = _broken(part, indent + INDENT, [""], inside=True)
                inner[-1] += " |" if i + 1 < len(parts) else ""
                lines += inner
            arrow = f" {expects_pieces(item.expects)[0]}" if item.expects else ""
            lines.append(indent + closer + repeat_text(item) + arrow)
        _filled(lines, [item], indent, widest)
    return lines


def _append(lines: list[str], text: str, indent: str) -> None:
    lines[-1] = f"{lines[-1]} {text}" if lines[-1] else indent + text


def _opens(item: syntax.Item) -> bool:
    return isinstance(item.element, syntax.Merge | syntax.Group | syntax.Alternation | syntax.Aux)


def _opened(element: syntax.Element) -> tuple[str, tuple[tuple[syntax.Item, ...], ...], str]:
    """An element's opening bracket, what is between, and the closing one."""
    match element:
        case syntax.Merge(kind, branches):
            return f"{kind}[", branches, "]"
        case syntax.Group(items):
            return "(", (items,), ")"
        case syntax.Alternation(alternatives, name=name):
            return f"( {name}=" if name else "(", alternatives, ")"
        case syntax.Aux(weight, items):
            return f"aux {weight.text} {{", (items,), "}"
        case _:
            raise AssertionError(f"{element} has no brackets to break")
