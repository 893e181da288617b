"""What every op owes: a docstring that says all, a spelling, a fixture, a place in the strategies."""

import doctest
import inspect
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from strategies import graphs

import vggdsl
from vggdsl.language.dictionary import KINDS, LayerKind
from vggdsl.network.ops import BatchNorm, Dropout, Input, Merge, Op, Softmax, Widen
from vggdsl.network.shapes import Pair, Shape, Window

OPS: tuple[type[Op], ...] = get_args(Op)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "ops"
SECTIONS = ("Spelled", "Shape", "Params", "MACs", "Source")


def snake(op: type[Op]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", op.__name__).lower()


def spellings(op: type[Op]) -> list[str]:
    """What stands between backquotes in the docstring's first section."""
    section = re.search(r"Spelled:(.*?)\n    [A-Z]", op.__doc__ or "", re.DOTALL)
    assert section, op
    return re.findall(r"``(.+?)``", section[1])


@pytest.mark.parametrize("op", OPS, ids=snake)
def test_the_docstring_has_every_section(op: type[Op]) -> None:
    assert op.__doc__
    assert re.findall(r"^    ([A-Z]\w+):", op.__doc__, re.MULTILINE)[: len(SECTIONS) - 1] == list(SECTIONS[:-1])
    assert all(re.search(rf"^    {section}: ", op.__doc__, re.MULTILINE) for section in SECTIONS)


@pytest.mark.parametrize("op", OPS, ids=snake)
def test_the_docstring_has_an_example_that_runs(op: type[Op]) -> None:
    module = inspect.getmodule(op)
    (found,) = (t for t in doctest.DocTestFinder(recurse=False).find(op, op.__name__, module))
    assert found.examples
    assert doctest.DocTestRunner().run(found).failed == 0


@pytest.mark.parametrize("op", OPS, ids=snake)
def test_each_spelling_in_the_docstring_is_read_as_the_op(op: type[Op]) -> None:
    assert spellings(op)
    for spelling in spellings(op):
        text = f"{spelling} ReLU" if op is Input else f"input 32x32x64 ELU {spelling}"
        nodes = vggdsl.parse(text).network.graph.nodes
        assert isinstance(nodes[0 if op is Input else -1].op, op), spelling


@pytest.mark.parametrize("op", OPS, ids=snake)
def test_the_word_is_a_spelling(op: type[Op]) -> None:
    if len([kind for kind in KINDS.values() if kind.op is op]) <= 1:  # else it has several
        assert any(s.lower().startswith(op.word.lower()) for s in spellings(op))


@pytest.mark.parametrize("op", OPS, ids=snake)
def test_the_fixture_pins_its_shape_and_counts(op: type[Op]) -> None:
    spec = vggdsl.load(FIXTURES / f"{snake(op)}.arch")
    assert [d.message for d in spec.check() if d.is_error] == []
    assert any(isinstance(node.op, op) for node in spec.network.graph.nodes)
    assert {"output", "params"} <= {v.measure.name for v in spec.verdicts}
    assert spec.count("holds") >= 4


@pytest.mark.parametrize("op", [op for op in OPS if op is not Input], ids=snake)
def test_the_dictionary_has_a_row(op: type[Op]) -> None:
    assert [kind for kind in KINDS.values() if kind.op is op]


@pytest.mark.parametrize("op", [op for op in OPS if op not in (Input, Softmax)], ids=snake)
def test_the_strategies_make_it(op: type[Op]) -> None:
    quick = settings(database=None, max_examples=2000, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    assert find(graphs(), lambda graph: any(isinstance(node.node.op, op) for node in graph.nodes), settings=quick)


def test_no_fixture_is_left_over() -> None:
    assert {path.stem for path in FIXTURES.glob("*.arch")} == set(map(snake, OPS))


IN_TRAINING_ALONE = {(BatchNorm, "momentum"), (Dropout, "rate")}


def another(value: object) -> object:
    """Of an option's values."""
    match value:
        case bool():
            return not value
        case "first" | "last":
            return {"first": "last", "last": "first"}[value]
        case str():
            return "tanh" if value != "tanh" else "sigmoid"
        case int() | float():
            return 2 * value
        case Window():
            return replace(value, stride=Pair(5, 5))
    raise AssertionError(value)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.word)
def test_what_its_tensors_do_not_say_of_it_is_told(kind: LayerKind) -> None:
    """Of each option: two layers that differ in it hold other tensors, or it is told, or nothing depends on it."""
    x = Shape(64, 32, 32)
    example = spellings(kind.op)[0] if kind.op in (*get_args(Merge), Widen) else kind.example
    nodes = vggdsl.parse(f"input 32x32x64 ELU {example}").network.graph.nodes
    op: Any = next(node.op for node in nodes[::-1] if isinstance(node.op, kind.op))
    assert op.parts(x) or op.unsaid(x) or op.idle
    for field in fields(op):
        value = getattr(op, field.name)
        if (kind.op, field.name) in IN_TRAINING_ALONE or value is None:
            continue
        other = replace(op, **{field.name: another(value)})
        said_of_all = field.name == "window" and any("strides" in each.topic for each in op.unsaid(x))
        assert said_of_all or op.unsaid(x) != other.unsaid(x) or op.parts(x) != other.parts(x), field.name
