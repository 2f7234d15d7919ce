"""A site's frames at the centre make what its own event_processor makes of them, however they are cut."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.core.central import STATE_EVERY, CentralSite
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Candidate, DeviceState, Event, Frame
from shared.site_records import OfferRecord
from tests.support.central_frames import LATER, SITE, START, central, local, plan_of, rules_of, said, scene, write_site


def _words(state: DeviceState) -> tuple[object, ...]:
    return state.quality, state.power, state.battery, state.charging, state.simulated


@pytest.mark.parametrize("scenario", ["outage", "brownout"])
def test_the_same_frames_make_the_same_events_and_states(scenario: str, tmp_path: Path) -> None:
    """Ids, times and data; with silences, filters, rate limits, two readers and a jump of the clock."""
    folder = write_site(tmp_path)
    frames = scene(folder, scenario)
    events, states = local(plan_of(folder), frames)
    rules = rules_of(folder)
    numbers: list[dict[str, DeviceState]] = []
    for seed in range(3):
        made, known, refused = central(rules, frames, seed)

        assert said(events) == said(made)
        assert {name: _words(state) for name, state in states.items()} == {n: _words(s) for n, s in known.items()}
        assert all(states[name].time - state.time < STATE_EVERY for name, state in known.items())
        numbers.append(known)
        assert refused
        assert all("is read by sensor_reader: two readers need two names" in reason for reason in refused)
    assert numbers[0] == numbers[1] == numbers[2]
    types = {event.type for event in events}
    assert {"COMM_LOST", "COMM_RESTORED", "CLOCK_JUMP", "sensor.temperature"} <= types
    assert len(events) == len({event.id for event in events})


def test_an_offer_becomes_the_event_that_its_own_processor_makes_of_it(tmp_path: Path) -> None:
    """A gap, one of another time, one of no known type, one of a type that is barred, one that is ahead of its time."""
    folder = write_site(tmp_path)
    gap = {"producer": "sensor_reader", "stream": "raw", "first": 2, "last": 4, "count": 3}
    candidates = (
        Candidate(type="system.stream.gap", id="gap/sensor_reader/raw/e1/2-4", data=gap),
        Candidate(type="AC_POWER_LOSS", time=START - timedelta(hours=1), device="ups"),
        Candidate(type="NO_SUCH_TYPE", id="1"),
        Candidate(type="sensor.pressure", id="2", data={"value": 900.0}),
        Candidate(type="AC_POWER_LOSS", time=START + timedelta(minutes=5)),
    )
    heard = InMemoryPublisher()
    plan = plan_of(folder)
    with closing(Ledger(":memory:")) as ledger, ledger.transaction():
        processor = EventProcessor(plan.compiled, ledger, heard, lambda: START, plan)
        for each in candidates:
            processor.offer("uplink", each, "ingest/uplink", b"{}")
    wanted = [each for each in heard.emitted if isinstance(each, Event)]
    rules = rules_of(folder)
    site = CentralSite(rules.plan_of(SITE), rules, {}, 0, LATER)
    place = {"site": SITE, "producer": "uplink", "stream": "offer", "epoch": "u1"}
    came = {"offered_by": "uplink", "received_at": START}
    taken = [site.take(OfferRecord(message=each, seq=at, **place, **came)) for at, each in enumerate(candidates, 1)]

    assert said(wanted) == said([event for events, _ in taken for event in events])
    assert ["system.stream.gap", "AC_POWER_LOSS", "system.event.unknown"] == [event.type for event in wanted]
    reasons = [reason for _, _, reason in heard.rejected]
    assert reasons == [reason for _, reason in taken if reason]
    assert 2 == len(reasons)


def test_a_frame_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    """One of a device beyond the bound, and one that is too far ahead; of a simulation any time is believed."""
    rules = rules_of(write_site(tmp_path), max_devices=1)
    site = CentralSite(rules.plan_of(SITE), rules, {}, 0, LATER)
    ups = Frame(time=START, device="ups", values={"battery_voltage": 4.0}, producer="sensor_reader")
    assert not isinstance(site.apply(ups), str)
    before = dict(site.kept())

    for change, reason in (
        ({"device": "other"}, "cabin-3 has as many devices as raw.max_devices"),
        ({"time": LATER + timedelta(hours=24, seconds=1)}, "is more than 24 h ahead of the centre's clock"),
    ):
        refusal = site.apply(ups.model_copy(update=change))
        assert isinstance(refusal, str)
        assert reason in refusal
    assert before == dict(site.kept())
    played = ups.model_copy(update={"time": LATER + timedelta(days=9), "simulated": True})
    assert not isinstance(site.apply(played), str)
