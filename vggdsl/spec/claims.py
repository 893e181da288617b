"""What a source prints about a network, held against arithmetic.

A structural claim that fails is an error that names the reading under which it would hold; a
disputed one must fail under every reading. Claims about results carry the protocol under which
they were measured and are compared with measurements, never computed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vggdsl.language import syntax
from vggdsl.language.elaborate import AnnotatedGraph
from vggdsl.language.reader import Reader
from vggdsl.language.schema import Key
from vggdsl.language.syntax import Measure, Option, Size
from vggdsl.language.types import OneOf, Text, UnfitError
from vggdsl.language.voice import Voice
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.measures import OF_A_CLASS, STRUCTURAL
from vggdsl.network.shapes import Shape
from vggdsl.spec.classes import wrong_rows
from vggdsl.spec.protocol import PROTOCOL, Protocol
from vggdsl.spec.readings import Offer, Part, at_layer, other_reading
from vggdsl.text.edits import Edit, removal
from vggdsl.text.errors import Diagnostic, Label, respelled, unknown
from vggdsl.text.figures import Figure
from vggdsl.text.source import Placed, Span, as_written


@dataclass(frozen=True)
class Verdict:
    """A structural figure and what came of it: ``holds``, ``disputed`` or ``refuted``."""

    measure: Measure
    on: str
    status: str
    finding: Diagnostic | None = None
    """What is wrong with it, or what is to be known of how it was read."""
    computed: bool = False
    """Whether the claim's place says that no source prints it: it guards the file."""
    value: str = ""
    """What arithmetic gives, as text; empty where the figure is none that it could be held against."""
    part: Part | None = field(default=None, compare=False)
    """What it is of; None where the spec has no such layer."""

    def __repr__(self) -> str:
        return f"Verdict({self.status}: {self.measure.name} {self.measure.printed} of {self.on})"


@dataclass(frozen=True)
class ResultClaim:
    """Results that a source prints, e.g. top-5-error 8.8 %, with their protocol."""

    measures: tuple[tuple[str, str], ...]
    """Names and figures as printed; ``train-accuracy``, ``val-accuracy``, ``test-accuracy`` for a result line."""
    protocol: tuple[tuple[str, str], ...]
    where: str | None
    line: syntax.ResultLine | None
    span: Span

    @property
    def is_of_a_class(self) -> bool:
        """Whether it is a row of a classification report: of one class, or of all on average."""
        return any(name in OF_A_CLASS for name, _ in self.measures)

    __repr__ = as_written


def verify(claims: Iterable[syntax.Claim], network: AnnotatedGraph, typed: TypedGraph) -> Iterator[Verdict]:
    """A verdict for every structural figure: of claims, and of the arrows behind elements."""
    for printed in network.printed:
        part = Part("the element", tuple(typed[name] for name in printed.nodes), False)
        if printed.expects.size is not None:
            measure = Measure("output", printed.expects.size, printed.expects.span)
            yield _called(_output(measure, part), printed.calls)
        for measure in printed.expects.figures:
            yield _called(_verdict(measure, part, "="), printed.calls)
    heads = tuple(t for head in typed.heads for t in head.nodes)
    parts: dict[str | None, Part] = {None: Part("the network", typed.nodes, True, heads)}
    for claim in claims:
        if not all(m.name in STRUCTURAL for m in claim.measures):
            continue
        if claim.on not in parts:
            assert claim.on is not None
            names = network.labels.get(claim.on) or ((claim.on,) if claim.on in typed.by_name else None)
            if names is None:
                yield Verdict(claim.measures[0], claim.on, "refuted", _no_layer(claim.on, network, typed))
                continue
            parts[claim.on] = Part(claim.on, tuple(typed[name] for name in names), False)
        computed = (claim.where or "").startswith("computed")
        for measure in claim.measures:
            yield replace(_verdict(measure, parts[claim.on], "=" if claim.is_row else " "), computed=computed)


def _called(verdict: Verdict, calls: tuple[Span, ...]) -> Verdict:
    """The verdict with the calls of blocks by which its element came about."""
    if verdict.finding is None or not calls:
        return verdict
    labels = (Label(span, "called here", primary=False) for span in calls)
    return replace(verdict, finding=verdict.finding.at(*labels))


def _no_layer(on: Placed, network: AnnotatedGraph, typed: TypedGraph) -> Diagnostic:
    return unknown("V303", "layer", on, list(dict.fromkeys((*network.labels, *typed.by_name))), on.span)


def _verdict(measure: Measure, part: Part, between: str) -> Verdict:
    """``between`` is what stands between a measure and its figure there."""
    if measure.name in ("output", "receptive-field"):
        return _output(measure, part) if measure.name == "output" else _field(measure, part)
    if not isinstance(measure.figure, Figure) or measure.figure.unit == "%":
        return _no_figure(measure, part, "a number such as 138M")
    counts = part.counts
    value, holds = counts[measure.name], measure.figure.holds(counts[measure.name])
    other = None if holds else other_reading(measure.figure, measure.name, part, between)
    help = f"write {value:,} if the source does; if it doesn't, add `disputed` and the arithmetic"
    return _judge(measure, part, holds, f"{value:,}", help, other)


