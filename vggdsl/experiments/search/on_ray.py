"""A search by several processes that Ray starts: each takes from it what no other has."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from vggdsl.experiments.on_ray import Share, run_on_ray
from vggdsl.experiments.reporter import Reporter, Silent
from vggdsl.experiments.search.halving import Leg, Standing
from vggdsl.experiments.search.interrupted import interrupted
from vggdsl.experiments.search.plan import Plan
from vggdsl.experiments.search.proposals import Tried
from vggdsl.text.errors import Diagnostic, VggdslError


def search_on_ray(plan: Plan, workers: int, share: Share, meanwhile: Callable[[], None]) -> list[VggdslError]:
    """Searches to the end; gives the errors of networks that failed, and of processes that did.

    ``meanwhile`` is called each second. Raises ``VggdslError`` V605 on Ctrl-C, and what ``run_on_ray`` does.
    """
    failed = dict[str, VggdslError]()
    try:
        with redirect_stdout(sys.stderr):  # where Ray tells of what died, beside results
            for _, came in run_on_ray(_work, [plan] * workers, share, meanwhile=meanwhile):
                for error in [came] if isinstance(came, VggdslError) else came:
                    failed.setdefault(str(error), error)
    except KeyboardInterrupt:
        raise interrupted() from None
    return list(failed.values())


def _work(plan: Plan) -> list[VggdslError]:
    """In Ray's process: it may be a second time, where the first one's was killed."""
    search = plan.open(_Nobody())
    search.run()
    return list(search.failed.values())


class _Nobody:
    """What they do is told by who looks at the folder."""

    def reporter(self, network: Tried, rung: int | None) -> Reporter:
        return Silent()

    def noticed(self, network: Tried, finding: Diagnostic) -> None: ...

    def trained(self, network: Tried, leg: Leg, standing: Standing) -> None: ...

    def failed(self, network: Tried, error: VggdslError) -> None: ...

    def waiting(self, leg: Leg) -> None: ...
