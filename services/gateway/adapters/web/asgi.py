"""The web application: its routes and its middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.adapters.web.access import Access, login_routes
from services.gateway.adapters.web.api import api_routes
from services.gateway.adapters.web.downloads import export_route
from services.gateway.adapters.web.files import file_routes
from services.gateway.adapters.web.headers import SafeHeaders
from services.gateway.adapters.web.metrics import metrics_route
from services.gateway.adapters.web.problems import problem
from services.gateway.adapters.web.stream import changes_route, stream_route
from services.gateway.core.access.keys import Keys
from services.gateway.core.api.endpoint import Endpoint
from services.gateway.core.metrics.families import Family
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Site:
    """What is served: the suite that is asked, the API's rows, the metrics, and the pages."""

    live_suite: Any
    endpoints: Iterable[Endpoint]
    families: Callable[[], Iterable[Family]]
    login_form: Callable[[str, str], str]
    pages: tuple[BaseRoute, ...] = ()


def application(site: Site, keys: Keys, clock: Clock) -> ASGIApp:
    """Return the application."""
    found: list[Access] = []
    routes: list[BaseRoute] = [
        metrics_route(site.families),
        stream_route(site.live_suite),
        changes_route(site.live_suite),
        export_route(site.live_suite),
        *api_routes(site.endpoints, site.live_suite),
        *file_routes(),
        *login_routes(lambda: found[0], site.login_form),
        *site.pages,
    ]
    app = Starlette(routes=routes, exception_handlers={404: _missing, 405: _not_allowed, 500: _broken})

    async def with_the_latest(scope: Scope, receive: Receive, send: Send) -> None:
        site.live_suite.refresh()
        await app(scope, receive, send)

    found.append(Access(with_the_latest, keys, clock))
    return SafeHeaders(found[0])


async def _missing(request: Request, _: Exception) -> Response:
    return problem(404, f"there is nothing at {request.url.path}; /api/openapi.json describes the API")


async def _not_allowed(request: Request, error: Exception) -> Response:
    allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
    return problem(405, f"{request.method} is not possible at {request.url.path}; {allowed} is", allow=allowed)


async def _broken(request: Request, _: Exception) -> Response:
    return problem(500, f"a fault in the gateway at {request.url.path}; its log says more")
