"""A view of a running suite over MQTT: who is there, how far each has got, what was counted, what is firing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.kinds import model_of
from shared.messages import Alert, AlertState, Counter, Event, Message, Status
from shared.mqtt import Arrived, Connected, Disconnected, MqttClient
from shared.suite import BrokerSettings
from shared.topics import TopicError, Topics

MODELS = {kind: model_of(kind) for kind in ("status", "counter", "alert", "event")}


@dataclass(slots=True)
class LiveView:
    """What has been seen. Fed by ``take``; asks nothing of the services."""

    topics: Topics
    statuses: dict[str, Status] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    alerts: dict[tuple[str, str], Alert] = field(default_factory=dict)
    connected: bool = False
    reason: str = ""

    def take(self, client: MqttClient, timeout_s: float) -> Iterator[Message]:
        """Yield each message of interest that arrived, having noted it."""
        for arrival in client.poll(1000, timeout_s):
            if isinstance(arrival, Connected):
                self.connected = True
            elif isinstance(arrival, Disconnected):
                self.connected, self.reason = False, arrival.reason
            elif isinstance(arrival, Arrived):
                client.ack(arrival.receipt)
                message = self._read(arrival)
                if message is not None and (self._note(message) or isinstance(message, Event)):
                    yield message

    def _read(self, arrived: Arrived) -> Message | None:
        try:
            kind, _ = self.topics.parse(arrived.topic)
            return MODELS[kind].model_validate_json(arrived.payload) if arrived.payload and kind in MODELS else None
        except (TopicError, ValidationError):
            return None

    def _note(self, message: Message) -> bool:
        """Keep the message; returns whether it says something new."""
        if isinstance(message, Status):
            before = self.statuses.get(message.service)
            self.statuses[message.service] = message
            return before is None or before.state != message.state
        if isinstance(message, Counter):
            self.counters[message.type] = message
            return False
        if isinstance(message, Alert):
            before_alert = self.alerts.get((message.rule, message.key))
            self.alerts[message.rule, message.key] = message
            return message.state is not (before_alert.state if before_alert else AlertState.RESOLVED)
        return False

    def done(self) -> bool:
        """Whether the source has ended and everything that came of it has been applied and told."""
        reader, processor = self.statuses.get("sensor_reader"), self.statuses.get("event_processor")
        store, alerter = self.statuses.get("counter_store"), self.statuses.get("alerter")
        if not (reader and processor and store and alerter) or not reader.figures.get("done"):
            return False
        applied = (
            _applied(processor, reader, "raw")
            and _applied(store, reader, "raw")
            and _applied(store, processor, "event")
            and _applied(alerter, processor, "event")
        )
        told = reader.event_time == processor.event_time == store.event_time == alerter.event_time
        return applied and told


def _applied(consumer: Status, producer: Status, stream: str) -> bool:
    head = producer.streams[stream].head if stream in producer.streams else 0
    mark = consumer.applied.get(producer.service, {}).get(stream)
    return head == 0 or (mark is not None and mark.epoch == producer.epoch and mark.seq >= head)


def viewer(broker: BrokerSettings, topics: Topics, name: str, kinds: tuple[str, ...]) -> MqttClient:
    """Return a door for looking on: a session that leaves nothing behind."""
    return MqttClient(broker, name, [topics.every(kind) for kind in kinds], persistent=False)
