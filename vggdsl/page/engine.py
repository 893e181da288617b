"""What the page is answered: everything is that of ``vggdsl check``, ``show``, ``draw`` and ``explain``."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from vggdsl.drawing.draw import picture
from vggdsl.drawing.svg import to_svg
from vggdsl.language import notations
from vggdsl.network.ops import Merge
from vggdsl.page import questions as of
from vggdsl.spec.checked import Checked, check_text
from vggdsl.spec.claims import ResultClaim, Verdict
from vggdsl.spec.explained import Explained, explain
from vggdsl.spec.layers import layer_table, notes
from vggdsl.spec.ranges import notes_of, ranges, table_of
from vggdsl.spec.space import Network, Space
from vggdsl.spec.spec import Spec
from vggdsl.text.diagnostics import Diagnostic, render, to_json
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Reworded, Source, Span
from vggdsl.text.tables import Table
from vggdsl.text.units import count_text, plural

NAME = "the text"
"""What the text is called in findings."""
MOST = 2**16
"""Characters of a text that are read: what people type or paste is shorter."""
_FINDINGS = 100
_ROWS = 2000
_LAYERS = 2000
"""Layers of which PyTorch is written."""
_EXPLAINED = 100
"""Layers of a line that are explained: of a repetition all stand on one."""
_HALVES = re.compile("[\ud800-\udfff]")


def answer_json(question: str) -> str:
    """As ``answer``. Raises ``ValueError`` where it is no question."""
    return json.dumps(answer(of.question(question)))


def answer(question: of.Question) -> of.Answer:
    """What is to be said of a text, and what of it is to be shown. It raises nothing, whatever the text is."""
    text = _HALVES.sub("\N{REPLACEMENT CHARACTER}", question["text"])  # of characters: no file can hold them
    if len(text) > MOST:
        message = f"the text is longer than {MOST:,} characters, no spec"
        return _answer([Checked([Diagnostic("V502", message, help="leave out what is no network")])], 0, "", text)
    source = Source(NAME, text)
    networks = list(check_text(source))
    chosen = question.get("network", 0)
    chosen = chosen if 0 <= chosen < len(networks) else 0
    spec, space = networks[chosen].spec, networks[chosen].space
    found = _answer(networks, chosen, _recognised(source, networks), text)
    if spec is None and not found["recognised"] and any(each.row.kind == "text" for each in networks[chosen].findings):
        found["near"] = next((_finding(each, _Offsets(text), False) for each in _near(source)), None)
    try:
        for part in question.get("show", []):
            if spec is not None:
                _show(part, spec, question, found)
            elif space is not None:
                _show_space(part, space, networks[chosen], found)
    except VggdslError as error:
        found["refused"] = str(error)
    return found


def _answer(networks: list[Checked], chosen: int, recognised: str, text: str) -> of.Answer:
    offsets, findings, spec = _Offsets(text), networks[chosen].findings, networks[chosen].spec
    said = set() if spec is None else set(map(id, spec.said))
    return {
        "findings": [_finding(each, offsets, id(each) in said) for each in findings[:_FINDINGS]],
        "left_out": max(0, len(findings) - _FINDINGS),
        "networks": [_network(each) for each in networks],
        "network": chosen,
        "recognised": recognised,
        "near": None,
        "blocks": networks[chosen].blocks,
    }


def _recognised(source: Source, networks: Iterable[Checked]) -> str:
    """The notation of a text that is no spec."""
    specs = [each.spec for each in networks if each.spec is not None]
    if any(not spec.is_reworded for spec in specs):
        return ""
    found = None
    try:
        found = notations.recognise(source)
    except VggdslError:  # told among the findings
        return ""
    return "" if found.name == notations.SPEC_LANGUAGE else found.title


def _near(source: Source) -> Iterable[Diagnostic]:
    """Why a text isn't read as what it nearly looks like; or, by what it says that words mean, as anything."""
    try:
        return notations.strangers(source)
    except VggdslError as error:
        return error.diagnostics


