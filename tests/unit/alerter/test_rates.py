"""When alerts on rates fire and resolve: the laws that every kind of condition rests on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerter.core import transitions
from services.alerter.core.alert_record import AlertRecord, from_json, to_json
from services.alerter.core.rendering import current_alert
from services.alerter.core.rules import Rule, rate_rule
from services.alerter.core.samples import Sample
from services.alerter.core.transitions import Decision, rejudge, resolve_orphan
from shared.instants import time_to_us, us_to_time
from shared.messages import Alert, AlertState, Severity
from tests.support.alerter_harness import playing
from tests.support.alerter_times import at

HOURLY = rate_rule("hourly_rate", "I2C_ERROR", timedelta(hours=1), 2, Severity.ERROR)
DENSE = rate_rule("dense", "X", timedelta(microseconds=10), 2)
Seen = tuple[str, datetime]


def run(rule: Rule, steps: Iterable[tuple[str, datetime]], record: AlertRecord | None = None) -> Decision:
    """Let events ("event") and passing time ("until") happen; return the memory and all transitions."""
    key = rule.only or ""
    record = record or transitions.begin(rule, {"type": key})
    changes: tuple[Alert, ...] = ()
    for kind, time in steps:
        if kind == "event":
            sample = Sample("event", key, time_to_us(time), {"type": key})
            record, new = transitions.observe(rule, key, record, sample)
        else:
            record, new = transitions.advance(rule, key, record, time_to_us(time))
        changes += new
    return record, changes


def limited(rule: Rule, threshold: int, window: timedelta | None = None) -> Rule:
    """The rule with another limit."""
    return rate_rule(
        rule.name, rule.only or "", window or timedelta(microseconds=round(rule.condition.window_s * 1e6)), threshold
    )


def shown(rule: Rule, record: AlertRecord) -> Alert | None:
    return current_alert(rule, rule.only or "", record, record.now_us)


def kept(record: AlertRecord, rule: Rule) -> AlertRecord:
    """The memory, by way of the ledger's JSON."""
    return from_json(to_json(record), rule.condition)


def seen(transitions: Iterable[Alert]) -> list[Seen]:
    return [(alert.state.value, alert.time) for alert in transitions]


def events(*minutes: float) -> list[tuple[str, datetime]]:
    return [("event", at(minute)) for minute in minutes]


def test_as_many_events_as_the_threshold_are_quiet() -> None:
    """The limit itself is still all right."""
    assert run(HOURLY, events(0, 1))[1] == ()


def test_one_event_more_than_the_threshold_fires_at_its_time() -> None:
    """The alert says what, how many, in what window and what the limit is."""
    (alert,) = run(HOURLY, events(0, 1, 2))[1]
    expected = Alert(
        rule="hourly_rate",
        key="I2C_ERROR",
        state=AlertState.FIRING,
        severity=Severity.ERROR,
        since=at(2),
        time=at(2),
        value=3,
        threshold=2,
        window_s=3600,
        reason="over_limit",
        message="I2C_ERROR: 3 in 1 hour, more than the limit of 2",
        labels={"type": "I2C_ERROR", "rule": "hourly_rate", "severity": "error"},
        fingerprint=alert.fingerprint,
    )
    assert expected == alert


@pytest.mark.parametrize(("us", "expected"), [(-1, ["firing"]), (0, [])])
def test_an_event_leaves_the_window_to_the_microsecond(us: int, expected: list[str]) -> None:
    """An event exactly an hour old does not count any more; a microsecond younger it does."""
    transitions = run(HOURLY, [*events(0, 30), ("event", at(60, us))])[1]
    assert expected == [alert.state.value for alert in transitions]


def test_more_events_while_firing_do_not_fire_again() -> None:
    """An alert fires once."""
    assert [("firing", at(2))] == seen(run(HOURLY, events(0, 1, 2, 3, 4, 5))[1])


