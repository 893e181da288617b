"""Which call prints what."""

from collections.abc import Mapping
from typing import Annotated, Any

from vggdsl.cli.schemas.results import NetworkPair, ResultRow
from vggdsl.cli.schemas.runs import (
    BenchRow,
    Evaluated,
    Exported,
    PackedShards,
    Predicted,
    Recorded,
    Refused,
    TrainedRun,
    WrittenFeatures,
)
from vggdsl.cli.schemas.search import CountedSpace, Searched, WrittenSpecs
from vggdsl.cli.schemas.specs import (
    Checked,
    Differing,
    ExplainedCode,
    ExplainedLayer,
    Formatted,
    Imported,
    Listed,
    PrintedNumber,
    PrintedSource,
    Shown,
    ShownSpace,
)

SCHEMAS: Mapping[str, Any] = {
    "check --json": list[Checked],
    "show --json": Shown | ShownSpace | list[Shown | ShownSpace],
    "diff --json": Differing,
    "fmt --check --json": list[Formatted],
    "import --json": list[Imported],
    "specs --json": list[Listed],
    "explain SPEC[:LINE] --json": list[ExplainedLayer],
    "explain CODE --json": ExplainedCode,
    "claims --json": list[PrintedSource],
    "claims SOURCE --json": list[PrintedNumber],
    "train --json": list[TrainedRun],
    "search --json": Searched,
    "search --count --json": CountedSpace,
    "search --write DIR --json": WrittenSpecs,
    "evaluate --json": Evaluated,
    "record --json": Recorded,
    "results --json": list[ResultRow],
    "results --compare --json": list[NetworkPair],
    "export --json": Exported,
    "predict --json": Annotated[Predicted, "one on a line for each image, as soon as it is known"],
    "serve": Annotated[Predicted | Refused, "over HTTP"],
    "features --json": WrittenFeatures,
    "pack --json": PackedShards,
    "bench --json": list[BenchRow],
}
"""What stands on standard output, by the call."""
