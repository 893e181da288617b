"""The papers that specs follow, as a bibliography has them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vggdsl
from vggdsl.spec.reference import reference_of


@pytest.mark.parametrize(
    ("citation", "authors"),
    [
        ("Simonyan & Zisserman 2015, arXiv:1409.1556", ("Simonyan", "Zisserman")),
        ("Lin, Chen & Yan 2014, arXiv:1312.4400v3, sec. 3", ("Lin", "Chen", "Yan")),
        ("slides, p. 3; Müller et al. 2019, doi:10.1000/x_1.(2)", ("Müller", "others")),
    ],
)
def test_what_says_enough_is_a_reference(citation: str, authors: tuple[str, ...]) -> None:
    found = reference_of(citation)
    assert found is not None
    assert found.authors == authors


@pytest.mark.parametrize(
    "citation",
    [None, "", "torchvision 0.29, models/vgg.py", "Krizhevsky et al. 2012, sec. 3.3", "arXiv:1409.1556", "2015"],
)
def test_what_does_not_is_none(citation: str | None) -> None:
    assert reference_of(citation) is None


def test_each_paper_of_the_specs_has_a_key_of_its_own() -> None:
    texts = [path.read_text("utf-8") for path in vggdsl.shipped().values()]
    sources = [source for text in texts for source in re.findall(r'^source "(.+)"', text, re.MULTILINE)]
    found = {reference_of(source) for source in sources} - {None}
    assert len(sources) == len(texts)
    assert len(found) == len({reference.key for reference in found if reference is not None}) >= 4


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=";"), min_size=1, max_size=20))
def test_no_name_breaks_an_entry(name: str) -> None:
    found = reference_of(f"{name} 2015, arXiv:1409.1556")
    if found is None:
        return
    first, *fields, last = found.bibtex.split("\n")
    assert found.key.isascii()
    assert not set(found.key) & set(" ,{}%\\~#\"'")
    assert (first, last) == (f"@misc{{{found.key},", "}")
    assert len(fields) == 5
    assert found.bibtex.count("{") == found.bibtex.count("}")
