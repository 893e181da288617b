"""What a run found, as repositories of models on the Hugging Face Hub hold it: a model card, and entries of results.

The formats are those of the hub's own pages and library (`huggingface_hub` 2.4): the card's metadata with `model-index`
(https://github.com/huggingface/hub-docs, `modelcard.md`), and a list of entries in `.eval_results/*.yaml`
(https://huggingface.co/docs/hub/eval-results). Nothing is sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vggdsl.language import notations, syntax
from vggdsl.language.syntax import Document
from vggdsl.records.append import evaluation_blocks, own_block
from vggdsl.records.cells import to_table
from vggdsl.records.collect import Collection, Subject, evaluated, record_of
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.result import TOP_1, TOP_5, Result, read_result
from vggdsl.records.table import Row, data_text, rows, two_decimals
from vggdsl.spec.recipe import DATA_SETS, Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, RecordError
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.printing import printable
from vggdsl.text.tables import in_markdown, to_markdown
from vggdsl.text.units import plural

if TYPE_CHECKING:  # which reads weights, by torch
    from vggdsl.records.run import Run

RESULTS = ".eval_results"
"""The folder of a model's repository in which the hub looks for entries."""
TASK = "image-classification"


@dataclass(frozen=True)
class OnHub:
    """A data set as the hub has it: its id, the split that is measured on, here and there, and the configuration."""

    id: str
    ours: str = "test"
    theirs: str | None = None
    config: str | None = None


ON_HUB: Mapping[str, OnHub] = {
    "mnist": OnHub("ylecun/mnist", theirs="test"),
    "fashion-mnist": OnHub("zalando-datasets/fashion_mnist", theirs="test"),
    "cifar10": OnHub("uoft-cs/cifar10", theirs="test"),
    "cifar100": OnHub("uoft-cs/cifar100", theirs="test"),
    "svhn": OnHub("ufldl-stanford/svhn", theirs="test", config="cropped_digits"),
    "tiny-imagenet": OnHub("zh-plus/tiny-imagenet", theirs="valid"),
    "imagenet": OnHub("ILSVRC/imagenet-1k", ours="val", theirs="validation"),
}
"""Data sets that the hub has as they were published; what they are tested by is no part of a training."""


@dataclass(frozen=True)
class Found:
    """A run's result, with what its weights gave under other protocols, as the hub is told."""

    record: Spec
    result: Result
    evaluations: tuple[Evaluation, ...]
    dataset: str | None = None
    """The hub's id of the data set, where a user gives it."""

    def __repr__(self) -> str:
        return f"Found({self.record.name}: {self.result.line})"

    @property
    def recipe(self) -> Recipe:
        return self.record.recipe(self.result.recipe_name)

    @cached_property
    def on_hub(self) -> OnHub | None:
        """The data set there; None if it isn't known."""
        known = ON_HUB.get(self.recipe.data.name)
        return known if self.dataset is None else OnHub(self.dataset, known.ours if known else "test")

    @property
    def split(self) -> str:
        """The images of which the hub is told."""
        return self.on_hub.ours if self.on_hub else "test"

    @cached_property
    def rows(self) -> list[Row]:
        """What is claimed beside what was measured."""
        subject = Subject(self.record.name, self.record.source.name, self.record, [self.result], [*self.evaluations])
        return rows(Collection([subject]), every=True)

    @property
    def measured(self) -> Iterator[tuple[str, float, Evaluation | None]]:
        """On that split: the measure, the share, and the evaluation that gave it, if it wasn't the training."""
        for k, name in ((1, TOP_1), (5, TOP_5)):
            share = self.result.top(k, self.split)
            if share is not None:
                yield name, round(share, 4), None
        for each in self.evaluations:
            if each.split == self.split:
                yield from ((name, round(each.shares[name], 6), each) for name in (TOP_1, TOP_5) if name in each.shares)


def found_in(record: Spec, dataset: str | None = None) -> Found:
    """What the last block of a record says, and those of evaluations of its weights.

    Raises ``RecordError`` V609 if there is none, or it was edited or is of another network or recipe.
    """
    own_block(record)
    stale = [d for d in record.check() if d.row.discounts]
    last = record.measurements[-1]
    result = read_result(last, record)
    wrong = [d for d in stale if last.span in {label.span for label in d.labels}]
    if result is None or wrong:
        why = wrong[0].message if wrong else "it doesn't say what was run"
        help = wrong[0].help if wrong else "train again to measure"
        raise RecordError(Diagnostic("V609", f"{record.source.name} has no result that counts: {why}", help=help))
    own = tuple(each for each in evaluated(record, []) if each.weights == result.weights)
    return Found(record, result, own, dataset)


# -- of a run


