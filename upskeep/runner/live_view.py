"""A view of a running suite over MQTT: who is there, how far each has got, what was counted, what is firing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.kinds import model_of
from shared.messages import Alert, AlertState, Counter, Event, Message, Status
from shared.mqtt import Arrival, Arrived, Connected, Disconnected, MqttClient
from shared.suite import BrokerSettings
from shared.topics import TopicError, Topics

MODELS = {kind: model_of(kind) for kind in ("status", "counter", "alert", "event")}
LOOK_S = 0.1
QUIET_S = 0.3  # the broker sends what it retains at once


@dataclass(slots=True)
class LiveView:
    """What has been seen. Fed by ``take``; asks nothing of the services.

    What the broker retained before ``skip_retained`` is of an earlier run: it is believed of nothing in this one.
    ``only_reads``: the site's frames go to a fleet, and nothing here makes events of them.
    """

    topics: Topics
    statuses: dict[str, Status] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    alerts: dict[tuple[str, str], Alert] = field(default_factory=dict)
    connected: bool = False
    reason: str = ""
    earlier: dict[str, bytes] = field(default_factory=dict)
    only_reads: bool = False
    quiet_from: float = 0.0

    def skip_retained(self, client: MqttClient, patience_s: float) -> bool:
        """Note what is retained now, before the services start; returns whether the broker was there in time."""
        deadline = time.monotonic() + patience_s
        self.look(client)
        while not self.connected and time.monotonic() < deadline:
            self.look(client, LOOK_S)
        while self.connected and (rest := self.quiet_from + QUIET_S - time.monotonic()) > 0:
            self.look(client, rest)
        return self.connected

    def look(self, client: MqttClient, timeout_s: float = 0.0) -> None:
        """Take what has arrived, believing nothing retained: the sooner this is done, the sooner it is over."""
        arrivals = client.poll(1000, timeout_s)
        if arrivals:
            self.quiet_from = time.monotonic()
        for arrival in arrivals:
            if isinstance(arrival, Arrived) and arrival.retain:
                self.earlier[arrival.topic] = arrival.payload
                client.ack(arrival.receipt)
            else:
                self._note_arrival(client, arrival)

    def poll(self, client: MqttClient, timeout_s: float) -> Iterator[Message]:
        """Yield each message of interest that arrived, having noted it."""
        for arrival in client.poll(1000, timeout_s):
            message = self._note_arrival(client, arrival)
            if message is not None and (self._note(message) or isinstance(message, Event)):
                yield message

    def _note_arrival(self, client: MqttClient, arrival: Arrival) -> Message | None:
        """Return the message that arrived, if there is one of this run."""
        if isinstance(arrival, Connected):
            self.connected = True
        elif isinstance(arrival, Disconnected):
            self.connected, self.reason = False, arrival.reason
        elif isinstance(arrival, Arrived):
            client.ack(arrival.receipt)
            if not arrival.retain or self.earlier.get(arrival.topic) != arrival.payload:
                return self._read(arrival)
        return None

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

    def all_online(self, names: Iterable[str]) -> bool:
        """Whether every one of these services is online in this run."""
        return all((found := self.statuses.get(name)) is not None and found.state == "online" for name in names)

    def done(self) -> bool:
        """Whether the source has ended and everything that came of it has been applied and published."""
        if self.only_reads:
            return self._sent()
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
        level = reader.event_time == processor.event_time == store.event_time == alerter.event_time
        return applied and level

    def _sent(self) -> bool:
        """Whether the source has ended and the fleet's log has all frames."""
        reader, uplink = self.statuses.get("sensor_reader"), self.statuses.get("uplink")
        if not (reader and uplink) or not reader.figures.get("done"):
            return False
        return _applied(uplink, reader, "raw") and uplink.figures.get("log_pending") == 0


def _applied(consumer: Status, producer: Status, stream: str) -> bool:
    head = producer.streams[stream].head if stream in producer.streams else 0
    mark = consumer.applied.get(producer.service, {}).get(stream)
    return head == 0 or (mark is not None and mark.epoch == producer.epoch and mark.seq >= head)


def viewer(broker: BrokerSettings, topics: Topics, name: str, kinds: tuple[str, ...]) -> MqttClient:
    """Return a door for looking on: a session that leaves nothing behind."""
    return MqttClient(broker, name, [topics.every(kind) for kind in kinds], persistent=False)
