"""Speed is measured on the same work, in turn; how fast anything is is no test."""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from commands import run
from forks import forked
from PIL import Image
from profiles import mostly_thorough
from refusals import findings

import vggdsl
from vggdsl.data.views import ResizedCrop
from vggdsl.experiments.bench import front, photographs, serving, training
from vggdsl.experiments.bench.contest import NOISE, PAIRS, Laps, Series, Verdict, in_turn, verdict
from vggdsl.experiments.bench.rows import KINDS, Found, Row, rows, rows_of
from vggdsl.experiments.bench.training import AGAINST, Work
from vggdsl.experiments.loop import Training, Unheard
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.step import compiled
from vggdsl.spec.recipe.augments import BACKENDS
from vggdsl.targets.runtime import Session, open_session, run_session

CHAIN = "input 8x8x3 conv3-4 BN ReLU maxpool conv3-8 ReLU FC-6 ReLU FC-3 softmax"
BRANCHES = "input 8x8x3 add[ conv3-3 | identity ] ReLU global-avgpool FC-3 softmax"


def test_sides_take_turns_in_beginning() -> None:
    told = list[str]()
    laps = in_turn(lambda: told.append("ours"), lambda: told.append("other"), pairs=3)
    assert told == ["ours", "other", "ours", "other", "other", "ours", "ours", "other"]  # the first pair isn't counted
    assert len(laps.ours) == len(laps.other) == 3
    told.clear()
    in_turn(lambda: told.append("ours"), lambda: told.append("other"), pairs=1, before=lambda: told.append("before"))
    assert told == ["ours", "other", "before", "ours", "before", "other"]


def test_a_ratio_is_theirs_by_ours() -> None:
    assert Laps([1, 2, 4], [2, 2, 2]).ratio.values == [2, 1, 0.5]


@pytest.mark.parametrize(
    ("values", "more", "found"),
    [
        ([3.0, 3.1, 3.0, 3.1], True, "goal"),
        ([2.5, 2.5, 2.6, 2.5], True, "floor"),
        ([1.5, 1.5, 1.6, 1.5], True, "below"),
        ([1.5, 2.5, 3.5, 4.5], True, "noisy"),
        ([0.2, 0.2, 0.2, 0.2], False, "goal"),
        ([4.0], True, "goal"),
    ],
)
def test_a_verdict_is_of_a_median_that_is_steady(values: list[float], more: bool, found: Verdict) -> None:
    floor, goal = (2, 3) if more else (0.5, 0.3)
    assert verdict(Series(values), floor, goal, more=more) == found
    assert verdict(Series(values), None, None, more=more) == ("noisy" if found == "noisy" else "measured")


def test_a_spread_is_of_the_middle_half() -> None:
    assert Series([1, 2, 3, 4, 100]).spread == pytest.approx(2 / 3)  # 2 to 4, by 3
    assert Series([1, 2]).spread == 0


@pytest.mark.parametrize("text", [CHAIN, BRANCHES])
def test_the_plain_model_computes_what_the_network_does(text: str) -> None:
    spec = vggdsl.parse(text)
    torch.manual_seed(0)
    model, network = training.model_of(spec).eval(), vggdsl.to_torch(spec).eval()
    x = torch.randn(2, *spec.typed.input.chw)
    assert torch.equal(model(x), network(x))


def test_torchvisions_model_is_the_plain_one_of_what_it_has() -> None:
    spec = vggdsl.load("vgg_a")
    with torch.device("meta"):
        model = training.model_of(spec)
    assert type(model).__module__ == "torchvision.models.vgg"
    assert sum(p.numel() for p in model.parameters()) == spec.typed.params


def test_another_network_of_the_name_is_not_torchvisions() -> None:
    model = training.model_of(vggdsl.parse(CHAIN, "vgg_a.arch"))
    assert type(model).__module__ != "torchvision.models.vgg"


WIDE = "input 8x12x3\nconv3-4 maxpool\naux 0.3 { conv3-2 FC-10 softmax }\nconv3-4 FC-10 softmax\n"


