"""Whatever arrives, a service goes on, now and at its next start: the fuzzer's grammar and Hypothesis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import Clock
from shared.delivery.decoding import UnreadableError, decode
from shared.delivery.endpoint import Endpoint
from shared.delivery.handler import RefusedError
from shared.delivery.route import route_of
from shared.kinds import KINDS
from shared.ledger import Ledger
from shared.messages import Message, Sequenced
from shared.mqtt import Publication
from shared.requests import Command
from shared.suite import SuiteSettings
from tests.hostile.grammar import Grammar
from tests.support.fakes.broker import FakeBroker, opener

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SERVICES = ("sensor_reader", "event_processor", "counter_store", "alerter", "host_agent", "gateway")
MODELS = sorted({kind.model for kind in KINDS.values() if kind.model}, key=lambda model: model.__name__)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Everything:
    """A handler that implements all of the port and does nothing."""

    def apply(self, message: Sequenced) -> None: ...
    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None: ...
    def advance(self, event_time: datetime) -> None: ...
    def follow(self, message: Message, *, retained: bool) -> None: ...

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        raise RefusedError(f"{name} of {len(data)}")

    def execute(self, command: Command) -> Mapping[str, Any]:
        raise RefusedError(f"{command.name} is unknown")


def start(name: str, path: Path, broker: FakeBroker, stack: ExitStack) -> Endpoint:
    ledger = stack.enter_context(closing(Ledger(path)))
    endpoint = Endpoint(route_of(name), SuiteSettings(), ledger, Clock(lambda: NOW, lambda: 0.0), opener(broker))
    endpoint.attach(Everything())
    endpoint.open()
    endpoint.turn(0)
    return endpoint


@pytest.mark.parametrize("name", SERVICES)
def test_bad_messages_of_every_kind_end_no_service_now_or_at_its_next_start(name: str, tmp_path: Path) -> None:
    """Everything retained comes again at the start; what was committed is read again."""
    broker, grammar = FakeBroker(), Grammar(2026, SuiteSettings().topics)
    with ExitStack() as stack:
        endpoint = start(name, tmp_path / "ledger.sqlite", broker, stack)
        for _ in range(3):
            for _ in range(300):
                speaker = "sensor_reader-fuzz" if grammar.flip(0.3) else name if grammar.flip(0.2) else ""
                bad = grammar.next(speaker=speaker)
                broker.route(Publication(bad.topic, bad.payload, bad.retain))
                endpoint.turn(0)
            endpoint.client.vanish()  # type: ignore[attr-defined]
            endpoint.ledger.close()
            endpoint = start(name, tmp_path / "ledger.sqlite", broker, stack)
        assert endpoint.status().state == "online"
        assert len(endpoint.receiver.tracks) < 100
        assert endpoint.sender.streams["deadletter"].head <= 1000


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@given(payload=st.binary() | JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
@settings(max_examples=30, deadline=None)
def test_a_payload_is_read_or_refused_with_a_sentence(model: type[Message], payload: bytes) -> None:
    """Nothing else comes out of the parser; what was read can be written again."""
    with suppress(UnreadableError):
        decode(model, decode(model, payload).model_dump_json(by_alias=True).encode())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_model_with_odd_fields_is_read_or_refused_with_a_sentence(model: type[Message], data: st.DataObject) -> None:
    """Each field of the right name, with anything in it."""
    fields = {field.alias or name: JSON for name, field in model.model_fields.items()}
    content = data.draw(st.fixed_dictionaries({}, optional=fields))
    with suppress(UnreadableError):
        message = decode(model, json.dumps(content).encode("utf-8", "surrogatepass"))
        assert message == decode(model, message.model_dump_json(by_alias=True).encode())
