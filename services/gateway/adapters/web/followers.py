"""Who follows a stream of changes: counted while they do, within a bound."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.adapters.web.problems import problem

MOST = 100
MOST_KINDS = 20
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # a proxy passes each change on as it comes

Lines = Callable[[Request, frozenset[str]], AsyncIterator[str]]


class Followers:
    """Serves what ``lines`` yields for the kinds that were asked for; beyond ``MOST`` followers answers ``refusal``."""

    def __init__(self, lines: Lines, refusal: str) -> None:
        self._lines = lines
        self._refusal = refusal
        self._number = 0

    async def answer(self, request: Request) -> Response:
        """Answer a request by a stream of server-sent events."""
        if self._number >= MOST:
            return problem(503, self._refusal, retry_after="30")
        wanted = frozenset(request.query_params.getlist("kind")[:MOST_KINDS])
        counted = self._counted(self._lines(request, wanted))
        return StreamingResponse(counted, media_type="text/event-stream", headers=HEADERS)

    async def _counted(self, lines: AsyncIterator[str]) -> AsyncIterator[str]:
        self._number += 1
        try:
            async for line in lines:
                yield line
        finally:
            self._number -= 1