class _Offsets:
    """Places as browsers count them, in units of UTF-16."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_plain = text.isascii()

    def of(self, span: Span) -> tuple[int, int]:
        start, end = span.written
        return self._at(start), self._at(end)

    def _at(self, written: int) -> int:
        return written if self.is_plain else len(self.text[:written].encode("utf-16-le")) // 2


def _is_here(span: Span) -> bool:
    return span.source.name == NAME


def _line(span: Span) -> int | None:
    return span.line if _is_here(span) else None


def _finding(found: Diagnostic, offsets: _Offsets, is_said: bool) -> of.Finding:
    marks = list[of.Mark]()
    for label in found.labels:
        if _is_here(label.span):
            start, end = offsets.of(label.span)
            marks.append({"start": start, "end": end, "text": label.text, "primary": label.primary})
    edits = list[of.Fix]()
    for edit in found.fixes:
        if _is_here(edit.span) and not isinstance(edit.span.source, Reworded):
            start, end = offsets.of(edit.span)
            edits.append({"start": start, "end": end, "text": edit.text})
    return {
        **to_json(found),
        "is_said": is_said,
        "excerpt": _excerpt(found),
        "marks": marks,
        "edits": edits,
        "meaning": found.row.meaning,
        "mend": found.row.mend,
    }


def _excerpt(found: Diagnostic) -> str:
    """What stands between the message and the help; of the text itself without its name."""
    lines = render(found).split("\n")[1:]
    lines = lines[:-1] if found.help else lines
    primary = next((label.span for label in found.labels if label.primary), None)
    return "\n".join(lines[2:] if primary is not None and _is_here(primary) else lines)


def _network(checked: Checked) -> of.Network:
    spec = checked.spec
    return {
        "name": checked.column,
        "errors": sum(found.is_error for found in checked.findings),
        "space": "" if checked.space is None else plural(checked.space.networks, "network"),
        "size": _size_of_space(checked) if spec is None else _size(spec),
        "holds": 0 if spec is None else spec.count("holds"),
        "disputed": 0 if spec is None else spec.count("disputed"),
        "refuted": 0 if spec is None else spec.count("refuted"),
    }


def _size(spec: Spec) -> of.Size:
    typed = spec.typed
    return {
        "params": f"{typed.params:,}",
        "macs": count_text(typed.macs),
        "layers": str(typed.weight_layers),
        "input": str(typed.input),
        "output": str(typed.output),
    }


def _size_of_space(checked: Checked) -> of.Size | None:
    """From the smallest to the largest of the networks that were made; None where there is none."""
    first = next((made for _, made in checked.made if isinstance(made, Network)), None)
    if first is None or checked.space is None or (found := ranges(checked.space, checked.made)) is None:
        return None
    macs = dict.fromkeys(map(count_text, (found.macs.low, found.macs.high)))
    return {
        "params": str(found.params),
        "macs": "..".join(macs),
        "layers": str(found.weight_layers),
        "input": str(first.typed.input),
        "output": str(found.output),
    }


def _show(part: of.Part, spec: Spec, question: of.Question, found: of.Answer) -> None:
    match part:
        case "layers":
            found["layers"] = _layers(spec, question.get("every", False))
        case "picture":
            drawn = picture(spec, question.get("style", "volumes"))
            found["picture"] = {"svg": to_svg(drawn), "title": drawn.title, "description": drawn.description}
        case "explained":
            told = list(islice(_on_line(spec, question.get("line", 1)), _EXPLAINED + 1))
            layers = [_explained(each) for each in told[:_EXPLAINED]]
            found["explained"] = {"layers": layers, "is_cut": len(told) > _EXPLAINED}
        case "claims":
            results = [_result(each) for each in spec.results]
            found["claims"] = {"judged": [_judged(each, spec) for each in spec.verdicts], "results": results}
        case "spec":
            found["spec"] = notations.write(spec.document)
        case "pytorch":
            from vggdsl.targets.plain.file import plain_module

            count = sum(not t.is_beside for t in spec.typed.training_nodes)
            if count > _LAYERS:
                most = f"The page writes PyTorch of {_LAYERS:,} layers"
                found["refused"] = f"{most}, and these are {count:,}: `vggdsl show --as pytorch` writes all."
            else:
                found["pytorch"] = plain_module(spec)


def _show_space(part: of.Part, space: Space, checked: Checked, found: of.Answer) -> None:
    match part:
        case "layers":
            if (told := ranges(space, checked.made)) is not None:
                found["layers"] = _rows(table_of(told), notes_of(space, told), branches=False)
        case "spec":
            found["spec"] = notations.write(space.document)
        case _:
            many = plural(space.networks, "network")
            found["refused"] = f"This is told of one network, and the text is {many}: write one option of each choice."


def _layers(spec: Spec, every: bool) -> of.Layers:
    branches = any(isinstance(t.node.op, Merge) for t in spec.typed.training_nodes)
    return _rows(
        layer_table(spec.network, spec.typed, every), notes("the network", spec.document, spec.typed), branches=branches
    )


def _rows(table: Table, notes: Iterable[str], *, branches: bool) -> of.Layers:
    groups, left = list[of.RowsData](), _ROWS
    for group in table.groups:
        rows = group.rows if group.is_total else group.rows[:left]
        left -= len(rows)
        groups.append({"rows": [list(row) for row in rows], "is_total": group.is_total})
    return {
        "columns": [{"name": column.name, "is_words": column.is_words} for column in table.columns],
        "groups": groups,
        "notes": list(notes),
        "left_out": sum(len(group.rows) for group in table.groups) - sum(len(each["rows"]) for each in groups),
        "branches": branches,
    }


def _on_line(spec: Spec, line: int) -> Iterator[Explained]:
    """The layers of a line; of another notation, of which each word keeps its place, those that stand there."""
    if not spec.is_reworded:
        yield from explain(spec, line)
        return
    yield from (each for each in explain(spec) if each.span.line == line)


def _explained(layer: Explained) -> of.ExplainedLayer:
    return {
        "name": layer.name,
        "spelled": layer.spelled,
        "line": _line(layer.span),
        "told": [{"about": about, "text": text} for about, text in layer.told],
    }


def _judged(verdict: Verdict, spec: Spec) -> of.Judged:
    return {
        "on": _on(verdict, spec),
        "measure": verdict.measure.name,
        "printed": verdict.measure.printed,
        "value": verdict.value,
        "status": verdict.status,
        "line": _line(verdict.measure.span),
    }


def _on(verdict: Verdict, spec: Spec) -> str:
    """What a figure is of: of an element with an arrow its label, or the layers that it holds."""
    network, part = spec.network, verdict.part
    if part is None or part.whole or verdict.on in network.labels or verdict.on in spec.typed.by_name:
        return verdict.on
    names = tuple(t.name for t in part.nodes)
    label = next((label for label, nodes in network.labels.items() if nodes == names), None)
    written = [t.name for t in part.nodes if not t.is_beside]
    return label or " … ".join(dict.fromkeys((*written[:1], *written[-1:])))


def _result(claim: ResultClaim) -> of.Result:
    return {
        "measures": [list(pair) for pair in claim.measures],
        "protocol": " ".join(f"{key}={value}" for key, value in claim.protocol),
        "line": _line(claim.span),
    }
