"""What is measured, with the floor under which it may not fall and the goal that it is to reach."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from vggdsl.data.images import check_channels
from vggdsl.data.pictures import Files
from vggdsl.experiments.bench import front, photographs, serving, training
from vggdsl.experiments.bench.contest import PAIRS, Series, Verdict, in_turn, timed, verdict
from vggdsl.experiments.bench.training import AGAINST, Against, Precision, Work
from vggdsl.experiments.costs import forget_peak, held, most_held
from vggdsl.experiments.device import choose
from vggdsl.experiments.heap import given_back
from vggdsl.experiments.prepare import Prepared
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe.augments import BACKENDS, Backend
from vggdsl.spec.spec import Spec
from vggdsl.text.units import plural

What = Literal["train", "input", "infer", "compile", "front"]
KINDS: tuple[What, ...] = ("train", "input", "infer", "compile", "front")
Unit = Literal["x", "s", "ms", "MB"]

_TIMES = 5
"""How often a process is started, or a network exported or compiled, for a figure."""
_LAP = 1.0
"""Seconds of a lap of training, or of inference, about."""
_FEWEST_STEPS, _MOST_STEPS = 4, 1000
"""Of a lap: with fewer, the end of an epoch would count."""
_EPOCH = 45_000
"""Images of CIFAR-10 that are trained on."""


@dataclass(frozen=True)
class Found:
    """What came of a row."""

    series: Series
    images: float | None = None
    """A second, by us."""
    flops: float | None = None
    """A second, by us, of the network's own arithmetic."""
    peak: float | None = None
    """A second, of a large matrix product in the same precision: what the machine gives at the best."""


@dataclass(frozen=True)
class Row:
    """A quantity: how many times as fast, or how long or large."""

    what: What
    name: str
    measure: Callable[[], Found]
    unit: Unit = "x"
    floor: float | None = None
    goal: float | None = None
    more: bool = True
    """Whether more of it is better."""
    against: Against | None = None
    """Beside what it is, of a training."""

    def verdict(self, found: Found) -> Verdict:
        return verdict(found.series, self.floor, self.goal, more=self.more)


def rows(kinds: Sequence[What], sides: Sequence[Against], device: str) -> list[Row]:
    """Those that have a floor and a goal; only trainings, and what they read, on a GPU."""
    found = list[Row]()
    if "train" in kinds:
        found += _on_gpu() if device == "cuda" else _training()
    if "input" in kinds:
        found += _reading(device)
    if device == "cpu":
        found += [*(_serving() if {"infer", "compile"} & {*kinds} else ()), *(_front() if "front" in kinds else ())]
    return [row for row in found if row.what in kinds and row.against in (None, *sides)]


def rows_of(spec: Spec, kinds: Sequence[What], sides: Sequence[Against], batch: int, device: str) -> list[Row]:
    """Those of any network, which have none."""
    found = list[Row]()
    if "train" in kinds:
        for side in sides:
            name = f"train {spec.name}, batch {batch} / {side}"
            found.append(Row("train", name, partial(_trained, spec, batch, side, device), against=side))
    if "input" in kinds:
        name = f"train {spec.name} on files, batch {batch} / in memory"
        found.append(Row("input", name, partial(_fed, spec, batch, "pillow", device)))
    if "infer" in kinds:
        name = f"onnxruntime {spec.name}, batch {batch} / PyTorch"
        found.append(Row("infer", name, partial(_inferred, spec, batch)))
    if "compile" in kinds:
        found.append(Row("compile", f"export {spec.name} / torch.onnx.export", partial(_exported, spec), more=False))
    if "front" in kinds:
        found.append(Row("front", f"{spec.name}, text to typed graph", partial(_compiled, spec), "ms", more=False))
    return found


def _on_gpu() -> Iterator[Row]:
    small, large = load("vgg_reconstructed/c232_fc256_256"), load("vgg_d")
    for spec, batch, floors, goals in ((large, 256, (2.5, 1), (4, 1.1)), (small, 128, (2, 1), (3, 1.15))):
        for compiled in (False, True):
            name = f"train {spec.name}{' --compile' * compiled}, batch {batch}"
            for side, floor, goal in zip(AGAINST, floors, goals, strict=True):
                measure = partial(_trained, spec, batch, side, "cuda", compiled=compiled)
                yield Row("train", f"{name} / {side}", measure, floor=floor, goal=goal, against=side)
            if spec is large:
                share = partial(_share_of_peak, spec, batch, compiled)
                yield Row("train", f"{name} / the matrix peak", share, floor=0.4, goal=0.6)
            else:
                epoch = partial(_epoch, spec, batch, compiled)
                yield Row("train", f"{name}, 45,000 images", epoch, "s", floor=1, goal=0.5, more=False)