def test_all_sides_compute_the_same_layers_of_images_of_the_same_size(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[torch.Size]()
    forward = torch.nn.Conv2d.forward

    def remembering(conv: torch.nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
        if conv.training:
            seen.append(x.shape)
        return forward(conv, x)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", remembering)
    ready = training.prepared(Work(vggdsl.parse(WIDE), batch=4, steps=2))
    of_side = {}
    with ready.arithmetic():
        for side in (training.ours, training.reference, training.tuned):
            seen.clear()
            side(ready)()
            of_side[side.__name__] = sorted(map(tuple, seen))
    assert of_side["ours"] == of_side["reference"] == of_side["tuned"]
    assert of_side["ours"].count((4, 3, 8, 12)) == 2
    assert len(of_side["ours"]) == 6, "the auxiliary classifier's, too"


@pytest.mark.parametrize(
    "text",
    [
        "input 2x2x3\nconv3-4 FC-1 softmax",
        "input 8x8x3\nconv3-4",
        "input 4x4x3\nconv3-4 maxpool maxpool FC-4 BN FC-10 softmax",
    ],
)
def test_what_cannot_be_trained_is_refused(text: str) -> None:
    (found,) = findings(lambda: training.prepared(Work(vggdsl.parse(text), batch=1, steps=2)))
    assert found.code == "V408"


@pytest.mark.parametrize("side", [training.ours, training.reference, training.tuned])
@pytest.mark.parametrize("text", [CHAIN, BRANCHES])
def test_each_side_makes_the_steps(
    text: str, side: Callable[[Prepared], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = list[int]()
    monkeypatch.setattr(torch.optim.SGD, "step", lambda _: steps.append(1))
    ready = training.prepared(Work(vggdsl.parse(text), batch=4, steps=3))
    with ready.arithmetic():
        lap = side(ready)
        lap()
        lap()
    assert len(steps) == 6


def test_laps_are_epochs_of_one_training() -> None:
    ready = training.prepared(Work(vggdsl.parse(CHAIN), batch=4, steps=3))

    def losses(*stops: int) -> list[float]:
        begun = Training(vggdsl.to_torch(ready.spec), ready, Unheard())
        for epoch in stops:
            progress = begun.to(epoch)
        return [epoch.train_loss for epoch in progress.epochs]

    assert losses(1, 2, 2, 4) == losses(4)
    assert len(losses(4)) == 4


def test_the_work_is_counted() -> None:
    work = Work(vggdsl.parse(CHAIN), batch=4, steps=3)
    assert work.images == 12
    assert work.flops == 2 * 3 * work.spec.typed.macs * 12  # a product forward, two backward


def test_both_sides_of_inference_run_as_often_by_as_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, opened = list[str](), list[int]()
    threads = torch.get_num_threads()

    def opening(path: str, *, threads: int = 0) -> Session:
        opened.append(threads)
        return open_session(path, threads=threads)

    def ours(session: Session, inputs: Mapping[str, Any]) -> list[Any]:
        calls.append("ours")
        return run_session(session, inputs)

    model = training.model_of(vggdsl.parse(CHAIN))
    model.register_forward_hook(lambda *_: calls.append("other"))
    monkeypatch.setattr(serving, "open_session", opening)
    monkeypatch.setattr(serving, "run_session", ours)
    monkeypatch.setattr(serving, "model_of", lambda _: model)
    monkeypatch.setattr("vggdsl.experiments.bench.rows._LAP", 0.05)
    (row,) = rows_of(vggdsl.parse(CHAIN), ["infer"], (), 2, "cpu")
    torch.set_num_threads(3)
    try:
        row.measure()
    finally:
        torch.set_num_threads(threads)
    assert opened == [3], "by itself onnxruntime takes all cores, whatever PyTorch has"
    laps = [(side, len([*group])) for side, group in groupby(calls[4:])]  # behind those that are timed to know how many
    assert laps[0][0] == "ours"
    assert {sum(n for s, n in laps if s == side) % (PAIRS + 1) for side in ("ours", "other")} == {0}
    assert calls[4:].count("ours") == calls[4:].count("other") >= 2 * (PAIRS + 1), "no lap is a single short call"


def test_no_side_of_a_training_finds_memory_that_the_other_left(monkeypatch: pytest.MonkeyPatch) -> None:
    given = list[int]()
    monkeypatch.setattr("vggdsl.experiments.bench.rows._LAP", 0.01)
    monkeypatch.setattr("vggdsl.experiments.bench.rows.given_back", lambda: given.append(1))
    monkeypatch.setattr("vggdsl.experiments.bench.rows._peak", lambda *_: 1.0)
    (row,) = rows_of(vggdsl.parse(CHAIN), ["train"], ["tuned"], 4, "cpu")
    assert len(row.measure().series.values) == PAIRS
    assert len(given) == 2 * PAIRS


@pytest.mark.parametrize("side", [training.reference, training.tuned])
def test_no_side_fetches_images_from_the_device(
    side: Callable[[Prepared], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(_: torch.Tensor) -> torch.Tensor:
        raise AssertionError

    ready = training.prepared(Work(vggdsl.parse(CHAIN), batch=4, steps=2))
    monkeypatch.setattr(torch.Tensor, "cpu", fetched)
    with ready.arithmetic():
        side(ready)()


@pytest.mark.parametrize("side", mostly_thorough(["ours", "theirs"], kept=["ours"]))
def test_both_sides_of_an_export_run(side: Literal["ours", "theirs"], tmp_path: Path) -> None:
    spec = vggdsl.parse(CHAIN)
    if side == "ours":  # which the command is measured for; of PyTorch's the process calls this side
        serving.our_export(spec, tmp_path)()
    assert 2e8 < serving.process(side, spec, tmp_path).peak < 3e9
    assert (tmp_path / f"{side}.onnx").exists()


# -- photographs


def test_photographs_are_jpegs_of_one_size_and_unlike(tmp_path: Path) -> None:
    files = photographs.photographs(tmp_path, 3 * photographs.FILES)
    assert (len(files), len({path.read_bytes() for path in tmp_path.iterdir()})) == (192, photographs.FILES)
    assert {files.size(i) for i in range(photographs.FILES)} == {photographs.SIZE}
    assert 3e4 < sum(map(files.length, range(photographs.FILES))) / photographs.FILES < 2e5


def test_all_sides_make_as_many_images_by_as_many_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = photographs.photographs(tmp_path, 2 * photographs.BATCH)
    pools = list[int]()
    init = ThreadPoolExecutor.__init__

    def counting(pool: ThreadPoolExecutor, count: int, *rest: Any) -> None:
        pools.append(count)
        init(pool, count, *rest)

    monkeypatch.setattr(ThreadPoolExecutor, "__init__", counting)
    sides = [photographs.decoded(files, 2), photographs.decoded_by_pillow(files, 2), photographs.loaded(files, 2)]
    sides += [photographs.batches(files, 2, backend) for backend in BACKENDS]
    assert [side() for side in sides] == [2 * photographs.BATCH] * 5
    assert pools == [2] * 4, "the loader has processes"


def test_a_training_on_files_takes_the_steps_of_one_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, seen = list[int](), list[tuple[int, ...]]()

    def see(_: ResizedCrop, image: Image.Image, *drawn: object) -> torch.Tensor:
        seen.append(image.size)
        return torch.zeros(3, 8, 8, dtype=torch.uint8)

    monkeypatch.setattr(torch.optim.SGD, "step", lambda _: steps.append(1))
    monkeypatch.setattr(ResizedCrop, "see_tensor", see)
    ready = training.prepared(Work(vggdsl.parse(CHAIN), batch=4, steps=3))
    files = photographs.photographs(tmp_path, ready.recipe.batch * 3)
    with ready.arithmetic():
        training.ours(photographs.of_files(ready, files, "tensor"))()
    assert (len(steps), seen) == (3, [photographs.SIZE] * 12)


def test_photographs_are_read_with_one_thread_and_all_and_some_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for count, expected in ((1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (16, [1, 2, 4, 8, 16])):
        monkeypatch.setattr(photographs, "THREADS", count)
        assert photographs.threads() == expected


def test_a_row_of_a_network_that_is_no_photographs_is_refused() -> None:
    (row,) = rows_of(vggdsl.parse("input 8x8x2 conv3-4 ReLU FC-3 softmax"), ["input"], (), 2, "cpu")
    assert findings(row.measure)[0].code == "V512"


def test_rows_of_photographs_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "THREADS", 1)
    monkeypatch.setattr(photographs, "_IMAGES", photographs.BATCH)
    monkeypatch.setattr("vggdsl.experiments.bench.rows._LAP", 0.01)
    chosen = [row for row in rows(["input"], (), "cpu") if "resnet18" not in row.name]
    for row in [*chosen, *rows_of(vggdsl.parse(CHAIN), ["input"], (), 4, "cpu")]:
        found = row.measure()
        assert len(found.series.values) == PAIRS
        assert found.images is not None
        assert found.images > 0
    assert len(chosen) == 3


def test_what_a_process_takes_is_its_own() -> None:
    taken = front.command("--version")
    assert 0 < taken.processor < 60
    assert 5e6 < taken.peak < 1e9


def test_floors_and_goals_point_the_same_way() -> None:
    found = [*rows(KINDS, AGAINST, "cpu"), *rows(KINDS, AGAINST, "cuda")]
    assert len({row.name for row in found}) == len(found)
    for row in found:
        assert row.floor is not None
        assert row.goal is not None
        assert row.goal > row.floor if row.more else row.goal < row.floor


def test_only_what_is_asked_for_is_measured() -> None:
    for kind in KINDS:
        assert {row.what for row in rows([kind], AGAINST, "cpu")} == {kind}
    assert {row.what for row in rows(KINDS, AGAINST, "cuda")} == {"train", "input"}
    assert {row.against for row in rows(["train"], ["tuned"], "cpu")} == {"tuned"}
    assert len(rows_of(vggdsl.parse(CHAIN), ["train"], AGAINST, 8, "cpu")) == 2


def test_the_command_prints_rows_and_says_what_it_measures() -> None:
    text = run("bench", "quickstart", "--front")
    assert "quickstart, text to typed graph" in text.stdout
    told = r"measuring \(1 of 1\): quickstart, text to typed graph\n +[\d.]+ ms(, too noisy to decide)?\n"
    assert re.fullmatch(told, text.stderr)
    (row,) = json.loads(run("bench", "quickstart", "--front", "--json").stdout)
    assert (row["unit"], len(row["values"])) == ("ms", 20)
    assert row["verdict"] == ("noisy" if row["spread"] > NOISE else "measured")


def test_a_row_that_cannot_be_compiled_is_told_and_the_others_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def backend(module: object, inputs: object) -> Callable[..., object]:
        raise RuntimeError("Failed to find C compiler")

    def failing() -> Found:
        compiled(torch.nn.ReLU(), backend=backend)(torch.ones(1))
        return Found(Series([1]))

    chosen = [Row("train", "first", failing), Row("front", "second", lambda: Found(Series([2])))]
    monkeypatch.setattr("vggdsl.experiments.bench.rows.rows", lambda *asked: chosen)
    done = run("bench", "--json")
    assert (done.exit_code, [row["name"] for row in json.loads(done.stdout)]) == (2, ["second"])
    assert "error[V536]: PyTorch can't compile the network" in done.stderr
    assert "Failed to find C compiler" in done.stderr
    chosen.pop()
    assert run("bench").stdout == ""


BROKEN_OFF = """
import os, signal, sys
from vggdsl.__main__ import run
from vggdsl.experiments.bench import rows
from vggdsl.experiments.bench.rows import Found, Row, Series

def pressed():
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("Ctrl-C doesn't reach it")

first, second = Row("front", "first", lambda: Found(Series([2]))), Row("front", "second", pressed)
rows.rows = lambda *asked: [first, second, first]
run()
"""


def test_what_was_measured_before_ctrl_c_is_told() -> None:
    done = forked(BROKEN_OFF, "bench", "--json")
    assert (done.returncode, [row["name"] for row in json.loads(done.stdout)]) == (130, ["first"])
    assert "measuring (2 of 3): second" in done.stderr
    assert "Traceback" not in done.stderr
    done = forked(BROKEN_OFF, "bench")
    assert done.returncode == 130
    assert "first" in done.stdout
    assert "second" not in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--batch", 8),
        ("vgg_d", "--infer", "--device", "cuda"),
        ("vgg_d", "--front", "--batch", 8),
        ("vgg_d", "--compile", "--against", "tuned"),
    ],
)
def test_what_nothing_comes_of_is_refused(arguments: tuple[object, ...]) -> None:
    assert run("bench", *arguments).exit_code == 2
