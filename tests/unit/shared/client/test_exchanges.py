"""Questions and commands under way: sent again, settled, given up. The rules of ``shared.client.exchanges``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.client.connect import ABSENT_S, ClientError
from shared.client.exchanges import Exchange, Exchanges
from shared.messages import Status
from shared.mqtt import Arrived
from shared.mqtt.wire import Receipt
from shared.requests import Command, Request, Response, Result
from shared.topics import Topics

TOPICS = Topics()
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
QUESTION = Request(service="counter_store", name="history", transaction="t1")
COMMAND = Command(id="c1", target="counter_store", name="import")


def arrived(message: Any) -> Arrived:
    return Arrived(TOPICS.of(message), message.model_dump_json().encode(), False, Receipt(1, 1))


def online(exchanges: Exchanges, service: str = "counter_store", state: str = "online") -> None:
    exchanges.presence(service)
    assert exchanges.arrived(arrived(Status(service=service, state=state))) is None


def response(transaction: str) -> Response:
    return Response(service="counter_store", name="history", transaction=transaction, status="ok")


def sent(exchanges: Exchanges) -> list[str]:
    """Send what is to be sent."""
    found = [*exchanges.to_send()]
    for each in found:
        each.sent = True
    return [each.key for each in found]


def text(exchange: Exchange) -> str:
    assert isinstance(exchange.outcome, ClientError)
    return str(exchange.outcome)


def test_an_answer_settles_its_own_question_and_no_other() -> None:
    exchanges = Exchanges(TOPICS)
    one = exchanges.begin(QUESTION, 0.0)
    other = exchanges.begin(QUESTION.model_copy(update={"transaction": "t2"}), 0.0)

    assert exchanges.arrived(arrived(response("t3"))) is None
    assert exchanges.arrived(arrived(response("t1"))) is one
    assert exchanges.arrived(arrived(response("t1"))) is None  # a repeat
    assert [other] == [*exchanges.under_way.values()]


def test_a_result_does_not_settle_a_question_of_the_same_id() -> None:
    exchanges = Exchanges(TOPICS)
    exchanges.begin(QUESTION, 0.0)
    result = Result(id="t1", target="counter_store", name="x", status="done", time=NOON)
    assert exchanges.arrived(arrived(result)) is None


def test_what_is_not_answered_is_sent_again_and_then_given_up() -> None:
    exchanges = Exchanges(TOPICS)
    online(exchanges)
    asked = exchanges.begin(QUESTION, 0.0, tries=2, again_s=8.0)
    assert ["t1"] == sent(exchanges)
    assert not exchanges.due(7.9)
    assert not sent(exchanges)

    assert not exchanges.due(8.0)
    assert ["t1"] == sent(exchanges)
    assert [asked] == exchanges.due(16.0)
    assert "counter_store is online but gave no answer in 16 s; ask again, its log may say why" == text(asked)
    assert not exchanges.under_way


def test_after_a_lost_connection_everything_is_sent_again_under_its_id() -> None:
    exchanges = Exchanges(TOPICS)
    exchanges.begin(QUESTION, 0.0)
    exchanges.begin(COMMAND, 0.0)
    assert ["t1", "c1"] == sent(exchanges)
    exchanges.disconnected()
    assert ["t1", "c1"] == sent(exchanges)


def test_a_service_that_is_absent_is_not_waited_for() -> None:
    """Nor is one that has stopped; only the patient wait for one that was here."""
    exchanges = Exchanges(TOPICS)
    asked = exchanges.begin(QUESTION, 0.0)
    assert not exchanges.due(ABSENT_S)
    assert [asked] == exchanges.due(ABSENT_S + 0.1)
    assert text(asked).startswith("counter_store is not at this broker; ")

    online(exchanges, state="offline")
    hasty, patient = exchanges.begin(QUESTION, 0.0), exchanges.begin(COMMAND, 0.0, patient=True)
    assert [hasty] == exchanges.due(ABSENT_S + 0.1)
    assert [patient] == [*exchanges.under_way.values()]


def test_a_device_says_nothing_of_itself_so_it_is_waited_for() -> None:
    exchanges = Exchanges(TOPICS)
    command = exchanges.begin(COMMAND.model_copy(update={"target": "pump"}), 0.0, again_s=8.0)
    assert not exchanges.due(7.0)
    assert [command] == exchanges.due(8.0)
    assert "nobody on command/pump gave a result in 8 s; it may still be carried out" == text(command)


def test_a_command_to_a_host_goes_by_the_status_of_its_agent() -> None:
    exchanges = Exchanges(TOPICS)
    assert "host_agent-nas" == exchanges.begin(COMMAND.model_copy(update={"target": "host-nas"}), 0.0).service


def test_what_the_broker_refuses_is_settled_with_its_reason() -> None:
    exchanges = Exchanges(TOPICS)
    asked = exchanges.begin(QUESTION, 0.0)
    assert exchanges.refused("t1", "Not authorized") is asked
    assert text(asked).endswith("/request/counter_store/history: Not authorized; check the user's rights")
