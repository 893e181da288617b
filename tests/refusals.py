"""What a call is refused with."""

from collections.abc import Callable

import pytest

from vggdsl.text.errors import Diagnostic, VggdslError


def findings(call: Callable[[], object], kind: type[VggdslError] = VggdslError) -> tuple[Diagnostic, ...]:
    """All that is told of a call that must fail with an error of the kind."""
    with pytest.raises(kind) as caught:
        call()
    return tuple(caught.value.diagnostics)


def refusal(call: Callable[[], object], kind: type[VggdslError] = VggdslError) -> Diagnostic:
    """The one thing that is told, in letters that a terminal can show."""
    (found,) = findings(call, kind)
    assert found.message.isprintable()
    return found
