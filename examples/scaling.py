"""How long a step takes on several GPUs, worked out from what was measured on one: vggdsl/experiments/scaling.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import vggdsl
from vggdsl.spec.spec import Spec
from vggdsl.text.tables import RowGroup, Table, numbers, to_text, words

PEAK = 769e12
"""Operations a second of one H200 on bf16 matrices: VGG-D's 3,480 images a second were measured as 42 % of it."""
REACHED = 0.8
"""Of a link's published rate, what an all-reduce reaches: an assumption."""
READ = 500
"""JPEGs of 500x375 that one core decodes, scales and crops in a second."""
BATCH = 256
_FIRST, _CAP = 1 << 20, 25 << 20
"""Bytes at which DistributedDataParallel closes its first bucket, and the others (Li et al. 2020)."""
_FP32 = 4


@dataclass(frozen=True)
class Machines:
    """GPUs in so many machines. ``rate`` is what rings through all have where they have least, in bytes a second in one
    direction: of a GPU, or between machines by all ports of one."""

    gpus: int
    link: str
    rate: float
    machines: int


CLUSTERS = (
    Machines(8, "NVLink", 450e9, 1),
    Machines(64, "400 Gb/s a GPU", 8 * 50e9, 8),
    Machines(64, "100 Gb/s a machine", 12.5e9, 8),
)


@dataclass(frozen=True)
class Step:
    """Seconds: to compute, of all-reduces, and in all."""

    compute: float
    reduce: float
    total: float

    @property
    def waits(self) -> float:
        """For gradients when nothing is left to compute."""
        return self.total - self.compute


def images_a_second(spec: Spec, share: float) -> float:
    """Of one GPU, at a share of its peak: forward and, twice as much, backward, of two operations a multiply-add."""
    return share * PEAK / (3 * 2 * spec.typed.macs)


def gradients(spec: Spec, compute: float) -> Iterator[tuple[float, int]]:
    """From the last layer to the first, each tensor of weights: when its gradient is there, and the bytes of it.

    The last two thirds of ``compute`` seconds are the backward pass, to each layer by its multiply-adds.
    """
    done, macs = 0, spec.typed.macs
    for layer in reversed(spec.typed.nodes):
        done += layer.macs
        for count in (layer.params.biases, layer.params.weights):
            if count:
                yield compute / 3 + 2 / 3 * compute * done / macs, _FP32 * count


def buckets(ready: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Gradients as they are sent, together: when the last of a bucket is there, and its bytes."""
    made, size = list[tuple[float, int]](), 0
    for time, count in ready:
        size += count
        if size >= (_CAP if made else _FIRST):
            made.append((time, size))
            size = 0
    return [*made, (ready[-1][0], size)] if size else made


def ring(size: float, gpus: int, rate: float) -> float:
    """Seconds of an all-reduce: each GPU sends and gets 2 (n - 1) / n of the bytes (Patarasuk & Yuan 2009)."""
    return 2 * (gpus - 1) / gpus * size / (REACHED * rate)


def step(spec: Spec, compute: float, on: Machines) -> Step:
    """Buckets are sent one after another, each when it is there, while the layers below are computed."""
    end = total = 0.0
    for ready, size in buckets([*gradients(spec, compute)]):
        taken = ring(size, on.gpus, on.rate)
        end, total = max(end, ready) + taken, total + taken
    return Step(compute, total, max(compute, end))


def row(name: str, spec: Spec, share: float, on: Machines, batch: int) -> list[str]:
    """A line of the table, for so many images a GPU."""
    found = step(spec, batch / images_a_second(spec, share), on)
    images = on.gpus * batch / found.total
    return [
        f"{name} at {100 * share:.0f} %",
        str(on.gpus),
        on.link,
        str(batch),
        *(f"{1000 * seconds:.1f}" for seconds in (found.compute, found.reduce, found.waits)),
        f"{images:,.0f}",
        f"{100 * found.compute / found.total:.0f} %",
        f"{images / on.machines / READ:.0f}",
    ]


def main() -> None:
    columns = (
        *words("network"),
        *numbers("GPUs"),
        *words("link"),
        *numbers("images a GPU", "compute ms", "all-reduce ms", "waits ms", "images/s", "of linear", "cores a machine"),
    )
    vgg, resnet = vggdsl.load("vgg_d"), vggdsl.load("resnet/resnet50")
    groups = [
        RowGroup([row(name, spec, share, on, batch) for on in CLUSTERS for batch in (BATCH, BATCH // on.gpus)])
        for name, spec, share in (("VGG-D", vgg, 0.42), ("ResNet-50", resnet, 0.42), ("ResNet-50", resnet, 0.10))
    ]
    print(to_text(Table(columns, groups)))


if __name__ == "__main__":
    main()
