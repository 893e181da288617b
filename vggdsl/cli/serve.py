"""``vggdsl serve``."""

import gc
from ipaddress import ip_address
from pathlib import Path

import click

from vggdsl.cli import options
from vggdsl.cli.common import note, reports_errors, say
from vggdsl.cli.models import check_model, onnx_of
from vggdsl.experiments.heap import given_back
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file
from vggdsl.text.packages import is_installed, missing, needed


@click.command()
@click.argument("model", metavar="RUN|MODEL.onnx", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address; by default for this machine alone.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="How many classes to name.")
@click.option("--batch", default=32, show_default=True, type=click.IntRange(1, 1024), help="Images at once, at most.")
@click.option("--waiting", default=256, show_default=True, type=click.IntRange(1, 100_000), help="Requests at once.")
@click.option("--megabytes", default=20, show_default=True, type=click.IntRange(1, 1000), help="Of a request.")
@click.option("--megapixels", default=25, show_default=True, type=click.IntRange(1, 89), help="Of an image.")
@click.option("--patience", default=10, show_default=True, type=click.IntRange(1, 3600), help="Seconds to send it in.")
@options.device()
@click.option("--force", is_flag=True, help="Use weights that a run's record isn't of.")
@reports_errors
def command(
    model: Path,
    host: str,
    port: int,
    top: int,
    batch: int,
    waiting: int,
    megabytes: int,
    megapixels: int,
    patience: int,
    device: str,
    force: bool,
) -> None:
    """Name images over HTTP: POST one, and get as JSON what `predict --json` prints.

    Images that come together are computed together. GET /health says that it runs, GET /metrics how much it did, for
    Prometheus. What is too large, too slow or no image is refused with a JSON object that says why; beyond --waiting
    requests others are told to ask again (429). There is no password: --host lets others in. It takes the extra
    `vggdsl[serve]`.

    \b
    vggdsl serve runs/quickstart-s0-1
    curl --data-binary @digit.png http://127.0.0.1:8000/
    curl -F image=@digit.png http://127.0.0.1:8000/
    """
    check_model(model, force)
    if not is_installed("python_multipart"):  # which Starlette asks for at the first form
        raise missing("python_multipart")
    with needed():
        from vggdsl.targets.serving.application import application
        from vggdsl.targets.serving.server import listen, serve
    from vggdsl.targets.memory import check_use, out_of_memory
    from vggdsl.targets.predict import Predictor
    from vggdsl.targets.serving.limits import Limits

    million = 1_000_000
    limits = Limits(
        body=megabytes * million, pixels=megapixels * million, waiting=waiting, batch=batch, patience=patience
    )
    try:
        opened, url = listen(host, port)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        help = "choose another with --port, or 0 for any that is free"
        raise InputError(Diagnostic("V532", f"{host}:{port} can't be listened on: {why}", help=help)) from None
    with opened, out_of_memory("serving"):
        with onnx_of(model, "serving", force=force, apart=True) as file:  # a temporary one is gone while it is served
            check_use("serving", needed=file.stat().st_size if is_file(file) else 0)
            predictor = Predictor(file, device, shown_as=str(model))
        check_use("serving", needed=4 * (waiting + 4 * batch) * predictor.preprocessing.shape.elements)
        app = application(predictor, str(model), top, limits, tidy=_tidy)
        if not _is_loopback(host):
            note(f"note: whoever reaches {host} can ask: there is no password")
        say(f"{url} names images by {model}; Ctrl-C ends it")
        try:
            serve(app, opened, limits)
        except KeyboardInterrupt:  # after it has answered all that was asked
            raise SystemExit(130) from None


def _tidy() -> None:
    """Gives back what bodies that came and went took, those in circles of libraries' objects too."""
    gc.collect()
    given_back()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
