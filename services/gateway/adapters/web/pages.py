"""The console's routes: each page whole, or its live part alone for the script; and the forms of *Alerts*.

Works without the script, too: a form is sent as a form, and its answer is the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

import htpy as h
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.gateway.adapters.web.problems import invalid, problem
from services.gateway.adapters.web.shared_parts import SharedParts
from services.gateway.core.api import models as m
from services.gateway.core.api.endpoint import ApiError
from services.gateway.core.pages.alerts import NOT_ASKED, StandingQuestion, alerts_content
from services.gateway.core.pages.answers import (
    ActuatorsAnswer,
    ClimateAnswer,
    PlanAnswer,
    RelatedAnswer,
    ReportAnswer,
    StandingAnswer,
)
from services.gateway.core.pages.climate import climate_content
from services.gateway.core.pages.counters import Limit, counters_content
from services.gateway.core.pages.events import Choice, Ways, event_content, events_content
from services.gateway.core.pages.layout import Frame, live, page
from services.gateway.core.pages.lists import health_content, incidents_content
from services.gateway.core.pages.now import Moment, now_content
from services.gateway.core.pages.reports import SPANS, reports_content
from services.gateway.core.pages.shutdown import shutdown_content
from services.gateway.core.pages.suite import suite_content
from shared.event_text.texts import EventTexts, event_text
from shared.messages import Event
from shared.names import NAME

A = TypeVar("A", bound=BaseModel)
PART = "x-part"  # the script asks with it for the live part of a page alone
EVENTS_A_PAGE = 50
MOST_BYTES = 8_192
FILES = (("CSV", "csv"), ("JSON lines", "jsonl"))
CONFIRMATIONS = {
    "acknowledged": "The alert is acknowledged.",
    "silenced": "The silence is in force.",
    "ended": "The silence ended.",
}


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages are made of. ``locked``: there is a login; ``parts``: what several consoles look at."""

    live_suite: Any
    texts: EventTexts
    limits: Mapping[str, Limit]
    locked: bool
    parts: SharedParts

    def routes(self) -> tuple[BaseRoute, ...]:
        """Return the console's routes."""
        shown = {
            "/": ("Now", ("state", "alert", "status"), self._now),
            "/alerts": ("Alerts", ("alert",), self._alerts),
            "/events": ("Events", ("event",), self._events),
            "/incidents": ("Incidents", ("incident",), self._incidents),
            "/counters": ("Counters", ("counter",), self._counters),
            "/health": ("Health", ("health", "maintenance"), self._health),
            "/reports": ("Reports", ("report",), self._reports),
            "/climate": ("Climate", ("event", "status"), self._climate),
            "/shutdown": ("Shutdown plan", ("event", "status"), self._shutdown),
            "/suite": ("Suite", ("status", "deadletter"), self._suite),
        }
        pages = [
            Route(path, partial(self._page, path, title, follows, content), methods=["GET"])
            for path, (title, follows, content) in shown.items()
        ]
        pages.append(Route("/event", self._event, methods=["GET"]))
        forms = [
            Route("/alerts/{rule}/{key}/acknowledge", self._acknowledge, methods=["POST"]),
            Route("/alerts/{rule}/{key}/silence", self._silence, methods=["POST"]),
            Route("/silences/{id}/end", self._end_silence, methods=["POST"]),
        ]
        return (*pages, *forms)

    async def _page(
        self,
        path: str,
        title: str,
        follows: tuple[str, ...],
        content: Callable[[Request, str], Awaitable[h.Node]],
        request: Request,
    ) -> Response:
        if request.headers.get(PART):

            async def part() -> str:
                self.live_suite.refresh()
                frame = self._frame(request, path, title, follows)
                return str(h.fragment[live(frame, await content(request, frame.root))])

            address = f"{path}?{request.url.query}"
            return Response(await self.parts.get(address, part), media_type="text/html")
        frame = self._frame(request, path, title, follows)
        return _html(frame, await content(request, frame.root))

    def _frame(self, request: Request, path: str, title: str, follows: tuple[str, ...] = ()) -> Frame:
        root: str = request.scope.get("root_path", "")
        still = path == "/events" and bool(request.query_params.get("cursor"))  # an older page does not change
        return Frame(
            self.live_suite.suite.site,
            root,
            path,
            title,
            self.live_suite.wall,
            self.live_suite.connected,
            self.locked,
            () if still else follows,
            self.live_suite.feed.id_of(self.live_suite.feed.head),
        )

    # ---- pages

    async def _now(self, _: Request, root: str) -> h.Node:
        return now_content(self.live_suite.view, Moment(self.live_suite.now_s, self.live_suite.wall), root)

    async def _alerts(self, request: Request, root: str) -> h.Node:
        given = request.query_params
        confirmation = CONFIRMATIONS.get(given.get("done", ""), "")
        wanted = {name: given.get(name, "")[:300].strip() for name in ("rule", "key")}
        asked = StandingQuestion(**wanted)
        if asked.rule and asked.key:
            asked = replace(asked, answer=await self._answer("alerter", "standing", StandingAnswer, wanted))
        return await self._alerts_with(root, confirmation, "", asked)

    async def _alerts_with(
        self, root: str, confirmation: str, fault: str, asked: StandingQuestion = NOT_ASKED
    ) -> h.Node:
        try:
            answer = await self.live_suite.ask("alerter", "silences", {})
            silences: Any = [m.SilenceView.model_validate(each) for each in answer["silences"]]
        except ApiError as error:
            silences = str(error)
        return alerts_content(self.live_suite.view.alerts(), silences, root, confirmation, fault, asked)

    async def _events(self, request: Request, root: str) -> h.Node:
        given = request.query_params
        choice = Choice(**{each.name: given.get(each.name, "")[:300].strip() for each in fields(Choice)})
        asked: dict[str, Any] = {"limit": EVENTS_A_PAGE}
        asked |= {"types": [choice.type]} if choice.type else {}
        asked |= {"severities": [choice.severity]} if choice.severity else {}
        asked |= {
            each: wanted for each in ("device", "zone", "incident", "cursor") if (wanted := getattr(choice, each))
        }
        asked |= {each: _utc(wanted) for each in ("since", "until") if (wanted := getattr(choice, each))}
        events: list[Event] | str
        following = None
        try:
            answer = await self.live_suite.ask("counter_store", "history", asked)
            events, following = [Event.model_validate(each) for each in answer["events"]], answer.get("cursor")
        except ApiError as error:
            events = str(error)
        types = [counter.type for counter in self.live_suite.view.counters()]
        ways = Ways(
            _events_at(root, choice, "") if choice.cursor else None,
            _events_at(root, choice, following) if following else None,
            () if isinstance(events, str) or not events or choice.incident else _files(root, choice),
        )
        return events_content(events, choice, ways, root, types, self._words)

    async def _event(self, request: Request) -> Response:
        frame = self._frame(request, "/events", "Events")
        asked = {"id": request.query_params.get("id", "")[:300]}
        answer = await self._answer("counter_store", "related", RelatedAnswer, asked)
        return _html(frame, event_content(answer, frame.root, self._words))

    async def _incidents(self, _: Request, __: str) -> h.Node:
        return incidents_content(self.live_suite.view.incidents())

    async def _counters(self, _: Request, __: str) -> h.Node:
        return counters_content(self.live_suite.view.counters(), self.limits, self._describe)

    async def _health(self, _: Request, __: str) -> h.Node:
        return health_content(self.live_suite.view)

    async def _suite(self, _: Request, __: str) -> h.Node:
        return suite_content(self.live_suite.view, Moment(self.live_suite.now_s, self.live_suite.wall))

    async def _reports(self, request: Request, root: str) -> h.Node:
        given = request.query_params.get("days", "")
        days = next((span for span in SPANS if str(span) == given), 7)
        answer = await self._answer("counter_store", "report", ReportAnswer, {"kind": "summary", "days": days})
        return reports_content(answer, days, self.live_suite.view.reports(), root, self._describe)

    async def _climate(self, _: Request, __: str) -> h.Node:
        decided, switched = await asyncio.gather(
            self._answer("climate_controller", "climate", ClimateAnswer),
            self._answer("climate_supervisor", "actuators", ActuatorsAnswer),
        )
        return climate_content(
            self.live_suite.view, Moment(self.live_suite.now_s, self.live_suite.wall), decided, switched
        )

    async def _shutdown(self, _: Request, __: str) -> h.Node:
        agents = [each for each in self.live_suite.view.statuses() if each.service.startswith("host_agent")]
        return shutdown_content(await self._answer("host_agent", "plan", PlanAnswer), agents)

    async def _answer(
        self, service: str, question: str, model: type[A], data: Mapping[str, Any] | None = None
    ) -> A | str:
        """Return a service's answer, or in words why there is none; who never gave a life sign is not waited for."""
        if (service,) not in self.live_suite.view.values["status"]:
            return f"no {service} has been heard of; it runs where it is configured"
        try:
            return model.model_validate(await self.live_suite.ask(service, question, data or {}))
        except ApiError as error:
            return str(error)
        except ValidationError as error:
            return f"{service} answered what this page cannot read: {error.errors()[0]['msg']}"

    def _describe(self, kind: str) -> str:
        return self.texts[kind].description if kind in self.texts else ""

    def _words(self, event: Event) -> str:
        return event_text(event, self.texts) or event.type

    # ---- forms

    async def _acknowledge(self, request: Request) -> Response:
        place = {"rule": request.path_params["rule"], "key": request.path_params["key"]}
        return await self._order(
            request, "ack", m.Acknowledgement, lambda form: place | form.model_dump(exclude_none=True, exclude={"by"}),
            "acknowledged",
        )  # fmt: skip

    async def _silence(self, request: Request) -> Response:
        matchers = [f"rule={request.path_params['rule']}", f"key={request.path_params['key']}"]
        return await self._order(
            request,
            "silence",
            m.NewSilence,
            lambda form: form.model_dump(exclude={"by"}),
            "silenced",
            matchers=matchers,
        )

    async def _end_silence(self, request: Request) -> Response:
        identity = {"id": request.path_params["id"]}
        return await self._order(request, "unsilence", m.Signed, lambda _: identity, "ended")

    async def _order(
        self,
        request: Request,
        name: str,
        model: type[m.Query],
        data: Callable[[Any], Mapping[str, Any]],
        done: str,
        **more: Any,
    ) -> Response:
        if not all(NAME.match(level) for level in request.path_params.values()):
            return problem(404, "there is no such thing")
        form = await _form(request)
        if form is None:
            return problem(413, f"the form may have {MOST_BYTES:,} bytes")
        try:
            checked = model.model_validate({"by": "console", **form, **more})
        except ValidationError as error:
            return invalid("form", error)
        address = request.client.host if request.client else "unknown"
        root = request.scope.get("root_path", "")
        try:
            await self.live_suite.command(
                "alerter", name, data(checked), by=getattr(checked, "by", "console"), address=address
            )
        except ApiError as error:
            frame = self._frame(request, "/alerts", "Alerts")  # not to be loaded anew: its address takes no question
            return _html(frame, await self._alerts_with(root, "", str(error)), error.status)
        return RedirectResponse(f"{root}/alerts?done={done}", 303)


def _events_at(root: str, choice: Choice, cursor: str) -> str:
    """Return the address of the events of this choice, from a cursor on."""
    wanted = asdict(choice) | {"cursor": cursor}
    return f"{root}/events?{urlencode({key: value for key, value in wanted.items() if value})}"


def _files(root: str, choice: Choice) -> tuple[tuple[str, str], ...]:
    """Return the addresses of all events of this choice as files."""
    wanted = {"types": choice.type, "severities": choice.severity, "device": choice.device, "zone": choice.zone}
    wanted |= {"since": _utc(choice.since), "until": _utc(choice.until)}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return tuple((name, f"{root}/api/export/events.{form}?{query}") for name, form in FILES)


def _utc(time: str) -> str:
    """Return a time with a zone: a form's has none, and is UTC."""
    return f"{time}:00Z" if len(time) == len("2026-01-31T12:00") else time


def _html(frame: Frame, content: h.Node, status: int = 200) -> Response:
    return Response(page(frame, content), status, media_type="text/html")


async def _form(request: Request) -> dict[str, str] | None:
    """Return the fields that are not empty; None where the body is too large."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
