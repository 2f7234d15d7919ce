"""What is made in InfluxDB, what is changed, and what is only told."""

from __future__ import annotations

import pytest

from services.counter_store.core.influx.places import DAY_S, Place, PlaceStep, command, influxql, plan, wanted

EVENTS, READINGS = Place("upskeep", 0), Place("upskeep_readings", 90 * DAY_S)
LIST = "influx bucket list --hide-headers"
BOTH = wanted("upskeep", "upskeep_readings", 90)


def steps(*found: Place) -> list[str]:
    return [step.do for step in plan(BOTH, {place.name: place for place in found})]


def test_one_place_unless_readings_have_their_own() -> None:
    """The first is never to forget anything."""
    assert (EVENTS,) == wanted("upskeep", None, 0)
    assert (EVENTS, READINGS) == BOTH


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), ["create", "create"]),
        ((EVENTS,), ["nothing", "create"]),
        ((EVENTS, READINGS), ["nothing", "nothing"]),
        ((EVENTS, Place("upskeep_readings", 7 * DAY_S)), ["nothing", "change"]),
        ((Place("upskeep", 7 * DAY_S), READINGS), ["report", "nothing"]),
        ((Place("upskeep", None), Place("upskeep_readings", None)), ["nothing", "change"]),
    ],
)
def test_what_is_missing_is_made_and_events_are_never_shortened(found: tuple[Place, ...], expected: list[str]) -> None:
    """Also where the server does not show how long it keeps."""
    assert expected == steps(*found)


def test_a_place_of_events_that_forgets_is_reported_with_what_it_means() -> None:
    """Nobody would guess it."""
    (step, _) = plan(BOTH, {"upskeep": Place("upskeep", 30 * DAY_S)})
    assert "upskeep: is there, kept for 30 days: what is older cannot be read back into a lost ledger" == str(step)


def step(do: str, place: Place) -> PlaceStep:
    return PlaceStep(do, place, None, forever=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "major", "expected"),
    [
        (step("create", EVENTS), 1, """influx -execute 'CREATE DATABASE "upskeep" WITH DURATION INF NAME "autogen"'"""),
        (step("create", READINGS), 2, "influx bucket create --org home --name upskeep_readings --retention 2160h"),
        (step("create", EVENTS), 2, "influx bucket create --org home --name upskeep --retention 0h"),
        (
            step("change", READINGS),
            2,
            f"influx bucket update --id $({LIST} --org home --name upskeep_readings | cut -f1) --retention 2160h",
        ),
        (step("create", READINGS), 3, "influxdb3 create database --retention-period 2160h upskeep_readings"),
        (step("create", EVENTS), 3, "influxdb3 create database upskeep"),
        (
            step("change", READINGS),
            3,
            "influxdb3 update database --database upskeep_readings --retention-period 2160h",
        ),
    ],
)
def test_a_person_is_told_exactly_what_to_run(given: PlaceStep, major: int, expected: str) -> None:
    """By the command line that comes with that version."""
    assert expected == command(given, major, "home")


def test_names_are_quoted_and_a_policy_is_made_in_its_database() -> None:
    """``database/policy`` is how 1.8 spells a bucket."""
    assert 'CREATE DATABASE "a""'.replace('""', '\\""') in influxql(step("create", Place('a"', 0)))
    assert (
        'CREATE RETENTION POLICY "raw" ON "upskeep" DURATION 48h REPLICATION 1'
        == influxql(step("create", Place("upskeep/raw", 2 * DAY_S)))
    )  # fmt: skip
