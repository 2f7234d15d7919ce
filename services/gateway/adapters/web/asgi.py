"""The web application: which route is answered by whom."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp

from services.gateway.adapters.prometheus import Exposition
from services.gateway.adapters.web.metrics import metrics_route


def application(exposition: Exposition) -> ASGIApp:
    """Return the application."""
    return Starlette(routes=[metrics_route(exposition)])