def model_card(run: "Run | str | Path", *, dataset: str | None = None) -> str:
    """The README.md of a repository for a run; as ``vggdsl record --as model-card``.

    ``run`` is a ``Run``, its folder or its record. ``dataset`` is the hub's id of a data set that isn't known.

    Raises ``RecordError`` V609 for a run of which nothing counts, and ``ValueError`` for what is no id.
    """
    refuse_other_kinds(model_card, locals())
    return card(found_in(_record(run, dataset=dataset), dataset))


def eval_results(
    run: "Run | str | Path",
    *,
    dataset: str | None = None,
    task: str = "default",
    date: str | None = None,
    source: str | None = None,
) -> dict[str, str]:
    """The files of a repository with a run's results as entries, YAML by path, one for each protocol under which it was
    evaluated; as ``vggdsl record --as eval-results``.

    ``task`` is the id of the benchmark's, ``date`` as 2026-01-31, ``source`` a URL. Raises as ``model_card``, and
    ``ValueError`` if the hub's id of the data set isn't known, or for a date or a URL that is none.
    """
    refuse_other_kinds(eval_results, locals())
    found = found_in(_record(run, dataset=dataset, date=date, source=source), dataset)
    return {f"{RESULTS}/{name}": as_yaml(each) for name, each in entries(found, task, date, source).items()}


def _record(run: "Run | str | Path", **said: str | None) -> Spec:
    for name, value in said.items():
        refuse(name, value)
    if isinstance(run, str | Path):
        return record_of(Path(run))
    if not isinstance(path := getattr(run, "path", None), Path):
        raise TypeError(f"{type(run).__name__} is no run: give a run, its folder or its record")
    _ = run.result  # which raises where other weights than the measured ones were named
    return record_of(path)


def refuse(name: str, value: str | None) -> None:
    """Raises ``ValueError`` for a ``dataset``, ``date`` or ``source`` that is none."""
    forms = {
        "dataset": (r"[\w.-]{1,96}/[\w.-]{1,96}", "id of the hub: write OWNER/NAME, as uoft-cs/cifar10"),
        "source": (r"https?://[^\s/]+\S*", "address: it begins with https://"),
    }
    if value is None:
        return
    if name in forms and not re.fullmatch(forms[name][0], value, re.ASCII if name == "dataset" else re.NOFLAG):
        raise ValueError(f"`{value}` is no {forms[name][1]}")
    if name == "date":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"`{value}` is no date: write it as 2026-01-31") from None


# -- the card


def card(found: Found) -> str:
    """The README.md of a model's repository: the metadata, and below it what people read. It names no licence."""
    record, typed = found.record, found.record.typed
    size = f"{plural(typed.params, 'parameter')} in {plural(typed.weight_layers, 'weight layer')}"
    blocks = "\n".join((own_block(record), *evaluation_blocks(record)))
    parts = [
        front_matter(found),
        f"# {in_markdown(record.name)}",
        f"A convolutional network of {size}, from images of {typed.input} to {typed.output.elements:,} classes.",
        *([f"Its source is {in_markdown(record.citation)}."] if record.citation else []),
        "## Results",
        "What was claimed beside what was measured; a claim is subtracted only under its own protocol.",
        to_markdown(to_table(found.rows)),
        f"{in_markdown(str(found.result.line))}, with the {in_markdown(_circumstances(found))}.",
        "## Use",
        _USE,
        "## Measured",
        _fenced(blocks),
        "## Network, claims and recipe",
        _fenced(_without_blocks(record)),
    ]
    return "\n\n".join(parts) + "\n"


_USE = """\
The files are those of a run of vggdsl. `vggdsl predict FOLDER IMAGE` names what images show, `vggdsl export FOLDER`
writes ONNX, and `vggdsl train FOLDER/record.arch` repeats the training and says whether it agrees."""


def front_matter(found: Found) -> str:
    """The card's metadata, as YAML between its two lines."""
    return f"---\n{_yaml(_metadata(found))}---"


def _metadata(found: Found) -> dict[str, Any]:
    hub, data = found.on_hub, found.recipe.data
    dataset = {"name": data_text(data), "type": hub.id if hub else data.name}
    if hub is not None:
        dataset |= {key: value for key, value in (("config", hub.config), ("split", hub.theirs)) if value}
    metrics = [
        {"type": "accuracy", "value": share, "name": _metric(found, name, evaluation)}
        for name, share, evaluation in found.measured
    ]
    result = {"task": {"type": TASK, "name": "Image Classification"}, "dataset": dataset, "metrics": metrics}
    return {
        "library_name": "vggdsl",
        "pipeline_tag": TASK,
        **({"datasets": [hub.id]} if hub is not None else {}),
        "metrics": ["accuracy"],
        "model-index": [{"name": found.record.name, "results": [result]}],
    }