def _judge(measure: Measure, part: Part, holds: bool, value: str, help: str, other: Offer | None = None) -> Verdict:
    """``help`` is for a figure that holds in no ``other`` way either, and begins with the value to write."""

    def verdict(status: str, finding: Diagnostic | None = None) -> Verdict:
        return Verdict(measure, part.name, status, finding, value=value, part=part)

    fixes = respelled(measure.printed, value, measure.span)
    if other is not None:
        help, fixes = other.help, (Edit(measure.span, other.instead),) if other.instead else ()
    fixes = tuple(fix.as_choice for fix in fixes)  # the source says which of the two is wrong
    label = Label(measure.span, f"it is {value}")
    if measure.disputed is not None:
        if holds or other:
            how = "" if holds else ", read otherwise"
            message = f"disputed, but {measure.name} {measure.printed} of {part.name} holds{how}"
            refuted = Diagnostic("V302", message, (label,), help)
            dispute = measure.dispute
            if holds:
                refuted = refuted.helped("remove `disputed`", *([removal(dispute).as_choice] if dispute else []))
            elif dispute is not None and other is not None and other.instead:
                whole = measure.span if dispute.end <= measure.span.end else measure.span.to(dispute)
                refuted = replace(refuted, fixes=(Edit(whole, other.instead).as_choice,))
            return verdict("refuted", refuted)
        return verdict("disputed")
    if holds:
        return verdict("holds", _billions(measure))
    message = f"{measure.name} of {part.name} is {value}, not {measure.printed}"
    return verdict("refuted", Diagnostic("V301", message, (label,), help, fixes=fixes))


def _billions(measure: Measure) -> Diagnostic | None:
    if not (isinstance(measure.figure, Figure) and measure.figure.unit == "B"):
        return None
    label = Label(measure.span, "a billion")
    meant = measure.figure.in_unit("G").text
    fixes = respelled(measure.printed, meant, measure.span)
    return Diagnostic("W301", f"{measure.printed} is read as {meant}", (label,), "write G for B", fixes=fixes)


def _output(measure: Measure, part: Part) -> Verdict:
    shape = part.nodes[-1].shape
    size = measure.figure
    if isinstance(size, Figure):
        if not size.is_whole:
            return _no_figure(measure, part, "a size such as 7x7x512")
        size = Size((int(size.digits),))
    other = at_layer(part, measure.name, measure.printed, lambda t: _same_size(size, t.shape))
    help = f"write {shape}, or mend the layers before it"
    return _judge(measure, part, _same_size(size, shape), str(shape), help, other)


def _same_size(size: Size, shape: Shape) -> bool:
    """Whether a printed size is the shape: H×W×C, H×W, or the length of a vector."""
    if len(size.numbers) == 1:
        return (1, 1, size.numbers[0]) == (shape.h, shape.w, shape.c)
    return size.numbers == (shape.h, shape.w, shape.c)[: len(size.numbers)]


def _field(measure: Measure, part: Part) -> Verdict:
    figure = measure.figure
    if isinstance(figure, Figure) and figure.unit == "%":
        return _no_figure(measure, part, "a number of pixels")

    def fits(t: TypedNode) -> bool:
        field = t.receptive_field
        return figure.numbers == tuple(field) if isinstance(figure, Size) else all(map(figure.holds, field))

    value = part.nodes[-1].receptive_field.short
    other = at_layer(part, measure.name, measure.printed, fits)
    return _judge(measure, part, fits(part.nodes[-1]), value, f"write {value}, or mend the layers before it", other)


def _no_figure(measure: Measure, part: Part, wanted: str) -> Verdict:
    message = f"{measure.name} can't be `{measure.printed}`"
    finding = Diagnostic("V304", message, (Label(measure.span, "here"),), f"write {wanted}")
    return Verdict(measure, part.name, "refuted", finding, part=part)


# -- results


def read_results(
    contents: Iterable[syntax.Content], recipes: Sequence[str] | None, findings: list[Diagnostic]
) -> tuple[ResultClaim, ...]:
    """The result claims of a spec, whose ``recipes`` have these names, if that is known; findings are added."""
    claims, keys = [], _protocol_keys(recipes)
    for content in contents:
        match content:
            case syntax.ResultLineClaim(line, span):
                claims.append(ResultClaim(accuracies(line), (), content.where, line, span))
            case syntax.Claim():
                structural = [m for m in content.measures if m.name in STRUCTURAL]
                if structural:
                    findings += _mixed(content, len(structural))
                    continue
                findings += _check_result(content)
                measures = tuple((m.name, m.printed) for m in content.measures)
                protocol = _read_protocol(content.protocol, keys, findings)
                claims.append(ResultClaim(measures, protocol, content.where, None, content.span))
    return tuple(claims)


def accuracies(line: syntax.ResultLine) -> tuple[tuple[str, str], ...]:
    """The three accuracies of a result line, as printed."""
    return (("train-accuracy", line.train), ("val-accuracy", line.val), ("test-accuracy", line.test))


