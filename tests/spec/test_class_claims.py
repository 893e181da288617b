"""Claims of classes: what they say, and the printed reports held against their own arithmetic."""

from decimal import Decimal

import pytest
from refusals import findings, refusal

import vggdsl
from vggdsl.language import notations
from vggdsl.network.measures import OF_A_CLASS
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.ledger import ledger
from vggdsl.spec.recipe import CLASS_NAMES, DATA_SETS
from vggdsl.text.errors import ClaimError
from vggdsl.text.figures import Figure

NET = "input 28x28x1\nconv3-4 maxpool FC-10 softmax\n"


def results(text: str) -> tuple[ResultClaim, ...]:
    return vggdsl.parse(NET + text).results


# -- what a claim says


def test_a_claim_keeps_the_class_and_the_figures_as_printed() -> None:
    (claim,) = results('claim precision 0.70 recall 82% split=test class=cat "report"')
    assert claim.measures == (("precision", "0.70"), ("recall", "82%"))
    assert claim.protocol == (("class", "cat"), ("split", "test"))
    assert claim.is_of_a_class


def test_an_average_is_no_class() -> None:
    mean, named = results("claim recall 0.8 split=test average=MACRO\nclaim recall 0.8 split=test class=macro")
    assert dict(mean.protocol) == {"average": "macro", "split": "test"}
    assert dict(named.protocol) == {"class": "macro", "split": "test"}
    assert not results("claim balanced-accuracy 80% split=test")[0].is_of_a_class


@pytest.mark.parametrize("name", ["Ankle boot", "T-shirt/top", "a=b", "x # y", "class 0", "½–é", "10%"])
def test_any_name_can_be_said_in_quotes(name: str) -> None:
    text = f'claims "report" {{\n  recall 0.5 split=test class="{name}"\n  recall 0.6 split=test class="{name}"\n}}\n'
    assert [dict(claim.protocol)["class"] for claim in results(text)] == [name, name]
    assert notations.write(vggdsl.parse(NET + text).document).endswith(text)


@pytest.mark.parametrize("figure", ["0", "1", "1.00", "0.5", ".5", "0%", "100%", "87.5%"])
def test_a_share_stands_in_parts_or_in_percent(figure: str) -> None:
    assert results(f"claim f1-score {figure} class=cat")[0].measures == (("f1-score", figure),)


@pytest.mark.parametrize("figure", ["1.01", "87", "101%", "1K", "0.5K", "3x3"])
def test_what_is_no_share_is_refused(figure: str) -> None:
    wrong = refusal(lambda: results(f"claim f1-score {figure} class=cat"), ClaimError)
    assert (wrong.code, wrong.message) == ("V304", f"f1-score is a share, not `{figure}`")


def test_accuracies_stay_percentages() -> None:
    assert refusal(lambda: results("claim top-1-accuracy 0.82 split=test")).help == "write 82.00%"


# -- of which classes


@pytest.mark.parametrize("name", DATA_SETS)
def test_known_names_are_as_many_as_the_classes(name: str) -> None:
    if name in CLASS_NAMES:
        assert len({*CLASS_NAMES[name]}) == len(CLASS_NAMES[name]) == DATA_SETS[name].classes


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("class=bag", "unknown class of fashion-mnist `bag`"),
        ("class=Bag train=other", "unknown class of mnist `Bag`"),
        ("class=7", "unknown class of fashion-mnist `7`"),
        ("class=Bag", None),
        ("class=7 train=other", None),
        ('class="Ankle boot"', None),
        ("class=whatever train=mine", None),
        ("average=weighted", None),
    ],
)
def test_a_class_is_one_of_the_recipe_s_data_set_where_these_are_known(claim: str, message: str | None) -> None:
    text = 'train { data fashion-mnist }\ntrain other { data mnist }\ntrain mine { data folder("x") }\n'
    text += f"claim recall 0.5 split=test {claim}"
    if message is None:
        assert len(results(text)) == 1
    else:
        assert [d.message for d in findings(lambda: results(text), ClaimError)] == [message]


def test_without_a_recipe_no_class_is_unknown() -> None:
    assert len(results("claim recall 0.5 split=test class=whatever")) == 1


@pytest.mark.parametrize(
    ("called", "mean"),
    [("macro avg", "macro"), ("Macro-avg", "macro"), ("weighted_avg", "weighted"), ("weighted", "weighted")],
)
def test_a_mean_that_is_said_as_a_class_is_told_how_it_is_said(called: str, mean: str) -> None:
    text = f'train {{ data mnist }}\nclaim recall 0.5 split=test class="{called}"'
    assert refusal(lambda: results(text)).help == f"write `average={mean}`"


# -- the printed reports


def report_of(name: str) -> dict[str, dict[str, Decimal]]:
    """Figures by class or mean, and by measure."""
    rows = {}
    for claim in vggdsl.load(name).results:
        if claim.is_of_a_class:
            protocol = dict(claim.protocol)
            row = protocol.get("class") or f"{protocol['average']} avg"
            rows[row] = {measure: Figure.parse(printed).value for measure, printed in claim.measures}
    return rows


HALF = Decimal("0.005")


@pytest.mark.parametrize("name", ["mini_vgg", "mini_googlenet"])
def test_a_printed_report_fits_its_own_arithmetic(name: str) -> None:
    """Each figure within what the rounding of the others allows; every class has 1,000 test images."""
    rows = report_of(name)
    classes = [rows[each] for each in CLASS_NAMES["cifar10"]]
    assert len(rows) == 12
    for row in classes:
        assert {*row} == {*OF_A_CLASS}
        low, high = (
            2 * (row["precision"] + by) * (row["recall"] + by) / (row["precision"] + row["recall"] + 2 * by)
            for by in (-HALF, HALF)
        )
        assert low - HALF <= row["f1-score"] <= high + HALF
    for measure in OF_A_CLASS:
        mean = sum((row[measure] for row in classes), Decimal()) / 10
        assert abs(mean - rows["macro avg"][measure]) <= 2 * HALF
        assert rows["macro avg"][measure] == rows["weighted avg"][measure]
    (accuracy,) = (
        Figure.parse(claim.measures[0][1]).value / 100
        for claim in vggdsl.load(name).results
        if claim.where == "classification report" and not claim.is_of_a_class
    )
    assert accuracy == rows["macro avg"]["recall"]


def test_mini_vgg_s_report_is_that_of_its_printed_confusion_matrix() -> None:
    names = CLASS_NAMES["cifar10"]
    counts = dict.fromkeys(((row, column) for row in names for column in names), 0)
    for row in ledger():
        if row.place.startswith("MiniVGG confusion matrix, row"):
            true, _, rest = row.quantity.partition(" ")
            counts[true, true if rest == "right" else rest.removeprefix("taken for ")] = int(row.printed)
    shares: dict[str, dict[str, float]] = {}
    for name in names:
        right = counts[name, name]
        guessed, meant = (sum(counts[pair] for pair in counts if pair[at] == name) for at in (1, 0))
        assert meant == 1000
        shares[name] = {
            "precision": right / guessed,
            "recall": right / meant,
            "f1-score": 2 * right / (guessed + meant),
        }
    mean = {measure: sum(shares[name][measure] for name in names) / 10 for measure in OF_A_CLASS}
    shares |= {"macro avg": mean, "weighted avg": mean}
    rounded = {  # as scikit-learn prints: 0.705 is a little less in binary
        name: {measure: Decimal(f"{share:.2f}") for measure, share in row.items()} for name, row in shares.items()
    }
    assert rounded == report_of("mini_vgg")
