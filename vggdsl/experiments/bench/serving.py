"""Inference and export: our ONNX file in onnxruntime beside PyTorch, our exporter beside PyTorch's."""

import io
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import torch
from PIL import Image

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.bench import front
from vggdsl.experiments.bench.front import Taken
from vggdsl.experiments.bench.training import model_of
from vggdsl.spec.spec import Spec
from vggdsl.targets.export import export_onnx
from vggdsl.targets.runtime import INPUT, open_session, run_session
from vggdsl.targets.torch import to_torch


def _images(spec: Spec, batch: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    shape = (batch, *spec.typed.input.chw)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def onnxruntime(spec: Spec, batch: int) -> Callable[[], object]:
    """Our file, as a user opens it, by as many threads as PyTorch has."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(spec, to_torch(spec), path, preprocessing=Preprocessing.unknown(spec.typed.input))
        session = open_session(str(path), threads=torch.get_num_threads())
    x = _images(spec, batch)
    return lambda: run_session(session, {INPUT: x})


def eager(spec: Spec, batch: int) -> Callable[[], object]:
    """PyTorch's model in single precision."""
    model, x = model_of(spec).eval(), torch.from_numpy(_images(spec, batch))

    def run() -> None:
        with torch.inference_mode():
            model(x)

    return run


def image(spec: Spec, folder: Path) -> Path:
    """A file with one that the network takes."""
    size = spec.typed.input
    path = folder / "image.png"
    Image.new("L" if size.c == 1 else "RGB", (size.w, size.h)).save(path)
    return path


def our_export(spec: Spec, folder: Path) -> Callable[[], object]:
    network = to_torch(spec)
    preprocessing = Preprocessing.unknown(spec.typed.input)
    return lambda: export_onnx(spec, network, folder / "ours.onnx", preprocessing=preprocessing, force=True)


def torchs_export(spec: Spec, folder: Path) -> Callable[[], object]:
    """PyTorch's exporter, with the same checks behind it: ONNX's, and onnxruntime against PyTorch at two batches."""
    model, path = model_of(spec).eval(), folder / "theirs.onnx"
    example = torch.from_numpy(_images(spec, 2))

    def run() -> None:
        with _quiet():
            torch.onnx.export(
                model, (example,), str(path), dynamo=True, dynamic_shapes=({0: torch.export.Dim("n")},), verbose=False
            )
        onnx.checker.check_model(str(path), full_check=True)
        session = open_session(str(path))
        for batch in (1, 3):
            x = _images(spec, batch)
            (found,) = run_session(session, {session.get_inputs()[0].name: x})
            with torch.inference_mode():
                expected = model(torch.from_numpy(x)).numpy()
            np.testing.assert_allclose(found, expected, atol=1e-4 * float(np.abs(expected).max()))

    return run


def process(side: Literal["ours", "theirs"], spec: Spec, folder: Path) -> Taken:
    """What an export takes by a process of its own, of ours by the command that users call."""
    if side == "ours":
        return front.command("export", str(_file(spec, folder)), "--force", "-o", str(folder / "ours.onnx"))
    code = "from pathlib import Path; from sys import argv; from vggdsl.spec.parsing import load;"
    code += "from vggdsl.experiments.bench.serving import torchs_export as export;"
    code += "export(load(argv[1]), Path(argv[2]))()"
    return front.process(sys.executable, "-c", code, str(_file(spec, folder)), str(folder))


def _file(spec: Spec, folder: Path) -> Path:
    """A spec from anywhere, for another process."""
    path = folder / f"{spec.name}.arch"
    path.write_text(spec.text, encoding="utf-8")
    return path


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints its steps, and warns of what isn't ours to mend."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
