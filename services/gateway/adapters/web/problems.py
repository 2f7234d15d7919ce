"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from services.gateway.core.api.endpoint import Problem


def problem(status: int, detail: str, errors: tuple[dict[str, Any], ...] = (), **headers: str) -> Response:
    """Return the answer to a failed request, with its reason."""
    found = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(found.model_dump_json(), status, sent, "application/problem+json")


def invalid(where: str, error: ValidationError) -> Response:
    """Return the answer to a query or body that is not as it must be, with every fault in it."""
    faults = tuple(
        {"in": where, "at": ".".join(map(str, each["loc"])), "fault": each["msg"]}
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    )
    summary = "; ".join(f"{fault['at'] or where}: {fault['fault']}" for fault in faults[:5])
    return problem(422, f"the {where} cannot be used: {summary}", faults[:50])
