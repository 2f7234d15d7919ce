"""The execution of a recorded event's handlers: at once, committed with it, or later from the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from services.event_processor.adapters.analytics import Analytics
from services.event_processor.adapters.work_table import WorkTable
from services.event_processor.core.pipeline.event_context import EventContext
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.core.pipeline.rules import (
    AnalyticsHandler,
    AnyHandler,
    CommandHandler,
    Plugin,
    TriggerHandler,
    Webhook,
)
from shared.delivery.handler import Publisher
from shared.messages import Trigger, event_id
from shared.requests import Command

Act = Callable[[EventContext, bool], None]  # the bool: the event is too old for its triggers


class Execution:
    """``clock`` is the wall clock. Triggers and commands are not sent for an old event."""

    def __init__(
        self,
        plan: PipelinePlan,
        work: WorkTable,
        analytics: Analytics,
        outlet: Publisher,
        clock: Callable[[], datetime],
    ) -> None:
        self._work = work
        self._analytics = analytics
        self._outlet = outlet
        self._clock = clock
        self._longest = timedelta(seconds=plan.rules.triggers_within_s)
        self._acts = {name: self._act(name, handler) for name, handler in plan.rules.handlers.items()}
        self.too_old = 0  # commands not sent
        self.late = 0  # events whose triggers were not published

    def do(self, context: EventContext) -> None:
        """Publish the event's triggers, and pass it to its handlers."""
        late = context.heard_at is not None and context.heard_at - context.event.time > self._longest
        self.late += late
        for trigger in () if late else context.triggers:
            self._outlet.emit(trigger)
        for name in context.handlers:
            self._acts[name](context, late)

    def _act(self, name: str, handler: AnyHandler) -> Act:
        """Return what a handler does with an event."""
        match handler:
            case AnalyticsHandler():
                return self._count
            case TriggerHandler():
                return partial(self._trigger, handler)
            case CommandHandler():
                return partial(self._command, name, handler)
            case Webhook() | Plugin():
                return partial(self._queue, name)

    def _count(self, context: EventContext, _late: bool) -> None:
        self._analytics.note(context.event)

    def _trigger(self, handler: TriggerHandler, context: EventContext, late: bool) -> None:
        if not late:
            self._outlet.emit(_trigger(handler, context))

    def _queue(self, name: str, context: EventContext, _late: bool) -> None:
        self._work.add(name, context.event, self._clock().timestamp())

    def _command(self, name: str, handler: CommandHandler, context: EventContext, _late: bool) -> None:
        now, event = self._clock(), context.event
        if now - event.time > timedelta(seconds=handler.only_within_s):
            self.too_old += 1
            return
        caused = {"event": event.id, "type": event.type, "device": event.device, "zone": event.zone}
        self._outlet.emit(
            Command(
                id=event_id(event.site, event.type, event.device, event.time, f"command|{name}|{event.id}"),
                target=handler.target,
                name=handler.name,
                time=now,
                expires=now + timedelta(seconds=handler.expires_s),
                by=f"event_processor/{name}",
                data={**handler.data, "cause": {key: value for key, value in caused.items() if value is not None}},
            )
        )


def _trigger(handler: TriggerHandler, context: EventContext) -> Trigger:
    event = context.event
    return Trigger(
        name=handler.name,
        event=event.id,
        type=event.type,
        time=event.time,
        severity=event.severity,
        device=event.device,
        zone=event.zone,
        data=event.data,
        depth=context.depth or None,
    )
