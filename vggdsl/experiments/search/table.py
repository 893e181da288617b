"""What a search found: a row a network, the best first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vggdsl.experiments.search.front import front
from vggdsl.experiments.search.halving import Standing
from vggdsl.experiments.search.proposals import Tried
from vggdsl.records.collect import RECORD, counted, record_of
from vggdsl.spec.space import Space
from vggdsl.text.errors import Diagnostic
from vggdsl.text.files import is_file


@dataclass(frozen=True, eq=False)
class Found:
    """A network that was tried, and what came of it. Accuracies are from 0 to 1; that of the test images is None where
    it wasn't trained to the end, and nothing was chosen by it; so are the number of validation images and the digest of
    its weights. ``findings`` say why what its record measured doesn't count."""

    network: Tried
    standing: Standing
    run: Path | None
    test_accuracy: float | None = None
    val_images: int | None = None
    weights: str | None = None
    findings: tuple[Diagnostic, ...] = ()

    @property
    def epochs(self) -> int:
        return len(self.standing.ranks)

    @property
    def val_accuracy(self) -> float | None:
        """Of its best epoch."""
        return max(self.standing.ranks)[0] if self.standing.ranks else None

    def cost(self, of: str) -> int:
        """Its parameters, or the multiply-adds of an image."""
        typed = self.network.spec.typed
        return typed.params if of == "params" else typed.macs

    def chosen(self, space: Space) -> dict[str, str]:
        """The options that make it, by the names of the choices."""
        choices = {choice.name: choice for choice in space.choices}
        return {name: choices[name].options[place] for name, place in self.network.picks.items()}


def table(
    networks: Mapping[int, Tried], standings: Mapping[int, Standing], run_of: Callable[[Tried], Path | None]
) -> list[Found]:
    """Those that were trained to the end, then the others by how far they came; the better ones first."""
    runs = {number: run_of(network) for number, network in networks.items()}
    found = [Found(networks[n], standings[n], runs[n], *_measured(runs[n])) for n in standings]

    def order(each: Found) -> tuple[bool, int, float, float]:
        standing = each.standing
        epochs = 0 if standing.has_ended else each.epochs  # some end early, by their recipe
        return (standing.has_ended, epochs, *standing.best())

    return sorted(found, key=order, reverse=True)


def on_front(found: Sequence[Found], against: str) -> list[Found]:
    """Of those that were trained to the end the Pareto front of accuracy against a cost, the cheapest first."""
    ended = [each for each in found if each.standing.has_ended]
    costs = [each.cost(against) for each in ended]
    return [ended[place] for place in front(costs, [each.standing.best() for each in ended])]


def alike(found: Sequence[Found]) -> list[tuple[Found, Found]]:
    """Those that were trained to the same weights as one that was proposed before, and to the same validation accuracy
    and loss by them, each with the first of these."""
    firsts, others = dict[tuple[str, float, float], Found](), list[tuple[Found, Found]]()
    for each in sorted(found, key=lambda each: each.network.number):
        if each.weights is not None:
            first = firsts.setdefault((each.weights, *each.standing.best()), each)
            others += [(each, first)] * (first is not each)
    return others


def _measured(run: Path | None) -> tuple[float | None, int | None, str | None, tuple[Diagnostic, ...]]:
    """The accuracy on the test images, how many validation images there are, and the digest of the weights, as a
    record says them; and why it doesn't count, where it was edited."""
    findings = list[Diagnostic]()
    results = list(counted(record_of(run), findings, set())) if run is not None and is_file(run / RECORD) else []
    if not results:
        return None, None, None, tuple(findings)
    return results[-1].test_accuracy, int(results[-1].split.split("/")[1]), results[-1].weights, tuple(findings)
