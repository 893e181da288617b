"""Ten mistakes that newcomers make, and what the tool says: the README's table, made by running it.

python examples/mistakes.py
"""

from pathlib import Path

from vggdsl import VggdslError, load

FOLDER = Path(__file__).parent.parent / "tests" / "fixtures" / "errors"
MISTAKES = (
    "torn_word",
    "glued_words",
    "misspelling",
    "other_tools_words",
    "no_input",
    "one_pool_too_many",
    "relu_twice",
    "claim_read_wrongly",
    "classes",
    "unknown_entry",
)


def main() -> None:
    print("| you write | vggdsl says |")
    print("| :-- | :-- |")
    for name in MISTAKES:
        path = FOLDER / f"typical_{name}.arch"
        try:
            found = load(path).check()[0]
        except VggdslError as error:
            found = error.diagnostics[0]
        span = found.labels[0].span
        line = span.source.line(span.line).strip()
        said = f"{found.code}: {found.message}. {found.help}"
        print(f"| `{_cell(line)}` | {_cell(said)} |")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
