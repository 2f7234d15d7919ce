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
    assert ("system.event.unknown", offered) == (refused.report.type, refused.report.data["offered_type"])


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


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_what_is_blank_is_absent(blank: str) -> None:
    """A template renders what is undefined as nothing: three such offers are three events, of no device and no zone."""
    payload = {"type": "device.error", **dict.fromkeys(("id", "device", "zone", "time", "severity"), blank)}
    offer = Candidate.model_validate(payload)

    events = [taken(offer, second=second, arrival=second) for second in range(3)]

    assert 3 == len({event.id for event in events})
    assert {(None, None, Severity.ERROR)} == {(event.device, event.zone, event.severity) for event in events}
    assert [at(second) for second in range(3)] == [event.time for event in events]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1970-01-01T00:01:12Z", "2000-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_refused_with_a_reason(time: str) -> None:
    """A device without a clock: what it says would be counted where no window and no history holds it."""
    refused = admit(SHIPPED, "esp32", Candidate.model_validate({"type": "device.error", "time": time}), START)

    assert isinstance(refused, Refusal)
    assert "is before 2020: the sender's clock is not set" in refused.reason
    assert "leave the time out" in refused.reason


@pytest.mark.parametrize(
    ("data", "metadata", "place"),
    [
        ({"device_id": "irrigation_pump", "error_code": "E"}, {"zone": "zone1"}, ("irrigation_pump", "zone1")),
        ({"device_id": "irrigation_pump", "zone": "zone2"}, {}, ("irrigation_pump", "zone2")),
        ({"sensor_id": "zone1_temp"}, {"zone": "zone1"}, ("zone1_temp", "zone1")),
        ({"device_id": "no name", "zone": 7}, {"zone": ""}, (None, None)),
    ],
)
def test_the_specifications_own_events_keep_their_place(
    data: dict[str, object], metadata: dict[str, object], place: tuple[str | None, str | None]
) -> None:
    """Seed 2 writes ``data.device_id``, ``data.sensor_id``, ``data.zone`` and ``metadata.zone``."""
    event = taken(Candidate(type="device.error", data=data, metadata=metadata))

    assert place == (event.device, event.zone)
    assert data == event.data


def test_what_an_offer_itself_says_goes_before_its_data() -> None:
    """Where both say a place."""
    candidate = Candidate(type="device.error", device="fan", zone="roof", data={"device_id": "pump", "zone": "cellar"})

    assert ("fan", "roof") == ((event := taken(candidate)).device, event.zone)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"nosuch": 1}, "data.nosuch is unknown; its fields are "),
        ({"vallue": 71}, "data.vallue is unknown; did you mean 'value'?"),
        ({"value": 71, "treshold": 60}, "data.treshold is unknown; did you mean 'threshold'?"),
    ],
)
def test_data_of_fields_that_the_type_does_not_have_is_refused(data: dict[str, object], reason: str) -> None:
    """With the near name, or with those there are."""
    refused = admit(SHIPPED, "nodered", Candidate(type="TEMPERATURE_HIGH", data=data), START)

    assert isinstance(refused, Refusal)
    assert reason in refused.reason


def test_a_field_of_ones_own_beside_a_known_one_is_let_pass() -> None:
    """More may be said of an event than the catalogue knows."""
    data = {"value": 71, "rack": "left"}

    assert data == taken(Candidate(type="TEMPERATURE_HIGH", data=data)).data


@pytest.mark.parametrize("sensor", ["..", ".a", "a b", "x" * 129])
def test_a_sensor_that_can_be_no_device_leaves_the_device_open(sensor: str) -> None:
    """An offer about a sensor `..` stopped the processor for good."""
    event = taken(Candidate(type="sensor.temperature", data={"sensor_id": sensor, "value": 20.0, "unit": "°C"}))
    assert event.device is None
