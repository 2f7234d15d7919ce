"""Events offered from outside."""

import pytest

from services.event_processor.core.pipeline.candidates import Refusal, admit
from shared.messages import Candidate, Event, Severity
from tests.support.scenarios import SHIPPED, START, at, configured


def taken(candidate: Candidate, producer: str = "nodered", second: float = 0, arrival: int = 0) -> Event:
    """Return the event a candidate becomes."""
    event = admit(SHIPPED, producer, candidate, at(second), arrival)
    assert isinstance(event, Event), event
    return event


def test_a_candidate_becomes_an_event_of_the_site():
    """What it does not say comes from the catalogue and from its arrival."""
    event = taken(Candidate(type="device.error", device="irrigation_pump", data={"error_code": "E_PUMP_STALLED"}))

    assert ("home", "device", Severity.ERROR, START) == (event.site, event.category, event.severity, event.time)
    assert ({"error_code": "E_PUMP_STALLED"}, {"offered_by": "nodered"}) == (event.data, event.metadata)


def test_a_candidates_own_word_goes_before_the_catalogues():
    """Severity and time."""
    event = taken(Candidate(type="device.error", severity="CRITICAL", time=at(-3600)))

    assert (Severity.CRITICAL, at(-3600)) == (event.severity, event.time)


def test_with_an_id_the_event_is_the_same_whenever_it_arrives():
    """The id follows from producer and id alone."""
    offer = Candidate(type="device.error", id="e-1")

    assert taken(offer).id == taken(offer, second=60, arrival=7).id
    assert taken(offer).id != taken(offer, producer="script").id
    assert "e-1" == taken(offer).metadata["offer"]


def test_without_an_id_every_arrival_is_an_event():
    """Also two in one instant."""
    offer = Candidate(type="device.error")

    assert 3 == len({taken(offer).id, taken(offer, arrival=1).id, taken(offer, second=1).id})


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        ("BATERY_LOW", "no event type 'BATERY_LOW' in config/events.yaml; did you mean 'BATTERY_LOW'?"),
        ("battery_low", "no event type 'battery_low' in config/events.yaml; did you mean 'BATTERY_LOW'?"),
        ("xyzzy", "no event type 'xyzzy' in config/events.yaml; add it there to admit it"),
    ],
)
def test_an_unknown_type_is_refused_with_the_nearest_known_one(offered: str, reason: str):
    """Never counted as what it says it is, and never dropped in silence: it counts as unknown."""
    refused = admit(SHIPPED, "nodered", Candidate(type=offered), START)

    assert isinstance(refused, Refusal)
    assert reason == refused.reason
    assert ("system.event.unknown", offered) == (refused.told.type, refused.told.data["offered_type"])


def test_a_time_well_ahead_is_refused():
    """It would count as recent for ever; a minute of drift is let pass."""
    ahead = [admit(SHIPPED, "x", Candidate(type="device.error", time=at(s)), START) for s in (60, 60.001)]

    assert (Event, Refusal) == (type(ahead[0]), type(ahead[1]))
    assert (
        "its time 2026-01-31T12:01:00.001000Z is ahead of this machine's 2026-01-31T12:00:00.000000Z "
        "by more than 60 s; set the sender's clock"
    ) == ahead[1].reason


def test_a_known_devices_zone_is_filled_in():
    """As for frames; its own word goes first."""
    compiled = configured(DEVICES__FAN__ZONE="tent")
    offers = [Candidate(type="device.error", device="fan", zone=zone) for zone in (None, "attic")]

    assert ["tent", "attic"] == [admit(compiled, "x", offer, START).zone for offer in offers]