def _mixed(claim: syntax.Claim, structural: int) -> Iterator[Diagnostic]:
    if structural < len(claim.measures):
        result = next(m for m in claim.measures if m.name not in STRUCTURAL)
        help = "give it a claim of its own"
        yield Diagnostic("V305", f"{result.name} beside what can be computed", (Label(result.span, "here"),), help)
    for option in claim.protocol:
        help = "only results are measured under a protocol; remove it"
        yield Diagnostic("V305", f"`{option}` at a figure that is computed", (Label(option.span, "here"),), help)


def _check_result(claim: syntax.Claim) -> Iterator[Diagnostic]:
    if claim.on is not None:
        wrong = Diagnostic("V305", "a result belongs to the network", (Label(claim.span, "here"),))
        yield wrong.helped(f"remove `{claim.on}`", Edit(claim.on.span, "").as_choice)
    yield from wrong_rows(claim)
    for measure in claim.measures:
        if not _is_share(measure):
            of_a_class = measure.name in OF_A_CLASS
            message = f"{measure.name} is a {'share' if of_a_class else 'percentage'}, not `{measure.printed}`"
            help = "write it as 0.81 or 81%" if of_a_class else "write it in percent, such as 8.1%"
            wrong = Diagnostic("V304", message, (Label(measure.span, "here"),), help)
            yield _in_percent(measure, wrong)
        if measure.disputed is not None:
            help = "a result is measured, not refuted by arithmetic"
            yield Diagnostic("V305", "`disputed` at a result", (Label(measure.span, "here"),), help)


def _is_share(measure: Measure) -> bool:
    """Whether its figure is one that it can have: in percent, as reports print classes also in parts, 0.81."""
    figure = measure.figure
    if not isinstance(figure, Figure):
        return False
    if figure.unit == "%":
        return figure.digits <= 100
    return measure.name in OF_A_CLASS and not figure.unit and figure.digits <= 1


def _in_percent(measure: Measure, wrong: Diagnostic) -> Diagnostic:
    """What is to be written in the place of a figure without a sign: an error of 0.23 may be either."""
    figure = measure.figure
    if not isinstance(figure, Figure) or figure.unit or not 0 <= figure.digits <= 100:
        return wrong
    share, percents = f"{figure.digits * 100:f}%", f"{figure.digits:f}%"
    if figure.digits > 1 or not figure.digits:
        return wrong.helped(f"write {percents}", *respelled(measure.printed, percents, measure.span))
    if measure.name.endswith("error"):
        return wrong.helped(f"write {percents} if it is printed in percent, {share} if it is a share")
    return wrong.helped(f"write {share}", *respelled(measure.printed, share, measure.span))


class _Voice(Voice):
    """What a protocol is told in."""

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        strange = unknown(self.unknown, "word of a protocol", option.key, [key.name for key in keys], option.span)
        if option.key not in OF_A_CLASS:
            return strange
        meant = f"{option.key} {option.value}"
        return strange.helped(f"the figure of a result stands behind a space: `{meant}`", Edit(option.span, meant))

    def unfit_value(self, option: Option, key: Key, why: UnfitError) -> Diagnostic:
        match key.type:
            case OneOf() if option.value.lower() == "micro":
                wrong = Diagnostic(self.unfit, f"`{option}` is no mean over classes", (Label(option.span, "here"),))
                return wrong.helped("over all images it is the accuracy: claim it as `top-1-accuracy`")
            case OneOf(words=words):
                return unknown(self.unfit, key.name, option.value, words, option.span)
            case Text(known=()):
                help = f"write `train {option.value} {{ … }}`, or remove `{option}`"
                wrong = Diagnostic(self.unfit, "the spec has no recipe with a name", (Label(option.span, "not known"),))
                return wrong.helped(help, removal(option.span).as_choice)
            case Text(known=known) if known is not None:
                return unknown(self.unfit, "recipe", option.value, known, option.span)
        return self.wrong(f"`{option}` is no number", option.span, f"write {key.name}={key.example}")


def _protocol_keys(recipes: Sequence[str] | None) -> dict[str, Key]:
    """By their names; those of recipes are known, if these are."""
    train = Text("the name of a recipe", "S256", known=None if recipes is None else tuple(recipes))
    return {key.name: replace(key, type=train) if key.name == "train" else key for key in PROTOCOL}


def _read_protocol(
    options: Sequence[Option], keys: Mapping[str, Key], findings: list[Diagnostic]
) -> tuple[tuple[str, str], ...]:
    """The keys and their values, each spelled in one way; what is wrong is added to ``findings``."""
    before = len(findings)
    values = Reader(_Voice("V306", "V306", "V306"), findings).options(options, list(keys.values()), "a protocol")
    if len(findings) > before:
        return ()
    try:
        Protocol(values.get("scale", (1,)))
    except ValueError as error:
        place = (Label(next(each.span for each in options if each.key == "scale"), "here"),)
        findings.append(Diagnostic("V306", str(error), place, "name each number of pixels once"))
        return ()
    return tuple(sorted((name, keys[name].type.write(value)) for name, value in values.items()))
