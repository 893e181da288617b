"""What a search that Ctrl-C ends tells."""

from vggdsl.text.errors import Diagnostic, VggdslError


def interrupted() -> VggdslError:
    """V605: all that was trained is in the folder."""
    help = "the same call goes on with it"
    return VggdslError(Diagnostic("V605", "stopped before the end of the search", help=help))
