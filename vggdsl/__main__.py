"""``vggdsl`` and ``python -m vggdsl``: the program, which Ctrl-C ends at any moment without a traceback."""

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""


class _CtrlC:
    """What Ctrl-C does: it raises ``KeyboardInterrupt``, which some libraries make other errors of, or nothing."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt

    def unraisable(self, ignored: "sys.UnraisableHookArgs") -> None:
        """Where Python can but print an error and go on, e.g. in what ends an object, Ctrl-C would be lost."""
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            os._exit(INTERRUPTED)
        sys.__unraisablehook__(ignored)


def run() -> None:
    """The program, over whatever streams it was started with."""
    pressed = _CtrlC()
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else who started it wants another
    if is_ours:
        signal.signal(signal.SIGINT, pressed)
        sys.unraisablehook = pressed.unraisable
    code: object = None
    gc.disable()  # what is imported stays; who calls a command turns it on
    try:
        from vggdsl.cli import run as program

        program()
    except SystemExit as end:
        code = end.code
    except BaseException:
        if not pressed.came:
            raise
        code = INTERRUPTED
    if is_ours:  # nothing is left to do but what libraries do at the end, and that isn't waited for
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))
    gc.enable()
    gc.freeze()  # the system takes all back at once: nobody has to look for what refers to what
    raise SystemExit(INTERRUPTED if pressed.came and code else code)


if __name__ == "__main__":
    run()
