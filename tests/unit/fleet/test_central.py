"""A site's frames at the centre make what its own event_processor makes of them, however they are cut."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.core.central import CentralRules, CentralSite, KeptDevice
from services.event_processor.core.device.memory import Memory
from shared.messages import DeviceState, Event, Frame
from tests.support.central_frames import SITE, START, local, plan_of, rules_of, said, scene, write_site

LATER = START + timedelta(days=1)


def central(
    rules: CentralRules, frames: Iterable[Frame], seed: int
) -> tuple[list[Event], dict[str, DeviceState], list[str]]:
    """Return the events, last states and refusals; of each batch only what is kept is left, as JSON."""
    dice, todo = random.Random(seed), [*frames]  # noqa: S311 - repeatable
    kept: dict[str, KeptDevice] = {}
    events, states, refused = [], {}, []
    while todo:
        site = CentralSite(SITE, rules, kept, len(kept), LATER)
        size = dice.randrange(1, 60)
        for frame in todo[:size]:
            made = site.apply(frame)
            if isinstance(made, str):
                refused.append(made)
            else:
                events += made
        todo = todo[size:]
        states |= {state.device: state for state in site.states()}
        for name, device in site.kept():
            memory = Memory.from_json(device.memory.to_json())
            kept[name] = KeptDevice(device.producer, memory, device.buckets)
    return events, states, refused


@pytest.mark.parametrize("scenario", ["outage", "brownout"])
def test_the_same_frames_make_the_same_events_and_states(scenario: str, tmp_path: Path) -> None:
    """Ids, times and data; with silences, filters, rate limits, two readers and a jump of the clock."""
    folder = write_site(tmp_path)
    frames = scene(folder, scenario)
    events, states = local(plan_of(folder), frames)
    rules = rules_of(folder)
    for seed in range(3):
        made, known, refused = central(rules, frames, seed)

        assert said(events) == said(made)
        assert states == known
        assert refused
        assert all("is read by sensor_reader: two readers need two names" in reason for reason in refused)
    types = {event.type for event in events}
    assert {"COMM_LOST", "COMM_RESTORED", "CLOCK_JUMP", "sensor.temperature"} <= types
    assert len(events) == len({event.id for event in events})


def test_a_frame_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    """One of a device beyond the bound, and one that is too far ahead; of a simulation any time is believed."""
    rules = rules_of(write_site(tmp_path), max_devices=1)
    site = CentralSite(SITE, rules, {}, 0, LATER)
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
