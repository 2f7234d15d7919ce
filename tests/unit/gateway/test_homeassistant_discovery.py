"""What is published so that the broker holds the configurations that are wanted."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.core.homeassistant.configs import Options
from services.gateway.core.homeassistant.discovery import MOST_HELD, Discovery, Publish
from services.gateway.core.homeassistant.known import Known
from shared.messages import Message
from shared.topics import Topics
from tests.unit.gateway.test_homeassistant_configs import OPTIONS, SUITE, UPS, alert, counter, known, state


def after(*publishes: Publish) -> Discovery:
    """Return what a broker holds after some publications, as it is read back."""
    found = Discovery()
    for one in publishes:
        found = found.after(one.topic, one.payload, OPTIONS)
    return found


def published(messages: Known, held: Discovery | None = None, *, enabled: bool = True) -> dict[str, Any]:
    """Return what is published, by topic; None for what is emptied."""
    _, due = (held or Discovery()).due(messages, OPTIONS, enabled=enabled)
    return {one.topic: json.loads(one.payload) if one.payload else None for one in due}


def test_what_is_new_is_published_once() -> None:
    """The second time the broker holds it."""
    first, due = Discovery().due(known(state(), counter("A")), OPTIONS, enabled=True)

    assert [SUITE, UPS] == [one.topic for one in due]
    assert [] == first.due(known(state(), counter("A")), OPTIONS, enabled=True)[1]
    assert first == after(*due)


def test_a_new_channel_is_published_with_its_device_alone() -> None:
    """The others stay as they are."""
    held, _ = Discovery().due(known(state(), state("room")), OPTIONS, enabled=True)

    assert [UPS] == [*published(known(state(values={"co2": 1}), state("room")), held)]


def test_a_device_that_has_gone_is_removed() -> None:
    """By an empty payload, also where a gateway before this one had published it."""
    _, due = Discovery().due(known(state(), state("room")), OPTIONS, enabled=True)

    assert {UPS: None} == published(known(state("room")), after(*due))


def test_switched_off_everything_is_removed() -> None:
    """Nothing of ours stays in Home Assistant."""
    _, due = Discovery().due(known(state(), counter("A")), OPTIONS, enabled=True)

    assert {UPS: None, SUITE: None} == published(known(state()), after(*due), enabled=False)


def test_a_channel_that_is_not_known_yet_stays() -> None:
    """A gateway that has just started has seen one frame, perhaps a bad one."""
    _, due = Discovery().due(known(state(values={"co2": 1, "illuminance": 2})), OPTIONS, enabled=True)

    assert {} == published(known(state(values={"co2": 1})), after(*due))


def test_an_alert_that_is_over_is_asked_to_go() -> None:
    """By its platform alone; once that is published, nothing more follows."""
    _, due = Discovery().due(known(state(), alert()), OPTIONS, enabled=True)
    held, removal = after(*due).due(known(state()), OPTIONS, enabled=True)

    gone = {key: one for key, one in json.loads(removal[0].payload)["components"].items() if key.startswith("alert_")}
    assert {
        "alert_on_battery_ups": {"platform": "binary_sensor"},
        "alert_on_battery_ups_ack": {"platform": "button"},
        "alert_on_battery_ups_silence": {"platform": "button"},
    } == gone
    assert {} == published(known(state()), held)
    assert "name" in published(known(state(), alert()), held)[UPS]["components"]["alert_on_battery_ups"]


def test_home_assistants_birth_publishes_everything_again() -> None:
    """It may have lost what the broker had."""
    held, due = Discovery().due(known(state(), counter("A")), OPTIONS, enabled=True)

    assert due == held.again()


def test_what_others_have_published_is_left_alone() -> None:
    """Another program's, another site's, and what is no JSON."""
    other = Options(Topics(site="cabin"), "9")
    _, due = Discovery().due(known(state()), other, enabled=True)
    foreign = [Publish("homeassistant/device/z2m/config", b'{"origin": {"name": "Zigbee2MQTT"}}'), *due]
    odd = [Publish(UPS, payload) for payload in (b"[]", b"{", b'{"origin": 3}', b"\xff", b'{"origin": {"name": []}}')]

    assert {} == after(*foreign, *odd).held


def test_what_is_held_has_a_bound() -> None:
    """Somebody else may publish under our name."""
    payload = json.dumps({"origin": {"name": OPTIONS.origin}}).encode()

    found = after(*(Publish(f"homeassistant/device/d{n}/config", payload) for n in range(MOST_HELD + 2)))

    assert MOST_HELD == len(found.held)


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["origin", "name", "components"]), one),
).map(lambda one: json.dumps(one).encode()))  # fmt: skip
def test_no_payload_upsets_it(payload: bytes) -> None:
    """Anybody with rights to the topic may put anything there."""
    held = after(Publish(UPS, payload))

    assert UPS in published(known(state()), held) or held.held


MESSAGES = st.lists(
    st.sampled_from([state(), state(values={"co2": 1}), state("room"), alert(), counter("A"), counter("B")]), max_size=6
)


@given(st.lists(MESSAGES, max_size=4))
def test_what_was_published_settles(rounds: list[list[Message]]) -> None:
    """After any course, what the broker holds is what is kept in mind, and a second look finds nothing to do."""
    held, broker = Discovery(), Discovery()
    for messages in rounds:
        held, due = held.due(known(*messages), OPTIONS, enabled=True)
        for one in due:
            broker = broker.after(one.topic, one.payload, OPTIONS)

        assert held == broker
        assert [] == held.due(known(*messages), OPTIONS, enabled=True)[1]