def test_an_alert_resolves_when_the_count_is_back_at_the_limit_whenever_somebody_looks() -> None:
    """It ends an hour after the third newest event, though time is looked at days later."""
    alert = run(HOURLY, [*events(0, 1, 2, 10), ("until", at(9999))])[1][-1]
    assert ("resolved", at(61), at(2), 2.0) == (alert.state.value, alert.time, alert.since, alert.value)
    assert alert.message == "I2C_ERROR: 2 in 1 hour, back within the limit of 2"


def test_an_alert_that_ends_now_is_resolved_once_time_is_past_now() -> None:
    """At the very microsecond another event may still come."""
    record, fired = run(HOURLY, [*events(0, 1, 2), ("until", at(60))])
    assert [("firing", at(2))] == seen(fired)
    assert [("resolved", at(60))] == seen(run(HOURLY, [("until", at(60, 1))], record)[1])


def test_an_event_at_the_moment_another_leaves_keeps_the_alert_firing() -> None:
    """The count does not sink, so there is no resolving and firing again."""
    transitions = run(HOURLY, [*events(0, 1, 2), ("until", at(60)), *events(60), ("until", at(61))])[1]
    assert [("firing", at(2))] == seen(transitions)


def test_an_alert_fires_again_after_it_resolved() -> None:
    """Its second life begins anew."""
    transitions = run(HOURLY, events(0, 1, 2, 100, 101, 102))[1]
    assert [("firing", at(2)), ("resolved", at(60)), ("firing", at(102))] == seen(transitions)
    assert [at(2), at(2), at(102)] == [alert.since for alert in transitions]


def test_a_threshold_of_zero_fires_at_the_first_event() -> None:
    """For what should never happen."""
    rule = limited(HOURLY, 0)
    transitions = run(rule, [*events(0), ("until", at(61))])[1]
    assert [("firing", at(0)), ("resolved", at(60))] == seen(transitions)


def test_a_late_event_counts_in_its_place() -> None:
    """It fires at the time already reached, and the end follows from the order of the events."""
    transitions = run(HOURLY, [*events(10, 20, 5), ("until", at(200))])[1]
    assert [("firing", at(20)), ("resolved", at(65))] == seen(transitions)


def test_an_event_older_than_the_window_changes_nothing() -> None:
    """Had it come in time it would be out of the window by now."""
    record, _ = run(HOURLY, events(100, 101))
    assert (record, ()) == run(HOURLY, events(41, 0), record)