def _metric(found: Found, name: str, evaluation: Evaluation | None) -> str:
    looks = found.result.protocol if evaluation is None else evaluation.protocol
    precision = found.result.precision if evaluation is None else evaluation.precision
    deviates = f", deviates: {found.result.deviates}" if found.result.deviations else ""
    return f"{found.split} {name}, {looks}, {precision}{deviates}{_part(found)}"


def _part(found: Found) -> str:
    """How many of the images of the published split there were, where that isn't all."""
    published = DATA_SETS[found.recipe.data.name].splits.get(found.split)
    here = int(found.result.split.split("/")[("train", "val", "test").index(found.split)])
    return "" if published in (None, here) else f", on {here:,} images of the {published:,} of this split"


def _without_blocks(record: Spec) -> str:
    """Its text without measured blocks, in which no link leads to another file."""
    return notations.write(Document(tuple(x for x in record.whole.lines if not isinstance(x.content, syntax.Measured))))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    body = "\n".join(printable(line) for line in text.strip().splitlines())
    return f"{fence}\n{body}\n{fence}"


# -- entries of results


def entries(
    found: Found, task: str, date: str | None = None, source: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """An entry for each top-1 accuracy on the split that the hub is told of, by the name of its file.

    ``source`` is a URL. Raises ``ValueError`` if the hub's id of the data set isn't known.
    """
    if found.on_hub is None:
        raise ValueError(f"the hub's id of the data set {found.recipe.data.name} isn't known")
    stem = re.sub(r"[^\w.-]", "_", found.on_hub.id.split("/")[-1])
    made = dict[str, list[dict[str, Any]]]()
    for name, share, evaluation in found.measured:
        if name != TOP_1:
            continue
        entry: dict[str, Any] = {"dataset": {"id": found.on_hub.id, "task_id": task}, "value": share}
        entry |= {"date": date} if date else {}
        entry |= {"source": {"url": source}} if source else {}
        entry["notes"] = _notes(found, evaluation)
        looks = f"-{evaluation.protocol}-{evaluation.precision}" if evaluation is not None else ""
        made[stem + re.sub(r"[^\w.-]", "-", looks) + ".yaml"] = [entry]
    return made


def as_yaml(entries: Sequence[Mapping[str, Any]]) -> str:
    """Entries as a file of the hub has them."""
    return _yaml([dict(each) for each in entries])


def _notes(found: Found, evaluation: Evaluation | None) -> str:
    """How the value was found, what it is of, and what was claimed."""
    looks = evaluation.protocol if evaluation is not None else None
    told = [_metric(found, TOP_1, evaluation), _circumstances(found)]
    told += [_claim(row) for row in found.rows if row.looks == looks and _is_claimed(row, found.split)]
    return "; ".join(told)


def _is_claimed(row: Row, split: str) -> bool:
    """Whether it is a claim about the images of a split; one that names none may be."""
    return row.claimed is not None and (row.split or row.claimed.protocol.get("split", split)) == split


def _circumstances(found: Found) -> str:
    """By what the result was found, and the digests by which it is known."""
    result = found.result
    chosen = f"weights of epoch {result.best} of {result.epochs}, the best on the validation images"
    parts = [chosen, f"{found.recipe.data} {result.split}", f"seed {result.seed}"]
    parts += [f"{plural(result.left_out, 'unreadable image')} left out"] if result.left_out else []
    parts += [f"begun from the weights {result.start}"] if result.start else []
    of = {"network": result.network, "recipe": result.recipe, "data": result.data, "weights": result.weights}
    versions = " ".join(f"{name} {version}" for name, version in result.versions.items())
    return ", ".join([*parts, " ".join(f"{key}={value}" for key, value in of.items()), versions])


def _claim(row: Row) -> str:
    assert row.claimed is not None
    under = " ".join(f"{key}={value}" for key, value in row.claimed.protocol.items())
    where = f" ({row.claimed.where})" if row.claimed.where else ""
    text = f"{row.measure} claimed {row.claimed.printed}{where}{f' under {under}' if under else ''}"
    if row.mean is None:
        return f"{text}: not measured{''.join(f', {why}' for why in row.differs)}"
    text += f": measured {two_decimals(row.mean)}%"
    return f"{text}, not comparable, {', '.join(row.differs)}" if row.differs else f"{text}, {row.difference:+.2f}"


def _yaml(data: object) -> str:
    """As the hub's library writes it, in the order given. PyYAML loses some line ends, but not as escapes."""
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text if yaml.safe_load(text) == data else yaml.safe_dump(data, sort_keys=False, width=_WIDTH)


_WIDTH = 100
