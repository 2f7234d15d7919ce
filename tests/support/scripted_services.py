"""Services that answer the gateway as a test wants, at a real broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.messages import Message
from shared.mqtt import Arrived, MqttClient, Publication
from shared.requests import Command, Request, Response, Result
from shared.suite import BrokerSettings
from tests.support.brokers import Broker
from tests.support.mqtt_probe import TOPICS, MqttProbe
from tests.unit.gateway.answers import ACTUATORS, CLIMATE, PLAN, REPORT, STANDING
from tests.unit.gateway.heard import NOON, event

EVENTS = [event(number).model_dump(mode="json", exclude_none=True) for number in range(3)]
ANSWERS: dict[str, Any] = {
    "history": {"events": EVENTS, "cursor": "c3"},
    "silences": {"silences": []},
    "related": {"event": EVENTS[0], "related": [{"after_s": 4.0, "by": ["device"], "event": EVENTS[1]}]},
    "statistics": {"statistics": []},
    "health": {"score": 90},
    "report": REPORT,
    "climate": CLIMATE,
    "actuators": ACTUATORS,
    "plan": PLAN,
    "standing": STANDING,
}


@contextmanager
def services(broker: Broker, *others: str) -> Iterator[list[Command]]:
    """Answer as ``ANSWERS`` has it, carry out ``ack`` and refuse every other command; yields the commands.

    What is asked of ``others`` they answer themselves.
    """
    taken: list[Command] = []
    leave = threading.Event()
    wanted = [TOPICS.every(kind) for kind in ("request", "command")]
    client = MqttClient(BrokerSettings(url=broker.settings.url), "upskeep-test-services", wanted, persistent=False)

    def publish(message: Response | Result) -> None:
        client.publish(Publication(TOPICS.of(message), message.model_dump_json().encode()), "answer")

    def answer(arrival: Arrived) -> None:
        kind, parts = TOPICS.parse(arrival.topic)
        if parts[0] in others:
            return
        content = json.loads(arrival.payload)
        if kind == "request":
            asked = Request.model_validate(content)
            known = ANSWERS.get(asked.name)
            said = {"status": "ok", "data": known} if known else {"status": "error", "error": f"no {asked.name}"}
            publish(Response(service=parts[0], name=parts[1], transaction=asked.transaction, **said))
        else:
            command = Command.model_validate(content)
            taken.append(command)
            done = {"status": "done"} if command.name == "ack" else {"status": "refused", "reason": "not today"}
            publish(Result(id=command.id, target=parts[0], name=parts[1], time=NOON, **done))

    def work() -> None:
        while not leave.is_set():
            for arrival in client.poll(100, 0.02):
                if isinstance(arrival, Arrived):
                    client.ack(arrival.receipt)
                    answer(arrival)

    client.open()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield taken
    finally:
        leave.set()
        thread.join()
        client.close()


def publish(probe: MqttProbe, *messages: Message) -> None:
    """Publish these, retained."""
    for message in messages:
        probe.publish(TOPICS.of(message), message.model_dump_json().encode(), retain=True)
