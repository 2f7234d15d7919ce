"""``/metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.gateway.core.metrics.families import Family

if TYPE_CHECKING:
    from services.gateway.adapters.prometheus import Exposition


def metrics_route(source: Callable[[], Iterable[Family]]) -> Route:
    """Return the route of the page for Prometheus, whose client takes 3 MB and comes with the first who asks."""

    @cache
    def exposition() -> Exposition:
        from services.gateway.adapters.prometheus import Exposition

        return Exposition(source)

    async def metrics(request: Request) -> Response:
        page, content_type = exposition().page(request.headers.get("accept", ""))
        return Response(page, headers={"content-type": content_type})

    return Route("/metrics", metrics, methods=["GET"])
