"""What is asked over HTTP, and the answers: an image is posted, its likeliest classes come back as JSON."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from vggdsl.data.decoding import size_of
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.targets.predict import Guess, Predictor
from vggdsl.targets.serving.batching import Batcher
from vggdsl.targets.serving.limits import Limits
from vggdsl.targets.serving.metrics import CONTENT_TYPE, Metrics
from vggdsl.text.errors import InputError, in_a_line
from vggdsl.text.packages import needed

with needed():
    from starlette.applications import Starlette
    from starlette.datastructures import Headers, UploadFile
    from starlette.exceptions import HTTPException
    from starlette.formparsers import MultiPartException, MultiPartParser
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

_RAW = ("application/octet-stream", "application/x-www-form-urlencoded", "")
"""Types of a body that may be an image beside ``image/*``: the second is what curl says unless told otherwise."""
_FORM = "multipart/form-data"
_SCAN = b"\xff\xda"
_DRAINED, _DRAINING = 64_000_000, 2.0
"""Bytes and seconds of a body that are still read when it is refused: a client that writes reads no answer."""
_OFTEN = 5.0
"""Seconds between two tidyings."""
_READERS = min(8, os.cpu_count() or 1)

Pixels = npt.NDArray[Any]


@dataclass
class RefusedError(Exception):
    """Why a request isn't answered: the status, a word for programs, and a sentence."""

    status: int
    code: str
    message: str

    def response(self) -> Response:
        headers = {"Retry-After": "1"} if self.status == 429 else {}
        return _refusal(self.status, self.code, self.message, headers)


def application(
    predictor: Predictor, model: str, top: int, limits: Limits, tidy: Callable[[], None] = lambda: None
) -> Starlette:
    """``POST /`` with an image, ``GET /health`` and ``GET /metrics``. ``tidy`` is called now and then."""
    service = _Service(predictor, model, top, limits)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(service.batcher.run()), asyncio.create_task(_tidied(tidy))]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        service.readers.shutdown(wait=False, cancel_futures=True)

    return Starlette(
        routes=[
            Route("/", service.name, methods=["POST"]),
            Route("/health", service.health),
            Route("/metrics", service.tell),
        ],
        exception_handlers={HTTPException: _other, Exception: _failed},
        lifespan=lifespan,
    )


class _Service:
    def __init__(self, predictor: Predictor, model: str, top: int, limits: Limits) -> None:
        self._predictor, self._model, self._top, self._limits = predictor, model, top, limits
        self._metrics = Metrics(limits.batch)
        self._waiting = self._held = 0
        self.batcher = Batcher[Pixels, list[Guess] | InputError](self._compute, limits.batch, limits.window)
        self.readers = ThreadPoolExecutor(_READERS)

    async def name(self, request: Request) -> Response:
        """Answers with what an image shows."""
        with self._metrics.request():
            self._waiting += 1
            try:
                response = await self._answer(request)
            except RefusedError as refused:
                response = refused.response()
                if not getattr(request.state, "is_read", False):
                    await _drain(request)
                    response.headers["Connection"] = "close"
            except ClientDisconnect:  # nobody reads what is answered
                response = _refusal(400, "gone", "the client has gone")
            finally:
                self._waiting -= 1
        self._metrics.answered(response.status_code)
        return response

    async def health(self, request: Request) -> Response:
        """That it answers at all, and by what."""
        return JSONResponse({"status": "ok", "model": self._model, "device": self._predictor.provider})

    async def tell(self, request: Request) -> Response:
        """The metrics."""
        return Response(self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _answer(self, request: Request) -> Response:
        if self._waiting > self._limits.waiting:
            raise RefusedError(429, "busy", f"{self._limits.waiting:,} requests are being answered: ask again")
        if request.url.query:
            raise RefusedError(400, "parameters", "no parameters are taken: POST an image to /")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith("image/") and kind not in (*_RAW, _FORM):
            raise RefusedError(
                415, "not_an_image", f"a body of type {kind[:60]} is no image: POST it as image/*, or as {_FORM}"
            )
        read = bytearray()
        try:
            await self._read(request, read)
            body = bytes(read)
            name, image = await _uploaded(request.headers, body) if kind == _FORM else (None, body)
            guesses = await self._named(image)
        finally:
            self._held -= len(read)
        top = [{"class": guess.name, "probability": guess.probability} for guess in guesses]
        return JSONResponse({"image": name, "top": top, "error": None})

    async def _read(self, request: Request, read: bytearray) -> None:
        limits = self._limits
        said = request.headers.get("content-length", "0")
        if not said.isdigit() or int(said[:20]) > limits.body:
            raise _too_large(limits)
        try:
            async with asyncio.timeout(limits.patience):
                async for part in request.stream():
                    read += part
                    self._held += len(part)
                    if len(read) > limits.body:
                        raise _too_large(limits)
                    if self._held > limits.held:
                        raise RefusedError(429, "busy", "other requests take all memory for them: ask again")
            request.state.is_read = True
        except TimeoutError:
            raise RefusedError(408, "too_slow", f"the body wasn't there after {limits.patience:g} s") from None

    async def _named(self, image: bytes) -> list[Guess]:
        if not image:
            raise RefusedError(400, "no_image", "there is no image: POST one, e.g. by curl --data-binary @image.png")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.answer):
                pixels = await loop.run_in_executor(self.readers, self._decoded, image)
                answer = await self.batcher(pixels)
        except TimeoutError:
            raise RefusedError(429, "busy", f"it waited for {self._limits.answer:g} s: ask again") from None
        if isinstance(answer, InputError):
            raise RefusedError(422, "unanswerable", in_a_line(answer))
        return answer

    def _decoded(self, image: bytes) -> Pixels:
        size, limits = size_of(image), self._limits
        if size is not None and size[0] * size[1] > limits.pixels:
            raise RefusedError(
                422, "too_large", f"an image may have {limits.pixels:,} pixels, not {size[0]:,} x {size[1]:,}"
            )
        if image.startswith(b"\xff\xd8") and image.count(_SCAN) > limits.scans:
            raise RefusedError(422, "too_large", f"a JPEG may have {limits.scans} scans")
        try:
            return self._predictor.prepared(image)
        except UnreadableImageError as error:
            status, code = (422, "unreadable") if error.is_image else (415, "not_an_image")
            raise RefusedError(status, code, f"the image can't be read: {error.why}") from None

    def _compute(self, pixels: Sequence[Pixels]) -> Sequence[list[Guess] | InputError]:
        self._metrics.computed(len(pixels))
        return self._predictor.together(pixels, self._top)


def _too_large(limits: Limits) -> RefusedError:
    """Made where it is raised: a variable of a frame would keep that frame, and what was read, in a circle."""
    return RefusedError(413, "too_large", f"a request may have {limits.body:,} bytes")


async def _tidied(tidy: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_OFTEN)
        await asyncio.to_thread(tidy)


async def _uploaded(headers: Headers, body: bytes) -> tuple[str | None, bytes]:
    """The one file of a form, with its name."""

    async def stream() -> AsyncIterator[bytes]:
        yield body

    try:
        form = await MultiPartParser(headers, stream(), max_files=1, max_fields=0).parse()  # type: ignore[arg-type]  # it iterates
    except (MultiPartException, KeyError, ValueError) as error:
        raise RefusedError(
            400, "no_image", f"the form can't be read: {getattr(error, 'message', error)!s:.200}"
        ) from None
    try:
        file = next(iter(form.values()), None)
        if not isinstance(file, UploadFile):
            raise RefusedError(400, "no_image", "the form has no file: send one, e.g. by curl -F image=@image.png")
        return file.filename or None, await file.read()
    finally:
        await form.close()


async def _drain(request: Request) -> None:
    """Reads on for a moment, unless the client asks before it sends."""
    read = 0
    if "expect" in request.headers:
        return
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # the last: it was read to its end
        async with asyncio.timeout(_DRAINING):
            while read < _DRAINED:
                message = await request.receive()
                read += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return


def _refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"code": code, "message": message}, status, headers)


async def _other(request: Request, error: Exception) -> Response:
    """What Starlette refuses itself: other paths and methods."""
    assert isinstance(error, HTTPException)
    codes: dict[int, Callable[[], tuple[str, str]]] = {
        404: lambda: ("not_found", "there are POST /, GET /health and GET /metrics"),
        405: lambda: ("method", "POST an image to /; GET /health and /metrics"),
    }
    code, message = codes.get(error.status_code, lambda: ("refused", str(error.detail)))()
    return _refusal(error.status_code, code, message, dict(error.headers or {}))


async def _failed(request: Request, error: Exception) -> Response:
    """A bug, which is told where the server runs."""
    return _refusal(500, "failed", "the server failed")
