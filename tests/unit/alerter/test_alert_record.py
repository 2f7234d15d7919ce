"""Memories in the ledger."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerter.adapters.migrations import TABLES_1
from services.alerter.adapters.repository import AlertRepository
from services.alerter.core.alert_record import AlertRecord, LastTransition, from_json, to_json
from services.alerter.core.kinds.absence import Absence, LastSeen
from services.alerter.core.kinds.composite import Composite
from services.alerter.core.kinds.condition import Condition
from services.alerter.core.kinds.counts import Burst, Count
from services.alerter.core.states import Reason
from services.alerter.core.window import Window
from services.alerter.service import LEDGER_SCHEMA
from shared.instants import time_to_us, us_to_time
from shared.ledger import Ledger, sealed
from shared.messages import AlertState, Severity

RATE = Count(timedelta(hours=1), 2)
LAST = LastTransition(5, 1.5, 2.0, Reason.HELD, "so it is", Severity.ERROR, 3600.0)


@given(st.lists(st.integers()), st.none() | st.integers(), st.none() | st.integers(), st.sampled_from(AlertState))
def test_a_memory_comes_back_from_json_as_it_was(
    times: list[int], lost_us: int | None, now_us: int | None, state: AlertState
) -> None:
    """Nothing of it is lost in the ledger."""
    window = Window(tuple(times), lost_us)
    record = AlertRecord(window, (("device", "ups"),), now_us, state, 7, 8, LAST, "ann", "on it", (1, 2))
    assert record == from_json(to_json(record), RATE)


def test_times_may_be_kept_elsewhere() -> None:
    """And are put together again."""
    record = AlertRecord(Window((1, 2, 2)))
    text = to_json(record, without="times_us")
    assert ("[1,2,2]" not in text, record) == (True, from_json(text, RATE, {"times_us": (1, 2, 2)}))


def test_evidence_of_another_kind_is_left_out() -> None:
    """The rule's condition was changed: it begins anew, and what was told stays."""
    record = AlertRecord(Window((1, 2)), last=LAST, state=AlertState.FIRING)
    read = from_json(to_json(record), Absence(timedelta(hours=1)))
    assert (LastSeen(), LAST, AlertState.FIRING) == (read.evidence, read.last, read.state)


def test_a_memory_that_never_fired_is_resolved() -> None:
    """No alert is no alarm."""
    assert AlertState.RESOLVED is AlertRecord(Window()).state


@pytest.mark.parametrize("text", ["", "{", '{"evidence": {}}'])
def test_something_else_is_refused(text: str) -> None:
    """A damaged ledger does not pass for an empty one."""
    with pytest.raises((ValueError, KeyError)):
        from_json(text, RATE)


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_hold_any_time_exactly(time: datetime) -> None:
    """No float rounds a time on the way."""
    assert time == us_to_time(time_to_us(time))


def test_memories_of_older_ledgers_are_taken_over(tmp_path: Path) -> None:
    """As they were written before there were kinds of rules."""
    alert = (
        '{"rule":"hourly_rate","key":"I2C_ERROR","state":"firing","severity":"error",'
        '"since":"1970-01-01T00:00:05Z","time":"1970-01-01T00:00:05Z","value":3.0,"threshold":2.0,"window_s":3600.0,'
        '"reason":"over_limit","message":"I2C_ERROR: 3 in 1 hour"}'
    )
    old = f'{{"times_us":[1,2,2,5000000],"lost_us":null,"alert":{alert},"now_us":6000000}}'
    calm = '{"times_us":[],"lost_us":7,"alert":null,"now_us":null}'
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger, ledger.transaction():
        ledger.put("rule/hourly_rate/I2C_ERROR", old.encode())
        ledger.put("rule/daily_rate/BATTERY_LOW", calm.encode())
        ledger.put("other", b"stays")
    with closing(Ledger(tmp_path / "ledger.sqlite", LEDGER_SCHEMA)) as ledger:
        (_, calm_record), (alert_id, record) = AlertRepository(ledger).records(lambda _: RATE)

        assert ("hourly_rate", "I2C_ERROR") == alert_id
        assert Window((1, 2, 2, 5_000_000)) == record.evidence
        assert (AlertState.FIRING, 6_000_000, 5_000_000) == (record.state, record.now_us, record.since_us)
        assert (3.0, 2.0, "over_limit") == (record.last.value, record.last.threshold, record.last.reason.value)
        assert (Window((), 7), AlertState.RESOLVED, None) == (calm_record.evidence, calm_record.state, calm_record.last)
        assert ([], b"stays") == (list(ledger.items("rule/")), ledger.get("other"))


@pytest.mark.parametrize(
    ("condition", "evidence"),
    [
        (Burst(timedelta(hours=1), 2, timedelta(hours=1)), '{"times_us":[1],"alight":true}'),
        (Composite(("a", "b"), "all"), '{"alight":[["a","k"]],"ahead":[]}'),
    ],
)
def test_evidence_under_its_former_field_name_is_read(tmp_path: Path, condition: Condition, evidence: str) -> None:
    """Ledgers before 2026-12 say ``alight`` where evidence now says ``holds`` or ``firing``."""
    memory = f'{{"evidence":{evidence},"state":"firing","since_us":1}}'
    with closing(Ledger(tmp_path / "ledger.sqlite", [TABLES_1])) as ledger, ledger.transaction() as db:
        db.execute("INSERT INTO watch VALUES (?, ?, ?, ?)", sealed("rule", "key", memory))
    with closing(Ledger(tmp_path / "ledger.sqlite", LEDGER_SCHEMA)) as ledger:
        ((_, read),) = AlertRepository(ledger).records(lambda _: condition)
        assert condition.span(read.evidence) is not None or read.evidence.firing == (("a", "k"),)
