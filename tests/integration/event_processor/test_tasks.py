"""The processor on the wire, with the broker in memory: its start, its health, who is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from services.event_processor.app import ROUTE, build, drive
from services.event_processor.core.pipeline.plan import compile_plan
from services.event_processor.core.pipeline.rules import PipelineRules
from services.event_processor.settings.pipeline import load_plan
from shared.clock import Clock
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.ledger import Ledger
from shared.messages import Status
from shared.mqtt import Arrived, Publication
from shared.requests import Request
from shared.suite import SuiteSettings
from tests.support.fakes.broker import FakeBroker, FakeClient
from tests.support.scenarios import CONFIG, START

RULES = PipelineRules.model_validate({"monitoring": {"presence_dwell_s": 15, "health_every_s": 1000}})


@dataclass
class House:
    """A processor, another service called alerter, and somebody who listens; time goes by when it is told to."""

    folder: Path
    broker: FakeBroker = field(default_factory=FakeBroker)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.suite = SuiteSettings(data=self.folder)
        self.listener = self.client("listener", ["upskeep/v1/home/#"])
        self.listener.open()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.clock = Clock(self.wall, lambda: self.seconds)

    def wall(self) -> datetime:
        """The time."""
        return START + timedelta(seconds=self.seconds)

    def client(self, name: str, filters: Any, will: Publication | None = None, **kind: Any) -> FakeClient:
        """A client of the broker."""
        return FakeClient(self.broker, name, filters, will, **kind)

    def alerter(self, state: str) -> None:
        """Let the other service say this of itself."""
        status = Status.model_validate({"service": "alerter", "state": state, "epoch": "e"})
        self.broker.route(Publication(status.topic(self.suite.topics), status.model_dump_json().encode(), retain=True))

    def run(self, turns: int, step_s: float = 1.0, meanwhile: Callable[[int], None] | None = None) -> None:
        """One life of the processor's process: so many turns."""
        context = Context(CONFIG, {}, self.suite, self.clock)
        shipped = load_plan(CONFIG, {})
        plan = compile_plan(shipped.compiled, RULES, shipped.patterns.rules)
        with closing(Ledger(self.folder / "ledger.sqlite")) as ledger:
            endpoint = Endpoint(ROUTE, self.suite, ledger, self.clock, partial(self._open))
            with ledger.transaction():
                handler = build(plan, context, ledger, endpoint)
            endpoint.attach(handler)
            tasks = drive(plan, context, handler, endpoint)
            endpoint.open()
            for turn in range(turns):
                if meanwhile is not None:
                    meanwhile(turn)
                endpoint.turn(0, tasks.work)
                self.seconds += step_s
            tasks.close()

    def _open(self, _: Any, name: str, filters: Any, will: Publication | None, **kind: Any) -> FakeClient:
        return self.client(name, filters, will, **kind)

    def listen(self) -> None:
        """Take what was said to everybody; a message of the wire may hold several."""
        for arrival in self.listener.poll(100_000, 0):
            if not isinstance(arrival, Arrived) or "/wire/" in arrival.topic:
                continue
            if not arrival.retain and arrival.payload:
                self.heard.append((arrival.topic.removeprefix("upskeep/v1/home/"), json.loads(arrival.payload)))

    def events(self, ending: str) -> list[dict[str, Any]]:
        """Return the events on a topic that were heard, each once by its place in the stream."""
        self.listen()
        found = {told["seq"]: told for topic, told in self.heard if topic == f"event/system/{ending}"}
        return [found[seq] for seq in sorted(found)]


def test_each_start_is_one_event_on_the_wire(tmp_path: Path):
    """With this version and what is configured."""
    house = House(tmp_path)
    house.run(3)
    house.run(3)
    told = house.events("lifecycle/started")

    assert [("event_processor", True)] * 2 == [
        (each["data"]["service"], each["data"]["configuration_loaded"]) for each in told
    ]
    assert 2 == len({each["id"] for each in told})


def test_a_service_whose_last_will_stands_is_reported_once_and_again_when_it_is_back(tmp_path: Path):
    """Across a restart of the processor, to which the broker tells the last will again."""
    house = House(tmp_path)
    house.run(60, meanwhile=lambda turn: house.alerter("online") if turn == 0 else None)
    house.run(60, meanwhile=lambda turn: house.alerter("offline") if turn == 5 else None)
    house.run(60)
    house.run(60, meanwhile=lambda turn: house.alerter("online") if turn == 5 else None)

    assert ["alerter"] == [told["data"]["service"] for told in house.events("service/offline")]
    assert ["alerter"] == [told["data"]["service"] for told in house.events("service/online")]


def test_a_broker_that_restarts_makes_nobody_go(tmp_path: Path):
    """It forgets everything; five seconds later the service is back."""

    def restart(turn: int) -> None:
        if turn == 20:
            house.broker.restart()
            house.alerter("offline")
        if turn in (0, 25):
            house.alerter("online")

    house = House(tmp_path)
    house.run(100, meanwhile=restart)

    assert ([], []) == (house.events("service/offline"), house.events("service/online"))


def test_health_is_published_on_schedule_and_answered_on_request(tmp_path: Path):
    """The same picture both times."""

    def ask(turn: int) -> None:
        if turn == 30:
            question = Request(service="event_processor", name="health", transaction="t")
            topic = question.topic(house.suite.topics)
            house.broker.route(Publication(topic, question.model_dump_json().encode()))

    house = House(tmp_path)
    house.run(45, step_s=50, meanwhile=ask)
    told = house.events("health/check")
    (answer,) = [said for topic, said in house.heard if topic == "response/event_processor/health"]

    assert ["healthy"] * 2 == [each["data"]["overall_status"] for each in told]
    assert ("ok", told[0]["data"].keys()) == (answer["status"], answer["data"].keys())
