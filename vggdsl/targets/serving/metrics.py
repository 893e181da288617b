"""What Prometheus asks for, in its text format."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from vggdsl.text.packages import needed

with needed():
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

__all__ = ["CONTENT_TYPE", "Metrics"]
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Of one server."""

    def __init__(self, batch: int) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._answers = Counter("vggdsl_answers", "Answers by status.", ["status"], registry=self._registry)
        self._seconds = Histogram(
            "vggdsl_answer_seconds", "From a request's head to its answer.", buckets=_SECONDS, registry=self._registry
        )
        sizes = [size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256) if size <= batch]
        self._batches = Histogram(
            "vggdsl_batch_images", "Images that were computed together.", buckets=sizes, registry=self._registry
        )
        self._waiting = Gauge("vggdsl_waiting", "Requests being read or answered.", registry=self._registry)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around a request."""
        began = time.perf_counter()
        with self._waiting.track_inprogress():
            yield
        self._seconds.observe(time.perf_counter() - began)

    def answered(self, status: int) -> None:
        self._answers.labels(str(status)).inc()

    def computed(self, images: int) -> None:
        self._batches.observe(images)

    def text(self) -> bytes:
        return generate_latest(self._registry)
