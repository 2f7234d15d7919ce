"""``/metrics``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.gateway.adapters.prometheus import Exposition


def metrics_route(exposition: Exposition) -> Route:
    """Return the route of the page for Prometheus."""

    async def metrics(request: Request) -> Response:
        page, content_type = exposition.page(request.headers.get("accept", ""))
        return Response(page, headers={"content-type": content_type})

    return Route("/metrics", metrics, methods=["GET"])
