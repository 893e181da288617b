"""The outline of a text, and what of it can be folded."""

from itertools import pairwise

from hypothesis import given
from written import texts

from vggdsl.editor.outline import Fold, Symbol, folds, symbols
from vggdsl.editor.words import Words
from vggdsl.text.source import Source


def outline(text: str) -> list[str]:
    def told(symbol: Symbol, deep: int) -> list[str]:
        detail = f" | {symbol.detail}" if symbol.detail else ""
        own = f"{'  ' * deep}{symbol.what}: {symbol.name}{detail}"
        return [own, *(line for each in symbol.inner for line in told(each, deep + 1))]

    return [line for symbol in symbols(Words(Source("a.arch", text))) for line in told(symbol, 0)]


def within(outer: Symbol) -> bool:
    start, end = outer.span.start, outer.span.end
    parts = [outer.head, *(each.span for each in outer.inner)]
    return all(start <= part.start <= part.end <= end for part in parts) and all(map(within, outer.inner))


@given(texts)
def test_parts_stand_in_order_and_within_each_other(source: Source) -> None:
    found = symbols(Words(source))
    assert all(map(within, found))
    assert all(one.span.start <= other.span.start for one, other in pairwise(found))
    assert all(symbol.name for symbol in found)


@given(texts)
def test_folds_are_of_several_lines_that_are_there(source: Source) -> None:
    found = folds(Words(source))
    lines = source.written.count("\n") + 1
    assert all(1 <= fold.first < fold.last <= lines for fold in found)
    assert len({fold.first for fold in found}) == len(found)


def test_labelled_elements_stand_in_the_outline() -> None:
    text = """\
use "blocks/inception.arch"
input 28x28x3
after conv: BN ReLU
block e(a) { in: conv3-$a }
stem: conv3-8 x2 -> 28x28x8
3a: ( b: e(4) maxpool )
claim stem params 3 "T"
train S as T {
  batch 8
}
measured {
  Epoch 1/2 - Train Accuracy: 0.5 - Val Accuracy: 0.5 - Test Accuracy: 0.5
}
"""
    assert outline(text) == [
        'file: use "blocks/inception.arch"',
        "input: input | 28x28x3",
        "rule: after conv | BN ReLU",
        "block: block e | ( a )",
        "  element: in | conv3-$a",
        "element: stem | conv3-8",
        "element: 3a | ( b: e ( 4 ) maxpool )",
        "  element: b | e ( 4 )",
        'claim: claim stem | params 3 "T"',
        "recipe: train S as T",
        "  entry: batch | 8",
        "measured: measured | Epoch 1/2 - Train Accuracy: 0.5 - Val Accuracy: 0.5 - Test …",
    ]


def test_a_network_without_labels_has_stages() -> None:
    assert outline("input 8x8x3 conv3-8\nmaxpool conv3-8 add[ maxpool | identity ]\nmaxpool\nFC-10 softmax\n") == [
        "stage: stage 1 | input 8x8x3 conv3-8 maxpool",
        "stage: stage 2 | conv3-8 add [ maxpool | identity ] maxpool",
        "stage: stage 3 | FC-10 softmax",
    ]


def test_sections_branches_and_comments_fold() -> None:
    network = "# one\n# two\ninput 8x8x3\nconcat[\n  conv3-8\n  | conv3-8\n]\n"
    text = f"{network}train {{  # so\n  batch 8\n  epochs 3\n}}\n# three\n"
    assert folds(Words(Source("a.arch", text))) == [Fold(1, 2, is_comment=True), Fold(4, 6), Fold(8, 10)]