def _training() -> Iterator[Row]:
    for name, batch, floors, goals in (
        ("c232_fc64", 128, (3, 1), (4, 1.15)),
        ("vgg_d", 8, (2, 1), (3, 1.1)),
        ("resnet20", 128, (2.2, 1), (3, 1.1)),
        ("quickstart", 32, (2, 1), (3, 1.2)),
    ):
        spec = load(name)
        for side, floor, goal in zip(AGAINST, floors, goals, strict=True):
            measure = partial(_trained, spec, batch, side, "cpu")
            yield Row("train", f"train {name}, batch {batch} / {side}", measure, "x", floor, goal, against=side)
    exact = partial(_trained, load("c232_fc64"), 128, "reference", "cpu", "fp32")
    yield Row("train", "train c232_fc64 in fp32 / reference", exact, "x", 1.2, 1.4, against="reference")
    memory = partial(_remembered, load("vgg_d"), 8)
    yield Row("train", "memory of training vgg_d, batch 8 / tuned", memory, "x", 1.05, 0.9, more=False, against="tuned")


def _reading(device: str) -> Iterator[Row]:
    if device == "cpu":
        for count in photographs.threads():
            by = plural(count, "thread")
            yield Row("input", f"decode by {by} / Pillow", partial(_decoded, count), floor=0.9, goal=1)
            for backend, floor, goal in zip(BACKENDS, (0.8, 1), (1, 1.3), strict=True):
                name = f"batches by {by}, backend={backend} / DataLoader"
                yield Row("input", name, partial(_batched, count, backend), floor=floor, goal=goal)
    name, batch = ("vgg_d", 256) if device == "cuda" else ("resnet/resnet18", 16)
    for backend in BACKENDS:
        fed = partial(_fed, load(name), batch, backend, device)
        told = f"train {name} on files, batch {batch}, backend={backend} / in memory"
        yield Row("input", told, fed, floor=0.9, goal=0.98)


def _serving() -> Iterator[Row]:
    for batch, floor in ((1, 1.4), (8, 1.5)):
        measure = partial(_inferred, load("vgg_d"), batch)
        yield Row("infer", f"onnxruntime vgg_d, batch {batch} / PyTorch", measure, "x", floor, 2)
    for name, floor, goal in (("vgg_d", 0.65, 0.4), ("mini_vgg", 0.6, 0.3)):
        measure = partial(_exported, load(name))
        yield Row("compile", f"export {name} / torch.onnx.export", measure, "x", floor, goal, more=False)
    memory = partial(_exported_in, load("vgg_d"))
    yield Row("compile", "memory of exporting vgg_d / torch.onnx.export", memory, "x", 1, 0.6, more=False)
    yield Row("infer", "predict with an .onnx, one image", partial(_predicted, "wall"), "s", 0.8, 0.5, more=False)
    yield Row("infer", "the same, memory", partial(_predicted, "peak"), "MB", 100, 60, more=False)


def _front() -> Iterator[Row]:
    check = partial(_called, "check", "vgg_d")
    yield Row("front", "check vgg_d, processor time", check, "s", 0.3, 0.15, more=False)
    for name, floor, goal in (("vgg_e", 5, 2), ("resnet/resnet152", 25, 10)):
        measure = partial(_compiled, load(name))
        yield Row("front", f"{name}, text to typed graph", measure, "ms", floor, goal, more=False)
    for command in ("show", "explain", "check"):
        long = partial(_long, command)
        yield Row(
            "front", f"{command} of {front.LAYERS:,} labelled layers, processor time", long, "s", 2, 0.5, more=False
        )


# -- how each is measured


def _trained(
    spec: Spec, batch: int, against: Against, device: str, precision: Precision = "auto", *, compiled: bool = False
) -> Found:
    ready, work = _ready(spec, batch, device, precision, compiled=compiled)
    with ready.arithmetic():
        other = {"reference": training.reference, "tuned": training.tuned}[against](ready)
        # Our laps end by giving memory back. Without this the other side would fetch it anew, and ours find it there.
        laps = in_turn(training.ours(ready), other, before=given_back)
        peak = _peak(ready.hardware.device, ready.hardware.precision)
    seconds = Series(laps.ours).median
    return Found(laps.ratio, work.images / seconds, work.flops / seconds, peak)


def _decoded(count: int) -> Found:
    with _photographs(photographs.images_of(count)) as files:
        laps = in_turn(photographs.decoded(files, count), photographs.decoded_by_pillow(files, count))
        return Found(laps.ratio, len(files) / Series(laps.ours).median)


def _batched(count: int, backend: Backend) -> Found:
    with _photographs(photographs.images_of(count)) as files, _one_thread():
        laps = in_turn(photographs.batches(files, count, backend), photographs.loaded(files, count))
        return Found(laps.ratio, len(files) / Series(laps.ours).median)


def _fed(spec: Spec, batch: int, backend: Backend, device: str) -> Found:
    """Beside 1, the ratio is the share of a step that waits for what is read."""
    check_channels(spec.typed.input)
    ready, work = _ready(spec, batch, device)
    with _photographs(work.images) as files, ready.arithmetic():
        read = training.ours(photographs.of_files(ready, files, backend))
        laps = in_turn(read, training.ours(ready), before=given_back)
    seconds = Series(laps.ours).median
    return Found(laps.ratio, work.images / seconds, work.flops / seconds)


