"""Whatever an event, a state, a status or a command may hold: the alerter goes on, now and at its next start."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.delivery.handler import RefusedError
from shared.messages import Event, Message, StateSample, Status
from shared.requests import Command
from tests.support.alerter_harness import Play, after, playing
from tests.support.payloads import ANYTHING, NUMBERS, TEXTS, payloads

RULES = """
rules:
  count:      {count: {type: x, more_than: 1, within: 1h}, by: [device, note.deep]}
  burst:      {burst: {type: x, more_than: 1, within: 10m}, actions: [notification, emergency_stop]}
  above:      {compare: {type: x, field: value, above: 1, lasts: 5m}, by: [sensor], for: 10s,
               annotations: {summary: "{sensor} {value} {threshold} {message}"}}
  word:       {compare: {type: x, field: note, differs: fine}, by: [note], labels: {team: "a"}}
  equal:      {compare: {state: "*", field: power, equals: battery}, keep_firing_for: 1m}
  away:       {deviation: {type: x, field: value, target: target, percent: 20, floor: 0.1}, by: [zone, note]}
  soon:       {prediction: {state: "*", field: value, reaches: 5, within: 10m, over: 10m, reported: [left]}}
  silent:     {absence: {state: "*", after: 10m, missed_readings: 3}}
  gone:       {offline: {service: "*"}}
  both:       {composite: {all: [equal, silent]}, actions: [shutdown, notification]}
  orders:     {compare: {type: x, field: value, above: 1}, by: [note],
               actions: [{command: {target: "{note}", name: begin, data: {why: "{note} {key}"}}},
                         {emergency_stop: {zone: "{note}"}}]}
  numbers:    {compare: {type: x, field: value, below: -1}, where: ['note=~"a.*|.*"'], by: [value]}
