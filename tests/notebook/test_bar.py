"""The bar of a training: one display that changes, seldom enough, and says at last what came of it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("IPython", reason="needs IPython, as `vggdsl[test]` brings it")

from vggdsl.experiments.reporter import Costs, Outline
from vggdsl.notebook import bar
from vggdsl.records.metrics import Epoch
from vggdsl.text.errors import Diagnostic

OUTLINE = Outline("<b>net", Path("runs/net-s0-1"), 0, 3, 100, "digits", "70/10/20", 10, 10, "cpu", "fp32")


class Shown:
    """What a notebook was told to show, and how often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[dict[str, str]] = []
        self.new = 0
        self.findings: list[object] = []
        self.now = 0.0
        monkeypatch.setattr(bar, "display", self._display)
        self.bar = bar.Bar(lambda: self.now)

    def _display(self, it: Any, **options: bool) -> "Shown | None":
        if not options:
            self.findings.append(it)
            return None
        assert options == {"raw": True, "display_id": True}
        self.new += 1
        self.texts.append(it)
        return self

    def update(self, it: dict[str, str], **options: bool) -> None:
        assert options == {"raw": True}
        self.texts.append(it)

    def share(self, at: int = -1) -> float:
        return float(self.texts[at]["text/html"].partition('value="')[2].partition('"')[0])


def epoch(number: int, val: float = 0.5) -> Epoch:
    return Epoch(number, 2.0, 0.4, 1.0, val, 0.1, 1.0)


def train(shown: Shown, seconds: float, steps: int = 10) -> None:
    for number in (1, 2, 3):
        for _ in range(steps):
            shown.now += seconds
            shown.bar.step(100 // steps, lambda: pytest.fail("a loss is asked for, which waits for a GPU"))
        shown.bar.epoch(epoch(number, number / 10), is_best=number < 3)


@given(st.floats(0.001, 10.0), st.sampled_from([1, 2, 5, 10, 50, 100]))
def test_it_moves_on_and_seldom(seconds: float, steps: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        shown = Shown(monkeypatch)
        shown.bar.started(OUTLINE)
        train(shown, seconds, steps)
        shown.bar.finished(Costs(3 * steps * seconds, None, None, 10))
        shown.bar.ended()
        shares = [shown.share(at) for at in range(len(shown.texts))]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0, 1)
        assert shown.new == 1
        assert len(shown.texts) <= 2 + min(3 * steps, 3 * steps * seconds / 0.25 + 1)


def test_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch)
    shown.bar.reading(1, 10)
    assert shown.texts == [], "what is quick isn't told"
    shown.now += 1
    shown.bar.reading(5, 10)
    assert (shown.texts[-1]["text/plain"], shown.share()) == ("looking at the images: 5/10", 0.5)
    shown.bar.started(OUTLINE)
    assert shown.texts[-1]["text/plain"] == "<b>net: epoch 1/3, begins -> runs/net-s0-1"
    assert "&lt;b&gt;net" in shown.texts[-1]["text/html"]
    assert "<b>" not in shown.texts[-1]["text/html"]
    train(shown, 1.0)
    assert shown.texts[-1]["text/plain"].splitlines() == [
        "<b>net: epoch 3/3, 0.0 s left -> runs/net-s0-1",
        "loss and accuracy: train 2.0000 0.4000, val 1.0000 0.2000, best 0.2000 in epoch 2",
    ]
    shown.bar.finished(Costs(30.0, None, None, 10, over="learnt enough"))
    shown.bar.ended()
    assert shown.texts[-1]["text/plain"].splitlines() == [
        "<b>net: 3 epochs in 30 s, learnt enough -> runs/net-s0-1",
        "loss and accuracy: train 2.0000 0.4000, val 1.0000 0.3000, best 0.2000 in epoch 2",
    ]
    assert shown.new == 1


def test_one_that_is_stopped_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch)
    shown.bar.started(OUTLINE)
    shown.now += 1
    shown.bar.step(50, lambda: 0.0)
    shown.bar.ended()
    assert shown.texts[-1]["text/plain"] == "<b>net: epoch 1/3, stopped -> runs/net-s0-1"
    assert shown.share() == pytest.approx(1 / 6, abs=1e-4)


def test_findings_are_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch)
    finding = Diagnostic("V502", "x")
    shown.bar.started(OUTLINE)
    shown.bar.noticed(finding)
    assert shown.findings == [finding]
