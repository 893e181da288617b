"""Recipes of any words: each is written as it is read, and named by what it means."""

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.recipe import (
    SGD,
    Adam,
    AlternatingHFlip,
    Augment,
    ColourJitter,
    Cosine,
    Crop,
    CutMix,
    Cutout,
    Ema,
    Erase,
    HFlip,
    MixUp,
    OneCycle,
    Optimizer,
    Recipe,
    Rotate,
    Translate,
    TrivialAugment,
)
from vggdsl.spec.recipe.tuning import Chosen, Rated

NET = "input 32x32x3 conv3-4 FC-10 softmax\n"
share = st.floats(0.001, 1)
alpha = st.floats(0.01, 1000)
steps: st.SearchStrategy[Augment] = st.one_of(
    st.builds(Crop, st.integers(1, 10**6), st.integers(0, 10**6)),
    st.builds(Translate, st.integers(1, 10**6)),
    st.builds(Cutout, st.integers(1, 10**6)),
    st.builds(Rotate, st.floats(1, 180)),
    st.builds(ColourJitter, share, share),
    st.builds(Erase, share),
    st.sampled_from([HFlip(), AlternatingHFlip(), TrivialAugment()]),
)
decays = st.tuples(st.floats(1e-9, 1), st.sampled_from(["all", "weights"])) | st.just((0.0, "all"))
rate = st.floats(1e-12, 1e3)
names = st.lists(st.sampled_from(["fc8", "3a.conv1", "conv1_1..conv4_3", "2b..3a"]), min_size=1, max_size=3).map(tuple)
chosen = st.builds(Chosen, names, st.booleans())
optimizers: st.SearchStrategy[Optimizer] = st.one_of(
    st.builds(lambda lr, of, decay: SGD(lr, of, of > 0.5, *decay), rate, share, decays),
    st.builds(lambda lr, decay, decoupled: Adam(lr, decay[0], decoupled, decay[1]), rate, decays, st.booleans()),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "augment": st.lists(steps, max_size=6).map(tuple),
    "optimizer": optimizers,
    "mix": st.lists(st.builds(MixUp, alpha) | st.builds(CutMix, alpha), max_size=3).map(tuple),
    "freeze": st.none() | chosen,
    "rate": st.lists(st.builds(Rated, chosen, st.floats(1e-6, 1e6)), max_size=3).map(tuple),
    "average": st.none() | st.builds(Ema, st.floats(1e-9, 0.999999)),
    "schedule": st.one_of(
        st.just(Cosine()),
        st.builds(OneCycle, share, share, share, st.sampled_from(["cosine", "linear"])),
    ),
}
"""By the names of entries."""


@given(st.fixed_dictionaries({}, optional=VALUES), st.randoms())
def test_a_recipe_is_read_as_it_was_written(values: dict[str, Any], random: Random) -> None:
    made = Recipe(**values)
    keys = random.sample(list(values), len(values))
    lines = [f"  {key} {made.written(key)}" for key in keys]
    spec = vggdsl.parse("\n".join([NET, "train {", *lines, "}"]))
    formatted = vggdsl.parse(notations.write(spec.document))
    assert spec.recipe() == formatted.recipe() == made
    assert spec.recipe().digest == made.digest


@given(st.fixed_dictionaries({}, optional=VALUES), st.fixed_dictionaries({}, optional=VALUES))
def test_recipes_that_differ_have_other_digests(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (Recipe(**one) == Recipe(**other)) == (Recipe(**one).digest == Recipe(**other).digest)