route: {group_by: [rule, note], group_wait: 1s, group_interval: 10m, repeat_interval: 1h}
inhibit_rules: [{source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [device]}]
"""
LIMITS = "alert_thresholds: {x: {hourly: 1, per: incident}, y: {daily: 0, per: device}}"
PACKET = 1_048_576  # bytes; the broker ends the connection of who sends more
LONG = st.sampled_from(["x" * 200_000, '"' * 100_000, "a b" * 60_000, "\N{BATTERY}" * 50_000])
FREE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("value", "target", "note", "channel", "left"), ANYTHING | NUMBERS | LONG | TEXTS)
)
FEW = st.sampled_from(["d1", "d2"])


def of(model: type[Message], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[type[Message], Any]]:
    """Return payloads of a model, most of them with these fields."""
    fixed = st.fixed_dictionaries(known)
    return st.tuples(payloads(model), fixed).map(lambda both: (model, {**both[0], **both[1]}))


SECONDS = st.integers(0, 30) | st.sampled_from([-(10**9), 10**8, 251_000_000_000])
WHEN = SECONDS.map(lambda second: after(second).isoformat()) | st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"]
)
NAMES_OF_ORDERS = ["ack", "silence", "unsilence", "reset_stop", "test"]
ORDERS = st.fixed_dictionaries(
    {},
    optional={"rule": st.just("above"), "key": FEW, "comment": LONG | TEXTS, "for_s": NUMBERS, "zone": TEXTS}
    | {"matchers": st.just(['rule="above"']), "why": LONG | TEXTS},
)
INPUTS = st.one_of(
    of(Event, type=st.sampled_from(["x", "y"]), time=WHEN, data=FREE, metadata=FREE | st.fixed_dictionaries(
        {"incident": ANYTHING | TEXTS | LONG})),
    of(Event, type=st.just("CLOCK_JUMP"), time=WHEN, data=st.fixed_dictionaries({"step_s": NUMBERS, "gap_s": NUMBERS})),
    of(StateSample, device=FEW, time=WHEN, values=FREE),
    of(Status, service=FEW, state=st.sampled_from(["online", "offline", "stopped"])),
    of(Command, name=st.sampled_from(NAMES_OF_ORDERS), by=LONG | TEXTS, data=ORDERS),
    st.tuples(st.just(None), WHEN),
)  # fmt: skip


def take(play: Play, model: type[Message] | None, content: Any) -> None:
    """Do with an input what delivery does; what the model refuses does not come so far."""
    if model is None:
        play.alerter.advance(datetime.fromisoformat(content))
    else:
        try:
            message = model.model_validate_json(json.dumps(content))
        except ValidationError:
            return
        if isinstance(message, Status):
            play.alerter.follow(message)
        elif isinstance(message, Command):
            try:
                play.alerter.execute(message)
            except (RefusedError, ValidationError):
                return
        elif isinstance(message, Event | StateSample):
            play.alerter.apply(message)
    play.alerter.flush()


def say(play: Play) -> None:
    """Everything that went out can be read again, and passes the broker."""
    for message in (*play.publisher.emitted, *play.publisher.retained.values(), *play.offers):
        payload = message.model_dump_json(exclude_none=True, by_alias=True)
        type(message).model_validate_json(payload)
        assert len(payload.encode()) < PACKET


@pytest.mark.parametrize("wall", [True, False])
@settings(
    deadline=None, max_examples=40, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(inputs=st.lists(INPUTS, min_size=1, max_size=8))
def test_nothing_that_is_accepted_makes_the_alerter_die(wall: bool, inputs: list[tuple[Any, Any]]) -> None:
    """Two lives over one ledger: the second one reads what the first one kept."""
    with playing(RULES, wall=wall, limits=LIMITS) as play:
        for model, content in inputs:
            take(play, model, content)
        if wall:
            play.tick(900, 300)
        say(play)
        play.restart_in_place()
        for model, content in inputs:
            take(play, model, content)
        say(play)


ODD: dict[str, list[dict[str, Any]]] = {
    "long values": [{"note": f"{n}{'x' * 200_000}", "value": 2} for n in range(12)],
    "long sensors": [{"sensor_id": f"{n}{'x' * 200_000}", "value": 2} for n in range(12)],
    "no names": [
        {"note": text, "sensor_id": text, "value": 2} for text in ("a b", "..", ".a", "a/b", "+", "\0", "x" * 300)
    ],
    "numbers as keys": [{"note": "n", "value": value} for value in (-1e308, 2**63 - 1, -2.5, True)],
    "more than a float": [{"note": "n", "value": v, "target": t} for v, t in ((1e308, -1e308), (-1e308, 1e308))],
    "incidents": [{"incident": value} for value in ({"a": 1}, [1], "x" * 200_000, 1.5)],
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_event_is_judged(name: str) -> None:
    """Whoever may offer could stop the alerter for good by a sensor that was called `a b` (a calibration's) or `..`."""
    with playing(RULES, wall=True, limits=LIMITS) as play:
        for second, data in enumerate(ODD[name]):
            play.event(second, "x", zone="hall", **data)
        play.tick(120, 10)
        assert play.publisher.retained
        say(play)
        play.restart_in_place()
        say(play)


@pytest.mark.parametrize("left", [-(2**63), -1, 0, 2**63 - 1, 2.0**63])
def test_any_time_left_that_a_state_may_report_is_judged(left: float) -> None:
    """A negative one is none: NUT's drivers write -1 where they do not know."""
    with playing(RULES) as play:
        play.state(0, value=1, left=left)
        play.state(1, value=1, left=60)
        play.until(3600)
        assert [("soon/d1", "firing", 0 if left == 0 else 1)] == play.timeline()[:1]
        say(play)


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_event_at_an_end_of_the_calendar_is_notified(year: str) -> None:
    """When its group is due lies beyond the calendar; that ended the alerter at each of its starts."""
    with playing(RULES, limits=LIMITS) as play:
        for number in range(2):
            event = {"id": f"{number}", "type": "x", "category": "c", "severity": "info", "time": year, "site": "s"}
            take(play, Event, {**event, "device": "d1", "data": {"value": 2, "note": "n"}})
        say(play)
        play.restart_in_place()
        say(play)


def test_a_line_that_hardly_falls_ends_far_away() -> None:
    """Further than any span of time can be."""
    with playing(RULES) as play:
        for number in range(60):
            play.state(number * 10, value=9e18 - number * 10_240)
        play.state(600, value=9e18 - 60 * 10_240, left=1)
        play.state(610, value=9e18 - 61 * 10_240)
        assert ["firing", "resolved"] == [state for rule, state, _ in play.timeline() if rule == "soon/d1"]
        say(play)
