"""The API's rows as routes: a request is checked by the row's models, and the answer written by them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.gateway.adapters.web.problems import invalid, problem
from services.gateway.core.api.endpoint import ApiError, Asked, Endpoint
from services.gateway.core.api.openapi import openapi
from shared import __version__
from shared.names import NAME

log = logging.getLogger(__name__)

MOST_BYTES = 65_536


def api_routes(endpoints: Iterable[Endpoint], live_suite: Any) -> list[Route]:
    """Return the routes of the API and of its document; ``live_suite`` is what the rows' calls get."""
    rows = tuple(endpoints)

    @cache
    def document() -> bytes:  # a tenth of a second's work that few ask for
        return json.dumps(openapi(rows, __version__)).encode()

    async def description(_: Request) -> Response:
        return Response(document(), media_type="application/json")

    routes = [Route("/api/openapi.json", description, methods=["GET"])]
    return routes + [_route(row, live_suite) for row in rows]


def _route(row: Endpoint, live_suite: Any) -> Route:
    async def answer(request: Request) -> Response:
        try:
            asked = await _asked(row, request)
            if isinstance(asked, Response):
                return asked
            found = await row.call(live_suite, asked)
        except ApiError as error:
            return problem(error.status, str(error))
        return Response(found.model_dump_json(), row.status, media_type="application/json")

    return Route(row.path, answer, methods=[row.method])


async def _asked(row: Endpoint, request: Request) -> Asked | Response:
    """Return the request, checked, or the answer that says what is wrong with it."""
    for level, value in request.path_params.items():
        if not NAME.match(value):
            return problem(404, f"{level} {value!r} is no name: letters, digits, _ . and - make one")
    try:
        query = row.query.model_validate(query_of(row.query, request))
    except ValidationError as error:
        return invalid("query", error)
    body: BaseModel | None = None
    if row.body is not None:
        given = await _body(request)
        if isinstance(given, Response):
            return given
        try:
            body = row.body.model_validate_json(given)
        except ValidationError as error:
            return invalid("body", error)
    address = request.client.host if request.client else "unknown"
    return Asked({**request.path_params, "_address": address}, query, body)


def query_of(model: type[BaseModel], request: Request) -> dict[str, Any]:
    """Return the query by the model's fields: a key of a list may be given several times."""
    found: dict[str, Any] = {}
    for key in request.query_params:
        values = request.query_params.getlist(key)
        field = model.model_fields.get(key)
        is_list = field is not None and isinstance(field.default, list)
        found[key] = values if is_list or len(values) > 1 else values[0]
    return found


async def _body(request: Request) -> bytes | Response:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        return problem(415, f"the body must be application/json (got {media or 'no content type'})")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return problem(413, f"the body may have {MOST_BYTES:,} bytes")
    return body
