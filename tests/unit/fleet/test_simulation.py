"""Simulated fleets: the same for the same arguments, as the cores would say it, and with an oracle that can see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fleet.commands.simulate import SCENARIOS
from fleet.core.reading import Arrival, Read, read
from fleet.simulation.oracle import RegionalAlert, Share, expected, spells
from fleet.simulation.own_processor import made_of_frames
from fleet.simulation.scenarios import BLIP, BOARDS, FLEET_SCENARIOS
from fleet.simulation.shifting import ID, OF_THE_PLACE, Place, record
from fleet.simulation.stories import Variant, play
from fleet.simulation.streams import Entry, Stories, entries, stories_of
from shared.instants import time_to_us
from shared.messages import Alert, Event
from shared.shipped import SHIPPED_CONFIG
from tests.unit.fleet.test_effects import World

BEGIN = datetime(2026, 11, 1, 23, 59, 50, tzinfo=UTC)
OUTAGES = Share("regional_outage", "AC_POWER_LOSS", 0.05, timedelta(minutes=10), 3)


@pytest.fixture(scope="module")
def blips() -> Stories:
    """The stories of a regional outage."""
    return stories_of(FLEET_SCENARIOS["regional_outage"], SHIPPED_CONFIG, {})


@pytest.fixture(scope="module")
def storms() -> Stories:
    """Those of a storm."""
    return stories_of(FLEET_SCENARIOS["storm"], SHIPPED_CONFIG, {})


def _values(made: Sequence[Entry]) -> list[bytes]:
    return [each.value for each in made]


def test_the_same_arguments_make_the_same_bytes_and_others_do_not(storms: Stories) -> None:
    """Seed, number of sites and beginning are the arguments."""
    made = [*entries(storms, 8, 1, BEGIN)]

    assert made == [*entries(storms, 8, 1, BEGIN)]
    assert made == sorted(made, key=lambda each: each.at_us)
    assert {*_values(made)}.isdisjoint(_values([*entries(storms, 8, 2, BEGIN)]))


def test_a_regional_outage_is_three_events_of_each_site_within_half_a_minute(blips: Stories) -> None:
    """And one alert over the region."""
    values = _values([*entries(blips, 40, 1, BEGIN)])
    wanted = expected(values, [OUTAGES])
    read_ = [read(Arrival(0, at, b"%s" % _site(value), value)) for at, value in enumerate(values)]
    events = [each.record.message for each in read_ if isinstance(each, Read) and each.record.kind == "event"]

    assert 3 * 40 == wanted.events == len(events)
    assert {"AC_POWER_LOSS", "BATTERY_LOW", "AC_POWER_RESTORED"} == {kind for _, kind in wanted.counts}
    assert {1} == {*wanted.counts.values()}
    assert max(each.time for each in events) - min(each.time for each in events) <= timedelta(seconds=30)
    assert [("regional_outage", "north", None)] == [(each.rule, each.region, each.until) for each in wanted.spells]


def _site(value: bytes) -> bytes:
    found = re.search(rb'"site":"([^"]+)"', value)
    assert found
    return found[1]


def test_a_shifted_story_is_what_the_cores_say_at_that_time(blips: Stories) -> None:
    """Word for word, but for ids."""
    board = BOARDS[0]
    start = datetime(2026, 11, 2, 0, 0, 1, 234567, tzinfo=UTC)
    shifted = [read(Arrival(0, 0, b"a-1", value)) for value in _shifted_to(blips, start)]
    said = play(Variant(BLIP, board), SHIPPED_CONFIG, {}, start)

    assert [_bare(each) for each in said] == [_bare(each.record.message) for each in shifted if isinstance(each, Read)]


def _shifted_to(stories: Stories, start: datetime) -> list[bytes]:
    return [record(line, Place("a-1", "e", 1 + at), time_to_us(start), "p") for at, line in enumerate(stories.lines[0])]


def _bare(message: object) -> str:
    assert hasattr(message, "model_dump_json")
    left_out = OF_THE_PLACE if isinstance(message, Event) else {"fingerprint"} if isinstance(message, Alert) else None
    return re.sub(ID, "id", message.model_dump_json(exclude=left_out, exclude_none=True))


def test_the_core_of_the_workers_and_the_oracle_agree(storms: Stories) -> None:
    """Every count, every hour, every alert; in batches of any length, and with everything twice."""
    made = [*entries(storms, 30, 5, BEGIN)]
    world = World()
    batches = [made[at : at + 70] for at in range(0, len(made), 70)]
    for batch in [*batches, *batches]:
        world.take([read(Arrival(0, at, each.key, each.value)) for at, each in enumerate(batch)])
    wanted = expected(_values(made + made))

    assert (wanted.counts, wanted.hours) == (world.counts, world.hours)
    alerts = {key: (each.state.value, each.time) for key, each in world.latest.items() if isinstance(each, Alert)}
    assert wanted.alerts == alerts
    assert {"resolved"} <= {state for state, _ in wanted.alerts.values()}
    assert 30 == len(wanted.sites)


def test_sites_that_only_read_say_the_frames_and_their_own_processor_says_what_must_come(storms: Stories) -> None:
    """The other sites say what they say without them; of one frame less, less must come."""
    without, mixed = [*entries(storms, 20, 5, BEGIN)], [*entries(storms, 20, 5, BEGIN, 0.3)]
    reading = {each.key for each in mixed if b'"kind":"raw"' in each.value}
    values = _values(mixed)
    made = [*made_of_frames(values + values, lambda _: SHIPPED_CONFIG)]
    wanted, of_events = expected([*values, *made]), expected(_values(without))
    said = [read(Arrival(0, 0, each.key, each.value)) for each in mixed if each.key in reading]

    assert reading
    assert len(reading) < 20
    assert {"raw"} == {each.record.kind if isinstance(each, Read) else each.reason for each in said}
    assert [each for each in without if each.key not in reading] == [each for each in mixed if each.key not in reading]
    assert mixed == [*entries(storms, 20, 5, BEGIN, 0.3)]
    losses = {key: total for key, total in wanted.counts.items() if key[1] == "AC_POWER_LOSS"}
    assert losses == {key: total for key, total in of_events.counts.items() if key[1] == "AC_POWER_LOSS"}
    dark = next(at for at, value in enumerate(values) if b'"ac_present":false' in value)
    fewer = [*made_of_frames(values[:dark], lambda _: SHIPPED_CONFIG)]
    assert len(fewer) < len(made)


def test_the_oracle_sees_one_record_that_is_missing(storms: Stories) -> None:
    """Else it would prove nothing."""
    values = _values([*entries(storms, 12, 5, BEGIN)])
    whole = expected(values)
    at = next(at for at, value in enumerate(values) if b'"kind":"event"' in value)
    less = expected(values[:at] + values[at + 1 :])

    assert (1, 1) == ((whole.counts - less.counts).total(), (whole.hours - less.hours).total())


def test_a_region_fires_from_the_event_too_many_to_the_window_of_the_last() -> None:
    """A site counts once; a moment beyond the newest word is not judged."""
    half = Share("r", "T", 0.5, timedelta(seconds=100))

    def at(second: int) -> datetime:
        return BEGIN + timedelta(seconds=second)

    said = [(at(0), "a"), (at(1), "a"), (at(10), "b"), (at(50), "c"), (at(60), "b"), (at(400), "a")]
    assert [RegionalAlert("r", "x", at(50), at(101))] == [*spells(half, "x", said, 4, at(1000))]
    assert [RegionalAlert("r", "x", at(50), None)] == [*spells(half, "x", said, 4, at(100))]
    assert [] == [*spells(half, "x", said, 6, at(1000))]


def test_the_command_names_every_scenario() -> None:
    """It does so without importing them."""
    assert {*FLEET_SCENARIOS} == {*SCENARIOS}
