"""What a claim of a class has to say: precision, recall and f1-score are of one class, or a mean over all."""

import re
from collections.abc import Callable, Iterator, Sequence

from vggdsl.language.syntax import Claim, Measure, Option
from vggdsl.network.measures import OF_A_CLASS
from vggdsl.spec.protocol import PROTOCOL
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, nearest, unknown
from vggdsl.text.units import names_text

ROWS = ("class", "average")
"""The words of a protocol that say which row of a classification report is meant."""
_WORDS = {key.name for key in PROTOCOL}
_MEANS = {f"{mean}{avg}": mean for mean in ("macro", "weighted") for avg in ("", " avg", "-avg", "_avg")}
"""As a report calls the means over all classes, which are no classes."""


def wrong_rows(claim: Claim) -> Iterator[Diagnostic]:
    """What is wrong with a result's class: one that is missing, of another measure, or said twice."""
    others = [m for m in claim.measures if m.name not in OF_A_CLASS]
    rows = [option for option in claim.protocol if option.key in ROWS]
    of_a_class = [m for m in claim.measures if m.name in OF_A_CLASS]
    if of_a_class and others:
        help = "give it a claim of its own"
        message = f"{others[0].name}, which is of all classes, beside {of_a_class[0].name}"
        yield Diagnostic("V305", message, (Label(others[0].span, "here"),), help)
    elif others:
        yield from (_of_all(others[0], option) for option in rows)
    elif not rows and all(option.key in _WORDS for option in claim.protocol):  # else that is told, which may be meant
        first = of_a_class[0]
        named = f"name it, such as `class={claim.on or 'cat'}`"
        help = f"{named}; of the mean over all classes say `average=macro` or `average=weighted`"
        yield Diagnostic("V306", f"{first.name} of no class", (Label(first.span, "here"),), help)
    elif {"class", "average"} <= {option.key for option in rows}:
        labels = (Label(rows[1].span, "and here"), Label(rows[0].span, "said here", primary=False))
        yield Diagnostic("V306", "of one class, and of all", labels, "keep one, and give the other a claim of its own")
    for option in rows:
        if option.key == "class" and not option.value.strip():
            yield Diagnostic("V306", "a class without a name", (Label(option.span, "here"),), "write its name")
        elif _in_single_quotes(option):
            meant = 'class="' + option.value.strip("'") + '"'
            wrong = Diagnostic("V306", f"`{option}`: a name stands in other quotes", (Label(option.span, "here"),))
            yield wrong.helped(f"write {meant}", Edit(option.span, meant))


def _in_single_quotes(option: Option) -> bool:
    return option.key == "class" and not option.quoted and option.value[:1] == option.value[-1:] == "'"


def _of_all(measure: Measure, option: Option) -> Diagnostic:
    wrong = Diagnostic("V305", f"`{option}` at {measure.name}, which is of all classes", (Label(option.span, "here"),))
    if option.key == "class" and measure.name in ("top-1-accuracy", "rank-1-accuracy"):
        return wrong.helped(f"the share of the images of {option.value} that is found is its `recall`")
    return wrong.helped(f"of a class, or of all on average, there are {names_text(OF_A_CLASS)}")


def too_many_guesses(claim: Claim, classes: int) -> Iterator[Diagnostic]:
    """A result of as many guesses as the network has classes: the right one is always among them."""
    for measure in claim.measures:
        guesses = re.fullmatch(r"(?:top|rank)-(\d+)-\w+", measure.name)
        if guesses is not None and int(guesses[1]) >= classes > 1:  # one value, a sigmoid's, tells of two
            message = f"{measure.name} of {classes:,} classes: one of so many guesses is always right"
            help = "claim that of fewer guesses, or mend the classifier"
            yield Diagnostic("V304", message, (Label(measure.span, "here"),), help)


def unknown_class(claim: Claim, of: Callable[[str | None], tuple[str, Sequence[str]]]) -> Iterator[Diagnostic]:
    """A class that the data set of a claim's recipe doesn't have: ``of`` gives that set's name, and its classes if
    they are known."""
    named = {str(option.key): option for option in claim.protocol}
    if not any(measure.name in OF_A_CLASS for measure in claim.measures):
        return
    option = named.get("class")
    if option is None or not option.value.strip() or _in_single_quotes(option):  # which is told
        return
    data, classes = of(str(named["train"].value) if "train" in named else None)
    if not classes or option.value in classes:
        return
    strange = unknown("V306", f"class of {data}", option.value, classes, option.span)
    near, mean = nearest(option.value, classes), _MEANS.get(option.value.lower())
    if mean is not None:
        strange = strange.helped(f"write `average={mean}`", Edit(option.span, f"average={mean}"))
    elif near is not None and " " in near and not option.quoted:
        meant = f'class="{near}"'
        strange = strange.helped(f"did you mean `{meant}`?", Edit(option.span, meant, is_guess=True))
    yield strange
