"""Specs that leave choices open, as `show` tells of them."""

from vggdsl.cli.common import exit_code, print_table, report, say
from vggdsl.cli.schemas.specs import OutputRanges, RangeData, RangedElement, ShownSpace
from vggdsl.spec.checked import IN_SECONDS
from vggdsl.spec.ranges import ElementRanges, Outputs, Range, SpaceRanges, notes_of, ranges, table_of
from vggdsl.spec.space import Space, tried_networks
from vggdsl.spec.space_check import check_space


def show_space(space: Space, form: str, codes: list[int]) -> ShownSpace | None:
    """Prints the ranges of a space in a form, or gives them as JSON; reports what is wrong with it."""
    made = tried_networks(space, IN_SECONDS)
    findings = check_space(space, made)
    report(findings)
    codes.append(exit_code(findings))
    found = ranges(space, made)
    if found is None:
        return None
    if form == "json":
        return _json(space, found)
    print_table(table_of(found), form)
    if form == "table":
        for line in notes_of(space, found):
            say(line)
    return None


def _json(space: Space, found: SpaceRanges) -> ShownSpace:
    return {
        "name": space.name,
        "source": space.document.citation,
        "networks": found.networks,
        "choices": [{"name": choice.name, "options": list(choice.options)} for choice in space.choices],
        "tried": found.tried,
        "wrong": found.wrong,
        "output": _outputs(found.output),
        "params": _range(found.params),
        "macs": _range(found.macs),
        "weight_layers": _range(found.weight_layers),
        "receptive_field": _range(found.receptive_field),
        "elements": [_element(each) for each in found.elements],
    }


def _element(element: ElementRanges) -> RangedElement:
    return {
        "text": element.text,
        "line": element.span.line,
        "depth": element.depth,
        "networks": element.networks,
        "output": None if element.output is None else _outputs(element.output),
        "params": None if element.params is None else _range(element.params),
        "macs": None if element.macs is None else _range(element.macs),
    }


def _outputs(outputs: Outputs) -> OutputRanges:
    return {"channels": _range(outputs.c), "height": _range(outputs.h), "width": _range(outputs.w)}


def _range(found: Range) -> RangeData:
    return {"low": found.low, "high": found.high}
