"""``vggdsl page``."""

import webbrowser
from pathlib import Path
from threading import Thread

import click

from vggdsl.cli.common import reports_errors, say
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import bytes_text, plural


@click.command()
@click.option("-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="The folder of a site to write.")
@click.option("--serve", is_flag=True, help="Serve the page on this machine, for this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --serve; 0: any that is free.  [default: 8001]")
@click.option("--open", "opens", is_flag=True, help="With --serve: open it in the browser.")
@click.option(
    "--pyodide",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="With -o: the npm package.  [default: node_modules/pyodide, here or in a folder around]",
)
@click.option("--force", is_flag=True, help="Replace a site that an earlier call wrote.")
@reports_errors
def command(output: Path | None, serve: bool, port: int | None, opens: bool, pyodide: Path | None, force: bool) -> None:
    """A page on which networks are typed or pasted, and seen while they are.

    Beside the text stand what is wrong with it, with a button for what mends it, the layers, the picture, the
    arithmetic of the line, printed figures, the spec and PyTorch. It reads what `import` reads.

    With --serve this Python answers, on the loopback address. With -o the page is a folder of files that any server
    can hand out: Python runs in the browser, by the npm package `pyodide`, whose files are copied into it. Nothing
    that is typed leaves the browser, and nothing is loaded from elsewhere.

    \b
    vggdsl page --serve --open
    npm install pyodide && vggdsl page -o site
    python -m http.server --directory site
    """
    if serve == (output is not None):
        raise click.UsageError("either -o DIR or --serve")
    if serve and (pyodide is not None or force):
        raise click.UsageError("--pyodide and --force go with -o")
    if output is not None and (port is not None or opens):
        raise click.UsageError("--port and --open go with --serve")
    if output is not None:
        _write(output, pyodide, force)
    else:
        _serve(8001 if port is None else port, opens)


def _write(folder: Path, named: Path | None, force: bool) -> None:
    from vggdsl.page.site import check_folder, pyodide, site, write_site

    check_folder(folder, force=force)
    files = site(pyodide(named))
    write_site(folder, files)
    say(f"{folder}: {plural(len(files), 'file')}, {bytes_text(sum(map(len, files.values())))}")
    say(f"look at it: python -m http.server --bind 127.0.0.1 --directory {folder}")


def _serve(port: int, opens: bool) -> None:
    from vggdsl.language import notations
    from vggdsl.page.serve import LOOPBACK, Server

    try:
        server = Server(port)
    except OSError as error:
        message = f"{LOOPBACK}:{port} can't be listened on: {error.strerror or error}"
        help = "choose another with --port, or 0 for any that is free"
        raise InputError(Diagnostic("V532", message, help=help)) from None
    try:
        with server:
            Thread(target=notations.warm_up, daemon=True).start()
            say(f"{server.url} shows networks while they are typed; Ctrl-C ends it")
            if opens:
                webbrowser.open(server.url)
            server.serve_forever()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
