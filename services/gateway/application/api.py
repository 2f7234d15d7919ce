"""The API: one row a path, and what each does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from services.gateway.application.live_suite import LiveSuite
from services.gateway.core.api import models as m
from services.gateway.core.api.endpoint import ApiError, Asked, Endpoint
from shared.messages import Event

T = TypeVar("T")


def page(items: Sequence[T], key: Callable[[T], str], query: m.PageQuery) -> m.Page[T]:
    """Return the items after the cursor, in the order of their keys."""
    rest = sorted((item for item in items if query.cursor is None or key(item) > query.cursor), key=key)
    shown = rest[: query.limit]
    return m.Page(items=shown, next=key(shown[-1]) if len(rest) > len(shown) else None)


def device_views(live_suite: LiveSuite) -> list[m.DeviceView]:
    """Return every device with the age of its state."""
    now, wall = live_suite.now_s, live_suite.wall
    return [
        m.DeviceView(
            state=state,
            age_s=round(live_suite.view.age_s(state.device, now, wall) or 0.0, 1),
            stale=live_suite.view.is_stale(state.device, now, wall),
        )
        for state in live_suite.view.states()
    ]


async def _overview(live_suite: LiveSuite, _: Asked) -> BaseModel:
    health = live_suite.view.health()
    return m.Overview(
        site=live_suite.suite.site,
        connected=live_suite.connected,
        devices=device_views(live_suite),
        alerts=[alert for alert in live_suite.view.alerts() if alert.state in ("firing", "acknowledged")],
        incidents=[incident for incident in live_suite.view.incidents() if incident.end is None],
        health=None if health is None else health.score,
    )


async def _devices(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    return page(device_views(live_suite), lambda view: view.state.device, asked.query)


async def _device(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    for view in device_views(live_suite):
        if view.state.device == asked.path["device"]:
            return view
    raise ApiError(404, f"no device {asked.path['device']!r} has been heard of; GET /api/devices lists those that have")


async def _alerts(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    return page(live_suite.view.alerts(), lambda alert: f"{alert.rule}/{alert.key}", asked.query)


async def _counters(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    return page(live_suite.view.counters(), lambda counter: counter.type, asked.query)


async def _incidents(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    return page(live_suite.view.incidents(), lambda incident: f"{incident.pattern}/{incident.key}", asked.query)


async def _maintenance(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    return page(live_suite.view.maintenance(), lambda due: due.device, asked.query)


async def _services(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    return page(live_suite.view.statuses(), lambda status: status.service, asked.query)


async def _events(live_suite: LiveSuite, asked: Asked) -> BaseModel:
    answer = await live_suite.ask(
        "counter_store", "history", asked.query.model_dump(mode="json", exclude_defaults=True)
    )
    return m.Page[Event](items=[Event.model_validate(each) for each in answer["events"]], next=answer.get("cursor"))


def _answered(service: str, name: str, levels: Callable[[Asked], dict[str, Any]] = lambda _: {}) -> Any:
    """Return the call that hands a question on to a service, with its query."""

    async def call(live_suite: LiveSuite, asked: Asked) -> BaseModel:
        data = asked.query.model_dump(mode="json", exclude_defaults=True) | levels(asked)
        return m.Answer(data=dict(await live_suite.ask(service, name, data)))

    return call


def _commanded(name: str, data: Callable[[Asked], dict[str, Any]]) -> Any:
    """Return the call that gives the alerter a command."""

    async def call(live_suite: LiveSuite, asked: Asked) -> BaseModel:
        done = await live_suite.command("alerter", name, data(asked), by=asked.body.by, address=asked.path["_address"])
        return m.Done(data=dict(done))

    return call


def _acknowledgement(asked: Asked) -> dict[str, Any]:
    data = {"rule": asked.path["rule"], "key": asked.path["key"]}
    return data | ({"comment": asked.body.comment} if asked.body.comment else {})


API: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/overview", "Everything at one glance", "now", _overview, m.Overview),
    Endpoint("GET", "/api/devices", "What is known now of each device", "now", _devices, m.Devices, m.PageQuery),
    Endpoint("GET", "/api/devices/{device}", "What is known now of one device", "now", _device, m.DeviceView),
    Endpoint("GET", "/api/alerts", "Alerts as they stand", "alerts", _alerts, m.Alerts, m.PageQuery),
    Endpoint("GET", "/api/incidents", "Newest incident of each pattern and key", "events", _incidents, m.Incidents,
             m.PageQuery),
    Endpoint("GET", "/api/counters", "How often each event type was counted", "events", _counters, m.Counters,
             m.PageQuery),
    Endpoint("GET", "/api/maintenance", "What is due at each device", "now", _maintenance, m.Maintenances, m.PageQuery),
    Endpoint("GET", "/api/services", "Life signs of the suite's services", "suite", _services, m.Services, m.PageQuery),
    Endpoint("GET", "/api/events", "Counted events", "events", _events, m.Events, m.EventsQuery, asks="counter_store"),
    Endpoint("GET", "/api/events/{id}/related", "What happened around an event", "events",
             _answered("counter_store", "related", lambda asked: {"id": asked.path["id"]}), m.Answer,
             asks="counter_store"),
    Endpoint("GET", "/api/statistics", "Totals, averages, trends and outages", "events",
             _answered("counter_store", "statistics"), m.Answer, m.StatisticsQuery, asks="counter_store"),
    Endpoint("GET", "/api/health", "The health score with its factors", "now", _answered("counter_store", "health"),
             m.Answer, asks="counter_store"),
    Endpoint("GET", "/api/silences", "Silences in force or to come", "alerts", _answered("alerter", "silences"),
             m.Answer, m.SilencesQuery, asks="alerter"),
    Endpoint("GET", "/api/shutdown-plan", "What the host agent would do now", "now", _answered("host_agent", "plan"),
             m.Answer, asks="host_agent"),
    Endpoint("POST", "/api/alerts/{rule}/{key}/acknowledge", "Acknowledge an alert", "alerts",
             _commanded("ack", _acknowledgement), m.Done, body=m.Acknowledgement, asks="alerter"),
    Endpoint("POST", "/api/silences", "Silence alerts", "alerts",
             _commanded("silence", lambda asked: asked.body.model_dump(exclude={"by"})), m.Done, body=m.NewSilence,
             asks="alerter"),
    Endpoint("POST", "/api/silences/{id}/end", "End a silence", "alerts",
             _commanded("unsilence", lambda asked: {"id": asked.path["id"]}), m.Done, body=m.Signed, asks="alerter"),
)  # fmt: skip
