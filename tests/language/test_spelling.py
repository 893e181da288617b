"""Random networks are what was spelled."""

from hypothesis import given
from strategies import chains, spelled

from vggdsl.language.elaborate import elaborate
from vggdsl.language.from_op import op_text
from vggdsl.language.notations.arch.read import parse
from vggdsl.network.ops import Activation, Op
from vggdsl.text.source import Source


@given(chains())
def test_ops_are_what_was_spelled(ops: list[Op]) -> None:
    ops.insert(1, Activation("ELU"))  # as one is written, none is implied
    text = " ".join(spelled(op) for op in ops) + "\n"
    assert [node.op for node in elaborate(parse(Source("random.arch", text))).graph.nodes] == ops
    text = " ".join(map(op_text, ops)) + "\n"
    assert [node.op for node in elaborate(parse(Source("again.arch", text))).graph.nodes] == ops


@given(chains())
def test_an_op_tells_itself_in_words_of_the_language(ops: list[Op]) -> None:
    ops.insert(1, Activation("ELU"))
    text = " ".join(op.text for op in ops)
    assert [node.op for node in elaborate(parse(Source("told.arch", text))).graph.nodes] == ops
