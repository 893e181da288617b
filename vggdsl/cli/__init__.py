"""The command line: the only place that knows the terminal. One file a command."""

import errno
import gc
import io
import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from vggdsl import __version__
from vggdsl.text.errors import nearest
from vggdsl.text.files import is_file
from vggdsl.text.printing import LINE, shown
from vggdsl.text.typography import name_of

COMMANDS = {
    "check": "Parse, infer and hold every claim against arithmetic.",
    "show": "The table of layers, with totals.",
    "draw": "A network as a picture: maps as volumes, or layers as boxes.",
    "explain": "A layer as it is compiled, with the arithmetic; or what a finding's code means.",
    "diff": "What changed between two specs, in the papers' words, with what it costs.",
    "fmt": "Bring specs into the one form.",
    "import": "Read networks from tables of papers, summaries and code, as specs.",
    "lsp": "Answer an editor: findings, fixes, what a layer is, while it is typed.",
    "specs": "List the specs that ship.",
    "page": "A page in the browser that shows networks while they are typed.",
    "claims": "Every number that a source prints, and what came of it.",
    "train": "Train by the recipe in the spec; write a record.",
    "search": "Find the best networks of a space under a budget.",
    "watch": "The curves of a training while it runs.",
    "evaluate": "How good a trained network is, under the papers' protocols.",
    "report": "A page to look at: curves, confusion matrix, mistakes, the record.",
    "results": "What was claimed beside what was measured, over seeds and networks.",
    "record": "A run's sealed block, for its spec; or a model card of it.",
    "export": "Write a network as ONNX, checked against PyTorch.",
    "predict": "Name what images show, by a trained run or an ONNX file.",
    "serve": "Name images over HTTP, by a trained run or an ONNX file.",
    "features": "What a layer of a trained network gives of images.",
    "pack": "Pack a folder of images into shards: few large files in place of many small ones.",
    "bench": "How fast this machine trains, exports and runs networks, beside what others write.",
}

_FILES = {"import": "importing"}
"""Of commands whose name is a keyword of Python."""


class Commands(click.Group):
    """Commands are imported when they are called, and what helps name: what doesn't need torch doesn't wait for it, and
    `predict` for no grammar.

    For a misspelt one, or a misspelt option of any, the nearest is named.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"vggdsl.cli.{_FILES.get(cmd_name, cmd_name)}").command
        gc.enable()  # off since the program began: see ``__main__``
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"no such command `{name}`{_meant(name)}", ctx)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _nearest_option_named():
            return super().make_context(*args, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any("\0" in given for given in args):  # what no system takes in a name, from who calls it in Python
            raise click.UsageError("an argument holds a character with the code 0", ctx)
        for given in args:
            if (dashed := _DASHED.match(given)) and not is_file(Path(given)):
                message = f"`{given}` begins with the character {name_of(dashed[0][0])}: did you mean `--{dashed[1]}`?"
                raise click.UsageError(message, ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _nearest_option_named():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _meant(name: str) -> str:
    """What a user may have meant by a command that there isn't."""
    from vggdsl.language.library import shipped

    if name in shipped() or is_file(Path(name)):
        return f": it is a spec, write `vggdsl check {name}`"
    near = nearest(name, list(COMMANDS))
    return f": did you mean `{near}`?" if near else ""


_DASHED = re.compile(r"[‐‑‒–—−]-?([A-Za-z][\w-]*=?.*)", re.DOTALL)
"""An option whose dashes a word processor has joined: `–epochs`."""


def _in_recipe(option: str) -> str:
    """Where a recipe says what an option would."""
    from vggdsl.spec.recipe import KEYS
    from vggdsl.spec.recipe.elsewhere import ENTRIES_ELSEWHERE, OPTIMIZER_ELSEWHERE

    key = option.lstrip("-").replace("_", "-")
    entry = "optimizer" if key in OPTIMIZER_ELSEWHERE else ENTRIES_ELSEWHERE.get(key, "").partition(" ")[0]
    entry = key if key in KEYS else entry
    return f": the recipe of a spec says it, by its entry `{entry}`" if entry else ""


_GPU = ("--gpu", "--gpus", "--num-gpus", "--cuda")
_ELSEWHERE = (
    (_GPU, "on Ray `--gpus-each` is how much of one each gets, else `--device cuda`"),
    (_GPU, "`--device cuda` runs on a GPU"),
    (
        ("--workers", "--num-workers", "--jobs"),
        "on Ray as many train at once as `--cpus` and `--gpus-each` leave room for",
    ),
)
"""Options of others, and what there is instead in a command that has all that is named."""


def _elsewhere(option: str, known: Collection[str]) -> str:
    """What a command has instead of an option that others have, of which a name that is near would be another thing."""
    for names, instead in _ELSEWHERE:
        if option in names and {*known} >= {*re.findall("`(--[a-z-]+)", instead)}:
            return f": {instead}"
    return ""


@contextmanager
def _nearest_option_named() -> Iterator[None]:
    """Of an option that there isn't. What is wrong with a call is told in a line, whatever stands in it."""
    try:
        yield
    except click.NoSuchOption as error:
        parameters = error.ctx.command.get_params(error.ctx) if error.ctx else []
        known = [name for p in parameters for name in (*p.opts, *p.secondary_opts) if name.startswith("--")]
        instead = _elsewhere(error.option_name, known)
        near = nearest(error.option_name, known)
        meant = instead or (f": did you mean `{near}`?" if near else _in_recipe(error.option_name))
        raise click.UsageError(shown(f"no such option `{error.option_name}`{meant}", LINE), error.ctx) from None
    except click.MissingParameter:  # which names nothing that somebody gave, and lists choices in lines
        raise
    except click.UsageError as error:
        told = error.format_message()
        is_help = error.ctx is not None and told == error.ctx.get_help()  # of a call that says nothing at all
        if is_help or told == shown(told, LINE):
            raise
        raise click.UsageError(shown(told, LINE), error.ctx) from None


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vggdsl")
def main() -> None:
    """Networks in the notation of papers: checked, trained, exported.

    A SPEC is a file, `-` for standard input, or the name of a spec that ships.

    \b
    vggdsl specs                          what ships
    vggdsl check vgg_d                    does every printed number hold?
    vggdsl show vgg_d                     the table of layers
    vggdsl import table.txt               what a paper prints, as specs
    vggdsl train specs/quickstart.arch    train on real images, in seconds
    vggdsl search net.arch --params ..2M  the best networks of a space
    vggdsl report runs/quickstart-s0-1    curves, confusion matrix, mistakes
    vggdsl export runs/quickstart-s0-1    to production

    \b
    echo "input 32x32x3 conv3-64 maxpool FC-10 softmax" | vggdsl show -
    """


def run() -> None:
    """The program: ``main`` over whatever streams it was started with."""
    _open_streams()
    try:
        Path.cwd()
    except FileNotFoundError:
        click.echo("vggdsl: the working folder is gone: change to another", err=True)
        raise SystemExit(2) from None
    try:
        main()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter fails again when it flushes
        click.echo("vggdsl: the output can't be written: no space left", err=True)
        raise SystemExit(1) from None


def _open_streams() -> None:
    """A closed stream reads as empty and swallows what is written; any character can be printed."""
    nothing = Path(os.devnull)
    if sys.stdin is None:
        sys.stdin = nothing.open(encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = nothing.open("w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = nothing.open("w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
