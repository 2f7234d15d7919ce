"""Site records: what an uplink writes the centre reads, and nothing that is not a record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.decoding import UnreadableError
from shared.messages import Alert, AlertState, DeviceState, Event, Quality, Severity
from shared.site_records import RECORD_BYTES, AlertRecord, SiteRecord, StateRecord, decode, encode, event_record
from tests.unit.shared.test_messages import EVENTS, NAMES, TEXTS, TIMES

PLACES = {"site": NAMES, "producer": NAMES, "epoch": NAMES, "seq": st.integers(1, 2**63 - 2)}
PLACED_EVENTS = EVENTS.filter(lambda event: event.seq > 0)
ALERTS = st.builds(
    Alert, rule=NAMES, key=NAMES, state=st.sampled_from(AlertState), severity=st.sampled_from(Severity), since=TIMES,
    time=TIMES, value=st.floats(-1e9, 1e9), threshold=st.floats(-1e9, 1e9), window_s=st.floats(0, 1e9), reason=TEXTS,
    message=TEXTS,
)  # fmt: skip
STATES = st.builds(DeviceState, device=NAMES, time=TIMES, quality=st.sampled_from(Quality))
RECORDS: st.SearchStrategy[SiteRecord] = st.one_of(
    st.builds(event_record, PLACED_EVENTS),
    st.builds(AlertRecord, **PLACES, stream=st.just("alert"), message=ALERTS),
    st.builds(StateRecord, **PLACES, stream=st.just("state"), message=STATES),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORD = event_record(
    Event(
        producer="event_processor", epoch="ab12", seq=7, id="1", type="AC_POWER_LOSS", category="power",
        severity=Severity.WARNING, time=datetime(2026, 1, 1, tzinfo=UTC), site="hut-17",
    )
)  # fmt: skip


@given(RECORDS)
def test_a_record_read_back_is_the_same_record(record: SiteRecord) -> None:
    """Its kind, its place and its message; what was written once is written the same again."""
    written = encode(record)
    read = decode(*written)
    assert (type(record), record.site, record.epoch, record.seq) == (type(read), read.site, read.epoch, read.seq)
    assert written == encode(read)


@given(JSON | st.fixed_dictionaries({"v": JSON, "kind": st.sampled_from(["event", "alert", "state", "raw"])}))
def test_what_is_no_record_is_refused_in_words_of_bounded_length(value: Any) -> None:
    """Whatever JSON it is, nothing but UnreadableError comes of it."""
    with pytest.raises(UnreadableError) as caught:
        decode(b"hut-17", json.dumps(value).encode())
    assert len(str(caught.value)) < 2000


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_refused(value: bytes) -> None:
    """Also where they begin like it."""
    with pytest.raises(UnreadableError):
        decode(b"hut-17", value)


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(encode(RECORD)[1]) | fields).encode()


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        (b"hut-18", changed(), "its key is b'hut-18', and it says the site 'hut-17'"),
        (None, changed(), "its key is None, and it says the site 'hut-17'"),
        (b"hut-17", None, f"a record has 1 to {RECORD_BYTES} bytes (got 0)"),
        (b"hut-17", changed(v=2), "event.v: Input should be 1 (got 2)"),
        (b"hut-17", changed(seq=0), "event.seq: Input should be greater than or equal to 1 (got 0)"),
        (b"hut-17", changed(seq=8), "seq is 8, and its event says 7"),
        (b"hut-17", changed(site="hut-18"), "site is 'hut-18', and its event says 'hut-17'"),
        (b"hut-17", changed(producer="../x"), "event.producer: String should match pattern"),
        (b"hut-17", changed(kind="odd"), "Input tag 'odd' found using 'kind' does not match any of the expected tags"),
        (b"hut-17", changed(kind="raw"), "raw.message.device: Field required"),
        (b"hut-17", changed(message={}), "event.message.id: Field required"),
        (b"hut-17", changed(more="x" * RECORD_BYTES), f"a record has 1 to {RECORD_BYTES} bytes"),
    ],
    ids=["key", "no key", "no value", "version", "seq", "place", "site", "name", "kind", "no frame", "message", "size"],
)  # fmt: skip
def test_a_bad_record_is_refused_with_what_is_wrong(key: bytes | None, value: bytes | None, fault: str) -> None:
    """Field, fault and what was found."""
    with pytest.raises(UnreadableError) as caught:
        decode(key, value)
    assert fault in str(caught.value)


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    """So that an uplink may be newer than the centre."""
    assert decode(b"hut-17", changed(later=1)) == RECORD
