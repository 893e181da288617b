"""``vggdsl lsp``."""

import os
import signal
import sys

import click

from vggdsl import __version__
from vggdsl.cli.common import note, reports_errors
from vggdsl.text.packages import needed


@click.command()
@reports_errors
def command() -> None:
    """Answer an editor, by the language server protocol over standard input and output: what is wrong
    while it is typed, with what mends it, what a layer is, what may be written.

    An editor starts it, and ends it. What it logs goes to standard error. It takes the extra `vggdsl[editor]`.

    \b
    vggdsl lsp      what an editor is to start
    :lua vim.lsp.start({name = "vggdsl", cmd = {"vggdsl", "lsp"}})    (Neovim)
    """
    with needed():
        from vggdsl.editor.lifecycle import serve
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # else it waits for what the editor sends next
    if sys.stdin.isatty():
        note("an editor starts this, and talks to it; Ctrl-C ends it")
    code = serve(__version__)
    sys.stderr.flush()
    os._exit(code)  # a text may still be read: nobody waits for what is found in it