@contextmanager
def _one_thread() -> Iterator[None]:
    """What is done with whole batches, by PyTorch: a GPU does it in a training, and on a CPU a step is far longer.

    More of PyTorch's threads would wait for the next operation on the processors that read.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _photographs(count: int) -> Iterator[Files]:
    with tempfile.TemporaryDirectory() as folder:
        yield photographs.photographs(Path(folder), count)


def _alone(spec: Spec, batch: int, compiled: bool) -> tuple[Series, Work, float]:
    """The seconds of laps of ours on a GPU, and its peak."""
    ready, work = _ready(spec, batch, "cuda", compiled=compiled)
    with ready.arithmetic():
        lap = training.ours(ready)
        lap()
        seconds = Series([timed(lap) for _ in range(PAIRS)])
        return seconds, work, _peak(ready.hardware.device, ready.hardware.precision)


def _share_of_peak(spec: Spec, batch: int, compiled: bool) -> Found:
    laps, work, peak = _alone(spec, batch, compiled)
    rate = work.flops / laps.median
    return Found(
        Series([work.flops / seconds / peak for seconds in laps.values]), work.images / laps.median, rate, peak
    )


def _epoch(spec: Spec, batch: int, compiled: bool) -> Found:
    laps, work, peak = _alone(spec, batch, compiled)
    rate = work.images / laps.median
    return Found(Series([_EPOCH / work.images * s for s in laps.values]), rate, work.flops / laps.median, peak)


def _ready(
    spec: Spec, batch: int, device: str, precision: Precision = "auto", *, compiled: bool = False
) -> tuple[Prepared, Work]:
    """A training of laps that take about as long as they should, before it is compiled."""
    steps = _FEWEST_STEPS
    while True:
        work = Work(spec, batch, steps, device, precision)
        ready = training.prepared(work)
        with ready.arithmetic():
            lap = training.ours(ready)
            lap()
            seconds = timed(lap)
        if seconds > _LAP / 2 or steps == _MOST_STEPS:
            return replace(ready, compiled=compiled), work
        steps = min(_MOST_STEPS, max(2 * steps, round(steps * _LAP / seconds)))


def _remembered(spec: Spec, batch: int) -> Found:
    ready = training.prepared(Work(spec, batch, 1))
    found = list[float]()
    with ready.arithmetic():
        for side in (training.ours, training.tuned):
            forget_peak(ready.hardware.device)
            before = held(ready.hardware.device)
            lap = side(ready)
            lap()
            lap()
            found.append((most_held(ready.hardware.device) or 0) - before)
            del lap
    return Found(Series([found[0] / found[1]]))


def _peak(device: torch.device, precision: str) -> float:
    """Of a product of square matrices, the fastest of several."""
    n = 8192 if device.type == "cuda" else 2048
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(n, n, device=device, dtype=kind) for _ in range(2))

    def product() -> None:
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    product()
    return 2 * n**3 / min(timed(product) for _ in range(_TIMES))


def _inferred(spec: Spec, batch: int) -> Found:
    ours, other = serving.onnxruntime(spec, batch), serving.eager(spec, batch)
    for side in (ours, other):
        side()
    calls = max(1, round(_LAP / max(timed(ours), timed(other))))
    laps = in_turn(partial(_repeated, ours, calls), partial(_repeated, other, calls))
    seconds = Series(laps.ours).median / calls
    return Found(laps.ratio, batch / seconds, 2.0 * spec.typed.macs * batch / seconds)


def _repeated(work: Callable[[], object], times: int) -> None:
    for _ in range(times):
        work()


def _exported(spec: Spec) -> Found:
    """What we take by what they take."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = serving.our_export(spec, Path(folder)), serving.torchs_export(spec, Path(folder))
        laps = in_turn(ours, theirs, pairs=_TIMES)
    return Found(Series([1 / ratio for ratio in laps.ratio.values]))


def _exported_in(spec: Spec) -> Found:
    """The memory of whole processes: what a library has taken once it doesn't give back."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (serving.process(side, spec, Path(folder)).peak for side in ("ours", "theirs"))
    return Found(Series([ours / theirs]))


def _predicted(what: Literal["wall", "peak"]) -> Found:
    spec = load("quickstart")
    with tempfile.TemporaryDirectory() as folder:
        serving.our_export(spec, Path(folder))()
        image = serving.image(spec, Path(folder))
        taken = [front.command("predict", f"{folder}/ours.onnx", str(image)) for _ in range(_TIMES)]
    return Found(Series([t.wall if what == "wall" else t.peak / 1e6 for t in taken]))


def _called(*args: str) -> Found:
    front.command(*args)
    return Found(Series([front.command(*args).processor for _ in range(_TIMES)]))


def _compiled(spec: Spec) -> Found:
    run = front.compiled(spec)
    run()
    return Found(Series([1e3 * timed(run) for _ in range(4 * _TIMES)]))


def _long(command: str) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.arch"
        path.write_text(front.long_text(), encoding="utf-8")
        return _called(command, str(path))


def machine(device: str) -> str:
    """On what it was measured, and the precision of trainings, unless a row says another."""
    hardware = choose(device, "auto")
    return f"{hardware.name}, torch {torch.__version__}, {hardware.precision}"
