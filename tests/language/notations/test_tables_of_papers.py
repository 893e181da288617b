"""Headings, filters, words and figures as tables of papers have them."""

from tables import same_network

from vggdsl.spec.spec import Spec, parse_all

_WEIGHTS = """\
\tinput\tfilter\tstride\toutput
conv1\t1x8x8\t4x1x3x3\t1\t4x6x6
pool1\t4x6x6\taverage, 2x2\t2\t4x3x3
conv2\t4x3x3\t6x4x3x3\t1\t6x1x1
fc1\t6\t/\t/\t5
"""


def test_filters_of_four_numbers_are_in_the_order_that_the_rows_need() -> None:
    same_network(_WEIGHTS, "input 8x8x1 conv3-4 pad=0 ReLU avgpool2/2 conv3-6 pad=0 ReLU FC-5")
    same_network(
        _WEIGHTS.replace("4x1x3x3", "3x3x1x4").replace("6x4x3x3", "3x3x4x6"),
        "input 8x8x1 conv3-4 pad=0 ReLU avgpool2/2 conv3-6 pad=0 ReLU FC-5",
    )
    for was, now in (("6x4x3x3", "6x5x3x3"), ("4x1x3x3", "4x1x3x2"), ("6x4x3x3", "average, 3x3")):
        ((_, found),) = parse_all(_WEIGHTS.replace(was, now), "-")
        assert not isinstance(found, Spec) or found.count("refuted"), now
