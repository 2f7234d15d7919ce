"""What a run believes of what it sees: nothing that the broker kept of an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.messages import Counter, Message, Status
from shared.mqtt import Arrival, Arrived, Connected, Disconnected
from shared.mqtt.wire import Receipt
from shared.topics import Topics
from upskeep.runner.hints import left_undone, next_steps, program_name, served_at
from upskeep.runner.live_view import QUIET_S, LiveView

TOPICS = Topics()
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Inbox:
    """An MQTT client's inbox that was filled before."""

    def __init__(self, *batches: Sequence[Arrival]) -> None:
        self.batches = [[*batch] for batch in batches]

    def poll(self, _: int, __: float) -> list[Arrival]:
        return self.batches.pop(0) if self.batches else []

    def ack(self, _: Receipt) -> None:
        """Nothing is kept."""


def said(message: Message, retain: bool = False) -> Arrived:
    return Arrived(TOPICS.of(message), message.model_dump_json().encode(), retain, Receipt(1, 1))


def counter(total: int) -> Counter:
    return Counter(type="AC_POWER_LOSS", total=total, last_hour=0, last_day=0, last_time=NOON, as_of=NOON)


def taken(view: LiveView, client: Any) -> list[Message]:
    found: list[Message] = []
    while client.batches:
        found += view.poll(client, 0)
    return found


STOPPED, ONLINE = (Status(service="alerter", state=state) for state in ("stopped", "online"))


def test_what_was_retained_before_the_run_is_not_of_this_run() -> None:
    """Neither shown, nor counted; what this run says of the same is."""
    view = LiveView(TOPICS)
    client: Any = Inbox([Connected(1, False, "5")], [said(STOPPED, retain=True), said(counter(46), retain=True)])

    assert view.skip_retained(client, 1.0)
    assert ({}, {}) == (view.statuses, view.counters)

    client.batches = [[said(ONLINE), said(counter(1))]]
    assert [ONLINE] == taken(view, client)
    assert {"AC_POWER_LOSS": counter(1)} == view.counters


def test_after_a_lost_connection_only_what_this_run_retained_is_believed() -> None:
    view = LiveView(TOPICS)
    client: Any = Inbox([Connected(1, False, "5")], [said(STOPPED, retain=True)])
    view.skip_retained(client, 1.0)

    client.batches = [[Disconnected(1, "gone", False)], [Connected(2, False, "5"), said(STOPPED, retain=True)]]
    assert [] == taken(view, client)
    client.batches = [[said(ONLINE, retain=True)]]
    assert [ONLINE] == taken(view, client)


def test_what_was_seen_while_the_run_was_busy_is_not_waited_for_again() -> None:
    """The quiet after what is retained is counted from when it was looked at."""
    view = LiveView(TOPICS)
    client: Any = Inbox([Connected(1, False, "5"), said(STOPPED, retain=True)])
    view.look(client)
    view.quiet_from -= QUIET_S

    asked: list[float] = []
    client.poll = lambda _, timeout_s: asked.append(timeout_s) or []
    assert view.skip_retained(client, 1.0)
    assert [0.0] == asked
    assert {} == view.statuses


def test_a_broker_that_is_away_does_not_hold_the_run_up() -> None:
    client: Any = Inbox()
    assert not LiveView(TOPICS).skip_retained(client, 0.05)


def test_points_that_influxdb_has_not_got_are_said_at_the_end() -> None:
    figures = {"influx_pending": 7587, "influx_last_error": "no answer from http://influx:8086"}
    store = Status(service="counter_store", state="online", figures=figures)

    said = "7,587 points for InfluxDB are not sent yet (no answer from http://influx:8086); they are kept in the data"
    assert [said + " folder, and the next run with it sends them"] == [*left_undone({"counter_store": store})]
    assert [] == [*left_undone({"counter_store": store.model_copy(update={"figures": {"influx_pending": 0}})})]
    assert [] == [*left_undone({})]


def test_what_to_do_next_names_the_broker_where_it_is_not_the_usual_one() -> None:
    (only,) = next_steps({}, "")
    assert "`upskeep alerts`" in only
    reader = Status(service="sensor_reader", state="online", figures={"source": "sim:outage"})
    commands, simulated = next_steps({"sensor_reader": reader}, "mqtt://127.0.0.1:1884")
    assert "`export UPSKEEP_BROKER=mqtt://127.0.0.1:1884`, then `upskeep alerts`" in commands
    assert "`upskeep init`" in simulated


@pytest.mark.parametrize(
    ("called", "on_the_path", "expected"),
    [
        ("home/.venv/bin/upskeep", False, ".venv/bin/upskeep"),
        ("home/.venv/bin/upskeep", True, "upskeep"),
        ("elsewhere/bin/upskeep", False, "{top}/elsewhere/bin/upskeep"),
        ("home/upskeep/__main__.py", False, "upskeep"),
    ],
)
def test_what_to_do_next_can_be_typed_as_it_stands(
    called: str, on_the_path: bool, expected: str, tmp_path: Path
) -> None:
    """In a clone nobody has put `upskeep` on the search path yet."""
    file = tmp_path / called
    file.parent.mkdir(parents=True)
    file.touch(0o755)
    program = program_name(str(file), tmp_path / "home", str(file.parent if on_the_path else tmp_path))

    assert expected.format(top=tmp_path) == program
    assert f"`{program} alerts`" in next(iter(next_steps({}, "", program)))


def test_the_gateways_address_is_the_one_of_its_life_sign() -> None:
    """While it is online; without a gateway there is none."""
    online = Status(service="gateway", state="online", figures={"address": "http://127.0.0.1:8470/"})
    assert "http://127.0.0.1:8470/" == served_at({"gateway": online})
    assert {""} == {
        served_at(found)
        for found in (
            {},
            {"gateway": online.model_copy(update={"state": "stopped"})},
            {"gateway": Status(service="gateway", state="online")},
        )
    }
