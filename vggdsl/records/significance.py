"""Whether the seeds that were run tell their mean from a claim, or two trainings from each other: Student's t-tests.

A mean over seeds is of trainings that differ by chance alone, on the same images; what is said of it is said of further
seeds, not of other images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vggdsl.text.packages import is_installed, needed

LEVEL = 0.05
"""Of a word that isn't true, how often it is said at most."""
_ALIKE = 1e-9
"""Points by which values differ that are the same decimal."""

Word = Literal["beaten", "reached", "missed", "better", "worse", "open"]
Test = Literal["one-sample", "paired", "Welch"]


@dataclass(frozen=True)
class Significance:
    """A word that is true of further seeds, but for chance ``p``; or why there is no test, in ``untested``.

    ``n`` are the trainings that were counted; of Welch's test those of the network with fewer.
    """

    n: int
    word: Word | None = None
    p: float | None = None
    test: Test | None = None
    untested: str = ""

    def __str__(self) -> str:
        """
        >>> print(Significance(3, "missed", 0.0312, "one-sample"), "|", Significance(1, untested="one seed"))
        missed, p = 0.0312 | one seed
        """
        if self.p is None:
            return self.untested
        shown = f"= {self.p:.3g}" if self.p >= 0.001 else "< 0.001"
        return f"{self.word}, p {shown}"


def held_against(values: Sequence[float], low: float, high: float, *, lower_is_better: bool = False) -> Significance:
    """Values, one a seed, held against a claim that prints what is between ``low`` and ``high``, by one-sided t-tests.

    ``beaten``: the mean is better than all that is printed so; ``reached``: than the worst of it; ``missed``: worse
    than that. ``open`` are seeds that show neither; its p is that of the nearest of the words.
    """
    if untested := _untested(values):
        return Significance(len(values), untested=untested)
    with needed():
        from scipy.stats import ttest_1samp  # type: ignore[import-untyped]

    worst, best, good, bad = (high, low, "less", "greater") if lower_is_better else (low, high, "greater", "less")
    tests: tuple[tuple[Word, float, str], ...] = (
        ("beaten", best, good),
        ("reached", worst, good),
        ("missed", worst, bad),
    )
    found = [(word, float(ttest_1samp(values, bound, alternative=side).pvalue)) for word, bound, side in tests]
    word, p = next((each for each in found if each[1] < LEVEL), ("open", min(p for _, p in found)))
    return Significance(len(values), word, p, "one-sample")


def held_beside(values: Mapping[int, float], others: Mapping[int, float]) -> Significance:
    """Accuracies by seed held against another training's, by a two-sided t-test: paired where both have the same seeds,
    else Welch's.

    ``better`` and ``worse`` are said of ``values``.
    """
    n = min(len(values), len(others))
    is_paired = values.keys() == others.keys()
    pairs = [value - others[seed] for seed, value in values.items()] if is_paired else []
    if untested := _untested(pairs) if is_paired else _untested(list(values.values()), list(others.values())):
        return Significance(n, untested=untested)
    with needed():
        from scipy.stats import ttest_1samp, ttest_ind

    ours, theirs = list(values.values()), list(others.values())
    found = ttest_1samp(pairs, 0) if is_paired else ttest_ind(ours, theirs, equal_var=False)
    p = float(found.pvalue)
    word: Word = "open" if p >= LEVEL else "better" if found.statistic > 0 else "worse"
    return Significance(n, word, p, "paired" if is_paired else "Welch")


def _untested(*samples: Sequence[float]) -> str:
    """Why nothing can be said; empty where it can: the spread of seeds is what a mean is held against."""
    if min(map(len, samples)) < 2:
        return "one seed"
    if any(max(each) - min(each) < _ALIKE for each in samples):
        return "no spread"
    return "" if is_installed("scipy") else "without scipy"
