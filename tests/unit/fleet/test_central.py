"""A site's frames at the centre make what its own event_processor makes of them, however they are cut."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fleet.core.central import STATE_EVERY, CentralSite
from shared.messages import DeviceState, Frame
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
