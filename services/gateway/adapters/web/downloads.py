"""``/api/export/events.{form}``: the history as a file, streamed page by page, so that its length is no matter.

Rules:
1. Oldest first: what is counted meanwhile comes at the end, and no event twice.
2. What is wrong with the question, or with counter_store, is known by the first page and answered as a problem. Later
   there is no status left to change: the stream is cut, which HTTP shows as an unfinished transfer.
"""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from io import StringIO
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.gateway.adapters.web.api import query_of
from services.gateway.adapters.web.problems import invalid, problem
from services.gateway.core.api.endpoint import ApiError
from services.gateway.core.api.models import ExportQuery

A_PAGE = 500
COLUMNS = ("time", "type", "category", "severity", "device", "zone", "id")
Page = Mapping[str, Any]


def export_route(live_suite: Any) -> Route:
    """Return the route; ``live_suite`` is what asks counter_store."""

    async def export(request: Request) -> Response:
        form = FORMS.get(request.path_params["form"])
        if form is None:
            return problem(404, f"an export is one of {', '.join(f'events.{each}' for each in FORMS)}")
        try:
            query = ExportQuery.model_validate(query_of(ExportQuery, request))
            asked = query.model_dump(mode="json", exclude_defaults=True) | {"order": "oldest", "limit": A_PAGE}
            first = await live_suite.ask("counter_store", "history", asked)
        except ValidationError as error:
            return invalid("query", error)
        except ApiError as error:
            return problem(error.status, str(error))
        media, write = form
        name = f"upskeep-events.{request.path_params['form']}"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return StreamingResponse(_pages(live_suite, asked, first, write), media_type=media, headers=headers)

    return Route("/api/export/events.{form}", export, methods=["GET"])


async def _pages(
    live_suite: Any, asked: Mapping[str, Any], page: Page, write: Callable[[Sequence[Page], bool], str]
) -> AsyncIterator[str]:
    yield write(page["events"], True)
    before = None
    while (cursor := page.get("cursor")) and cursor != before:
        page, before = await live_suite.ask("counter_store", "history", {**asked, "cursor": cursor}), cursor
        yield write(page["events"], False)


def _json_lines(events: Sequence[Page], _: bool) -> str:
    return "".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in events)


def _csv(events: Sequence[Page], first: bool) -> str:
    text = StringIO()
    rows = csv.writer(text)
    if first:
        rows.writerow((*COLUMNS, "data"))
    for event in events:
        data = json.dumps(event.get("data", {}), ensure_ascii=False)
        rows.writerow((*(event.get(name, "") for name in COLUMNS), data))
    return text.getvalue()


FORMS = {"jsonl": ("application/x-ndjson", _json_lines), "csv": ("text/csv; charset=utf-8", _csv)}
