"""What a spec follows, as a bibliography has it: the paper that its ``source`` names."""

import re
import unicodedata
from dataclasses import dataclass

from vggdsl.text.tables import in_latex

_PAPER = re.compile(
    r"(?P<authors>\D+?),? (?P<year>(?:19|20)\d\d), "
    r"(?:arXiv:(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?)|doi:(?P<doi>10\.\d+/[\w.()/:-]+))(?:,.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reference:
    """A paper by its authors, as the citation has them, its year, and where it is found: on arXiv or by a DOI."""

    authors: tuple[str, ...]
    year: str
    arxiv: str | None
    doi: str | None

    @property
    def key(self) -> str:
        """By which LaTeX cites it: the first author, the year and the number, so that it is one paper's alone.

        >>> reference_of("Simonyan & Zisserman 2015, arXiv:1409.1556").key
        'simonyan2015-1409.1556'
        """
        plain = unicodedata.normalize("NFKD", self.authors[0].split(" ")[-1]).encode("ascii", "ignore").decode()
        return re.sub(r"[^\w.:/-]", "", f"{plain.lower()}{self.year}-{self.arxiv or self.doi}")

    @property
    def bibtex(self) -> str:
        """The entry, of what the citation says and no more: the title is to be added.

        >>> print(reference_of("He et al. 2015, arXiv:1512.03385, Table 1").bibtex)
        @misc{he2015-1512.03385,
          author = {He and others},
          year = {2015},
          howpublished = {arXiv:1512.03385},
          eprint = {1512.03385},
          archivePrefix = {arXiv}
        }
        """
        if self.arxiv:
            found = {"howpublished": f"arXiv:{self.arxiv}", "eprint": self.arxiv, "archivePrefix": "arXiv"}
        else:
            found = {"howpublished": in_latex(f"doi:{self.doi}"), "doi": self.doi or ""}
        authors = re.sub("[{}]", "", " and ".join(self.authors))  # BibTeX counts braces, escaped ones too
        fields = {"author": in_latex(authors), "year": self.year, **found}
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{lines}\n}}"


def reference_of(citation: str | None) -> Reference | None:
    """The first paper that a ``source`` names with its year and its number on arXiv or its DOI; None if there is none.

    >>> reference_of("CNN Architectures II, MiniGoogLeNet; Zhang et al. 2016, arXiv:1611.03530, fig. 3").authors
    ('Zhang', 'others')
    """
    for part in (citation or "").split(";"):
        if match := _PAPER.fullmatch(part.strip()):
            authors = re.split(r",? (?:&|and) |, ", re.sub(r",? et al\.?$", " & others", match["authors"]))
            return Reference(tuple(filter(None, map(str.strip, authors))), match["year"], match["arxiv"], match["doi"])
    return None