@pytest.mark.parametrize("odd", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_times_at_the_ends_of_the_calendar_are_only_times(odd: datetime) -> None:
    """A broken clock does not stop the alerter."""
    rule = limited(HOURLY, 0)
    _, (alert,) = run(rule, [("event", odd)])
    assert odd == alert.time


def test_a_firing_alert_shows_the_count_by_now() -> None:
    """It fired at 3; now there are 5."""
    record, _ = run(HOURLY, events(0, 1, 2, 3, 4))
    now = shown(HOURLY, record)
    assert now is not None
    assert (5.0, at(2), "I2C_ERROR: 5 in 1 hour, more than the limit of 2") == (now.value, now.time, now.message)


def test_an_alert_that_never_fired_is_not_shown() -> None:
    """There is nothing to say of it."""
    assert shown(HOURLY, run(HOURLY, events(0, 1))[0]) is None


def test_a_storm_takes_bounded_memory_and_resolves_to_the_microsecond() -> None:
    """Of 100,000 events the newest thousand are kept, which is enough to decide; the shown count says at least."""
    record, fired = run(HOURLY, (("event", at(us=1000 * n)) for n in range(100_000)))
    now = shown(HOURLY, record)
    assert now is not None
    assert now.message == "I2C_ERROR: at least 1000 in 1 hour, more than the limit of 2"
    assert len(record.evidence.times_us) == 1000
    assert len(to_json(record)) < 20_000
    _, resolved = run(HOURLY, [("until", at(999))], record)
    assert [("firing", at(us=2000)), ("resolved", at(60, us=99_997_000))] == seen(fired + resolved)


def test_a_limit_above_the_usual_memory_is_kept_to_the_event() -> None:
    """A rule remembers as many times as its threshold needs."""
    rule = limited(HOURLY, 1500)
    _, fired = run(rule, (("event", at(us=n)) for n in range(1501)))
    assert seen(fired) == [("firing", at(us=1500))]


def test_adopting_a_memory_at_the_moment_its_alert_ends_does_not_forestall_the_end() -> None:
    """The alert still has to be resolved for what it was: within the limit, no limit was raised."""
    record, _ = run(HOURLY, [*events(0, 1, 2), ("until", at(60))])
    assert rejudge(HOURLY, "I2C_ERROR", record) == (record, ())


def test_a_lowered_limit_fires_when_the_memory_is_adopted() -> None:
    """The settings changed while the service was down."""
    record, _ = run(HOURLY, events(0, 1))
    _, (alert,) = rejudge(limited(HOURLY, 1), "I2C_ERROR", record)
    assert ("firing", at(1), "limit_lowered") == (alert.state.value, alert.time, alert.reason)


def test_a_raised_limit_resolves_when_the_memory_is_adopted() -> None:
    """What fired under the old limit does not fire for ever."""
    record, _ = run(HOURLY, events(0, 1, 2))
    _, (alert,) = rejudge(limited(HOURLY, 3), "I2C_ERROR", record)
    assert ("resolved", at(2), "limit_raised") == (alert.state.value, alert.time, alert.reason)


def test_a_removed_rule_resolves_its_alert() -> None:
    """No alert is left firing that nobody judges."""
    record, (alert,) = resolve_orphan(("hourly_rate", "I2C_ERROR"), run(HOURLY, events(0, 1, 2))[0])
    assert ("resolved", at(2), "rule_removed") == (alert.state.value, alert.time, alert.reason)
    assert record.state.value == "resolved"


def brute_force(rule: Rule, times_us: list[int]) -> list[Seen]:
    """Look at every moment at which the count can change."""
    transitions, firing = [], False
    for now_us in sorted({*times_us, *(time_us + rule.condition.window_us for time_us in times_us)}):
        over = (
            sum(now_us - rule.condition.window_us < time_us <= now_us for time_us in times_us)
            > rule.condition.threshold
        )
        if over is not firing:
            transitions.append(("firing" if over else "resolved", us_to_time(now_us)))
        firing = over
    return transitions


TIMES_US = st.lists(st.integers(0, 80), max_size=40).map(sorted)
END = [("until", us_to_time(1000))]


@st.composite
def with_looks_in_between(draw: st.DrawFn) -> tuple[list[int], list[tuple[str, datetime]]]:
    """Events in order, and the same with time passing in between, up to the very time of the next event."""
    times_us = draw(TIMES_US)
    steps: list[tuple[str, datetime]] = []
    for before_us, time_us in zip([0, *times_us], times_us, strict=False):
        looks = draw(st.lists(st.integers(before_us, time_us), max_size=3).map(sorted))
        steps += [("until", us_to_time(look)) for look in looks]
        steps.append(("event", us_to_time(time_us)))
    return times_us, steps


def test_events_of_the_very_time_at_which_others_leave_are_counted_together() -> None:
    """Each of them alone would not keep it firing, and time is not past them before all have come."""
    times_us = [3, 3, 4, 13, 13]
    steps = [("event", us_to_time(time_us)) for time_us in times_us]
    assert brute_force(limited(DENSE, 2), times_us) == seen(run(limited(DENSE, 2), [*steps, *END])[1])


@given(with_looks_in_between(), st.integers(0, 4))
def test_transitions_are_those_of_brute_force_however_often_time_is_looked_at(
    run_of_events: tuple[list[int], list[tuple[str, datetime]]], threshold: int
) -> None:
    """Neither batching nor the calls of advance change what happened when."""
    times_us, steps = run_of_events
    rule = limited(DENSE, threshold)
    assert brute_force(rule, times_us) == seen(run(rule, [*steps, *END])[1])


@given(with_looks_in_between(), st.data())
def test_a_restart_between_any_two_steps_changes_nothing(
    run_of_events: tuple[list[int], list[tuple[str, datetime]]], data: st.DataObject
) -> None:
    """Memory through JSON, adopted under the same rule, goes on as if nothing had been."""
    steps = [*run_of_events[1], *END]
    cut = data.draw(st.integers(0, len(steps)))
    record, before = run(DENSE, steps[:cut])
    restored, nothing = rejudge(DENSE, "X", kept(record, DENSE))
    record, after = run(DENSE, steps[cut:], restored)
    assert (run(DENSE, steps), ()) == ((record, before + after), nothing)


@given(st.lists(st.integers(0, 15), max_size=30))
def test_late_events_end_in_the_same_state_as_events_in_order(times_us: list[int]) -> None:
    """Where all lie within a window's reach, the order of arrival does not change whether the alert fires."""
    arrivals = [("event", us_to_time(time_us)) for time_us in times_us]
    rule = limited(DENSE, 2, timedelta(microseconds=16))
    in_order, _ = run(rule, sorted(arrivals))
    as_they_came, _ = run(rule, arrivals)
    assert (in_order.state, in_order.evidence) == (as_they_came.state, as_they_came.evidence)


LIMIT_PER = "alert_thresholds: {{AC_POWER_LOSS: {{hourly: 1, per: {per}}}}}\n"


@pytest.mark.parametrize(
    ("per", "fired"),
    [
        ("site", [("hourly_rate/AC_POWER_LOSS", "firing", 1.0)]),
        ("device", []),
        ("incident", []),
    ],
)
def test_two_upses_on_the_same_mains_are_one_outage_where_the_limit_says_so(per: str, fired: list[object]) -> None:
    """The specification counts all devices together, and that stays the default (issue 14.10)."""
    with playing("rules: {}", limits=LIMIT_PER.format(per=per)) as play:
        for second, device in enumerate(("ups1", "ups2")):
            play.event(second, "AC_POWER_LOSS", device, incident="i1")
        assert fired == play.timeline()


@pytest.mark.parametrize(
    ("per", "key"), [("site", "AC_POWER_LOSS"), ("device", "AC_POWER_LOSS.ups1"), ("incident", "AC_POWER_LOSS")]
)
def test_a_second_outage_is_too_many_however_the_limit_counts(per: str, key: str, tmp_path: Path) -> None:
    """Also when a restart lies between the two."""
    with playing("rules: {}", limits=LIMIT_PER.format(per=per), path=tmp_path / "ledger") as play:
        play.event(0, "AC_POWER_LOSS", "ups1", incident="i1")
        play.restart()
        play.event(9, "AC_POWER_LOSS", "ups1", incident="i2")
        assert [(f"hourly_rate/{key}", "firing", 9.0)] == play.timeline()
        play.restart()
        play.until(4000)
        assert [(f"hourly_rate/{key}", "resolved", 3600.0)] == play.timeline()[1:]


def test_a_type_whose_name_begins_with_anothers_keeps_its_own_limit(tmp_path: Path) -> None:
    """``device`` counted by device and ``device.error``: the key of one looks like that of the other."""
    limits = "alert_thresholds: {device: {hourly: 1, per: device}, device.error: {hourly: 3}}\n"
    with playing("rules: {}", limits=limits, path=tmp_path / "ledger") as play:
        for second in range(4):
            play.event(second, "device.error", "d1")
        play.restart()
        assert ("hourly_rate/device.error", "firing", 3.0) == play.timeline()[-1]
        play.until(9999)
        assert 3.0 == play.retained("hourly_rate", "device.error").threshold  # type: ignore[union-attr]
