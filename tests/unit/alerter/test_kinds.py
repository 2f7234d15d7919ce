"""Every kind of condition at its exact edges: what happens when, and the timeline that follows."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent
from typing import NamedTuple

import pytest

from tests.support.alerter_harness import Play, Row, playing

US = 1e-6


class Case(NamedTuple):
    """A rule ``r``, what happens, and the transitions of its alerts as (key, state, seconds)."""

    name: str
    rule: str
    happens: Callable[[Play], None]
    expected: list[Row]


def events(*times: float, kind: str = "x", **data: object) -> Callable[[Play], None]:
    def happen(play: Play) -> None:
        for time in times:
            play.event(time, kind, **data)

    return happen


def each(*steps: Callable[[Play], None]) -> Callable[[Play], None]:
    def happen(play: Play) -> None:
        for step in steps:
            step(play)

    return happen


def until(time: float) -> Callable[[Play], None]:
    return lambda play: play.until(time)


def values(*readings: tuple[float, object]) -> Callable[[Play], None]:
    def happen(play: Play) -> None:
        for time, value in readings:
            play.event(time, "x", value=value)

    return happen


def states(*seen: tuple[float, dict[str, object]]) -> Callable[[Play], None]:
    def happen(play: Play) -> None:
        for time, known in seen:
            play.state(time, **known)

    return happen


COUNT = "count: {type: x, more_than: 2, within: 60s}"
BURST = "burst: {type: x, more_than: 2, within: 60s, quiet: 90s}"
ABOVE = "compare: {type: x, field: value, above: 30}"
HYSTERESIS = "compare: {type: x, field: value, above: 30, clear: 25}"
HELD = ABOVE + "\nfor: 15m"
KEPT = ABOVE + "\nkeep_firing_for: 60s"
VPD = "deviation: {type: x, target: target, percent: 20, floor: 0.1, lasts: 10m}"
ABSENT = "absence: {type: x, after: 60s}"
PREDICT = "prediction: {type: x, field: value, reaches: 0, within: 100s, over: 60s}"
FIRES, ENDS, WAITS = "firing", "resolved", "pending"
D = "r/d1"

CASES = [
    Case("count: the limit itself is quiet", COUNT, events(0, 1), []),
    Case("count: one more fires", COUNT, events(0, 1, 2), [(D, FIRES, 2)]),
    Case("count: a microsecond inside the window", COUNT, events(0, 1, 60 - US), [(D, FIRES, 60 - US)]),
    Case("count: as old as the window is out of it", COUNT, events(0, 1, 60), []),
    Case("count: ends when it is back at the limit", COUNT, each(events(0, 1, 2), until(99)),
         [(D, FIRES, 2), (D, ENDS, 60)]),
    Case("rate: 3 per minute over 2 minutes are 6", "count: {type: x, more_than: 3, within: 2m, per: 1m}",
         events(*range(6)), []),
    Case("rate: 7 are more", "count: {type: x, more_than: 3, within: 2m, per: 1m}", events(*range(7)), [(D, FIRES, 6)]),
    Case("burst: the limit itself is quiet", BURST, events(0, 1), []),
    Case("burst: lasts while it goes on, though the count is back", BURST, each(events(0, 1, 2, 80), until(169)),
         [(D, FIRES, 2)]),
    Case("burst: ends when it was quiet for long enough", BURST, each(events(0, 1, 2, 80), until(999)),
         [(D, FIRES, 2), (D, ENDS, 170)]),
    Case("burst: an event at the very end keeps it", BURST, each(events(0, 1, 2, 92), until(182)), [(D, FIRES, 2)]),
    Case("burst: and a second one begins afresh", BURST, each(events(0, 1, 2), until(999), events(1000, 1001, 1002)),
         [(D, FIRES, 2), (D, ENDS, 92), (D, FIRES, 1002)]),
    Case("compare: the limit itself is quiet", ABOVE, values((0, 30)), []),
    Case("compare: above it fires", ABOVE, values((0, 30.001)), [(D, FIRES, 0)]),
    Case("compare: back at it ends", ABOVE, values((0, 31), (5, 30)), [(D, FIRES, 0), (D, ENDS, 5)]),
    Case("compare: between clear and limit it stays", HYSTERESIS, values((0, 31), (5, 26), (9, 25)),
         [(D, FIRES, 0), (D, ENDS, 9)]),
    Case("compare: and does not begin there", HYSTERESIS, values((0, 26)), []),
    Case("compare: below", "compare: {type: x, below: 5}", values((0, 5), (1, 4.9)), [(D, FIRES, 1)]),
    Case("compare: a text that equals", "compare: {type: x, equals: bad}", values((0, "good"), (1, "bad"), (2, "good")),
         [(D, FIRES, 1), (D, ENDS, 2)]),
    Case("compare: a text that differs", "compare: {type: x, differs: good}", values((0, "good"), (1, "bad")),
         [(D, FIRES, 1)]),
    Case("compare: a text is above nothing", ABOVE, values((0, "31")), []),
    Case("compare: no value says nothing", ABOVE, each(values((0, 31)), events(1)), [(D, FIRES, 0)]),
    Case("compare: an older sample says nothing", ABOVE, values((9, 31), (5, 1)), [(D, FIRES, 9)]),
    Case("compare: another event clears it", "compare: {type: x, above: 30, cleared_by: [y]}",
         each(values((0, 31)), events(7, kind="y")), [(D, FIRES, 0), (D, ENDS, 7)]),
    Case("compare: what was seen lasts so long", "compare: {type: x, above: 30, lasts: 60s}",
         each(values((0, 31), (10, 32)), until(71)), [(D, FIRES, 0), (D, ENDS, 70)]),
    Case("compare: of a state", "compare: {state: '*', field: power, equals: battery}",
         states((0, {"power": "mains"}), (1, {"power": "battery"}), (9, {"power": "mains"})),
         [(D, FIRES, 1), (D, ENDS, 9)]),
    Case("for: waits, and fires when it has held so long", HELD, each(values((0, 31)), until(901)),
         [(D, WAITS, 0), (D, FIRES, 900)]),
    Case("for: not before time is past that", HELD, each(values((0, 31)), until(900)), [(D, WAITS, 0)]),
    Case("for: a good value at the very end comes in time", HELD, each(values((0, 31), (900, 30)), until(999)),
         [(D, WAITS, 0), (D, ENDS, 900)]),
    Case("for: a bad value at the very end fires", HELD, values((0, 31), (900, 31)), [(D, WAITS, 0), (D, FIRES, 900)]),
    Case("for: a good value between starts it anew", HELD, each(values((0, 31), (600, 1), (601, 31)), until(1502)),
         [(D, WAITS, 0), (D, ENDS, 600), (D, WAITS, 601), (D, FIRES, 1501)]),
    Case("keep: fires on until it was good for so long", KEPT, each(values((0, 31), (10, 1)), until(99)),
         [(D, FIRES, 0), (D, ENDS, 70)]),
    Case("keep: a bad value meanwhile keeps it", KEPT, each(values((0, 31), (10, 1), (69, 31), (80, 1)), until(141)),
         [(D, FIRES, 0), (D, ENDS, 140)]),
    Case("deviation: 20 % of 1.0 is quiet", VPD, events(0, value=1.2, target=1.0), []),
    Case("deviation: more fires", VPD, events(0, value=1.2001, target=1.0), [(D, FIRES, 0)]),
    Case("deviation: below as well", VPD, events(0, value=0.7999, target=1.0), [(D, FIRES, 0)]),
    Case("deviation: of a small target the floor counts", VPD, events(0, value=0.35, target=0.25), []),
    Case("deviation: beyond the floor", VPD, events(0, value=0.3501, target=0.25), [(D, FIRES, 0)]),
    Case("deviation: without a target there is none", VPD, events(0, value=9), []),
    Case("absence: at the very end is in time", ABSENT, events(0, 60, 120), []),
    Case("absence: fires when time is past that", ABSENT, each(events(0), until(61)), [(D, FIRES, 60)]),
    Case("absence: not yet", ABSENT, each(events(0), until(60)), []),
    Case("absence: seen again", ABSENT, each(events(0), until(61), events(75)), [(D, FIRES, 60), (D, ENDS, 75)]),
    Case("absence: what was never seen", "absence: {type: x, after: 60s, expect: [d9]}", each(until(0), until(61)),
         [("r/d9", FIRES, 60)]),
    Case("absence: nobody waits for ever", "absence: {type: x, after: 60s, give_up: 1h}", each(events(0), until(9999)),
         [(D, FIRES, 60), (D, ENDS, 3660)]),
    Case("prediction: 100 s left are enough", PREDICT, values(*((t, 160.0 - t) for t in range(0, 61, 10))), []),
    Case("prediction: less fires", PREDICT, values(*((t, 159.0 - t) for t in range(0, 61, 10))), [(D, FIRES, 60)]),
    Case("prediction: no line through half a window", PREDICT, values(*((t, 29.0 - t) for t in range(0, 29, 7))), []),
    Case("prediction: what rises does not sink", PREDICT, values(*((t, 1.0 + t) for t in range(0, 61, 10))), []),
    Case("prediction: what the device reports counts", "prediction: {type: x, reaches: 0, within: 100s, reported: l}",
         each(events(0, l=100), events(1, l=99), events(2, l=124), events(3, l=125)),
         [(D, FIRES, 1), (D, ENDS, 3)]),
    Case("prediction: of what is reported the first counts",
         "prediction: {type: x, reaches: 0, within: 100s, reported: [low, l]}",
         each(events(0, l=100), events(1, l=500, low=99), events(2, l=9, low=500)),
         [(D, FIRES, 1), (D, ENDS, 2)]),
    Case("prediction: only while on battery",
         "prediction: {state: '*', field: soc, reaches: 0, within: 100s, reported: l, only_while: ['power=battery']}",
         states((0, {"power": "mains", "l": 9}), (1, {"power": "battery", "l": 9}), (2, {"power": "mains", "l": 9})),
         [(D, FIRES, 1), (D, ENDS, 2)]),
    Case("where: only what passes counts", COUNT + "\nwhere: ['severity=error']", events(0, 1, 2), []),
    Case("by: each group for itself", COUNT + "\nby: [code]", each(events(0, 1, code="a"), events(2, 3, 4, code="b")),
         [("r/b", FIRES, 4)]),
    Case("by: nothing makes one alert of all", COUNT + "\nby: []", each(events(0, 1, code="a"), events(2, code="b")),
         [("r/all", FIRES, 2)]),
    Case("by: two fields", COUNT + "\nby: [device, code]", events(0, 1, 2, code="E1"), [("r/d1.E1", FIRES, 2)]),
    Case("type: a pattern", "count: {type: 'sensor.*', more_than: 0, within: 60s}", events(0, kind="sensor.co2"),
         [(D, FIRES, 0)]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_condition_at_its_edge(case: Case) -> None:
    """The transitions, to the microsecond."""
    with playing(f"rules:\n  r:\n{indent(case.rule, '    ')}\n") as play:
        case.happens(play)
        assert case.expected == play.timeline()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_restart_after_every_step_changes_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """Whatever the kind, what the ledger holds is enough to go on from."""
    with playing(f"rules:\n  r:\n{indent(case.rule, '    ')}\n", path=f"{tmp_path}/ledger") as play:
        for name in ("event", "state", "until"):
            step = getattr(play, name)
            monkeypatch.setattr(play, name, _then_restart(play, step), raising=False)
        case.happens(play)
        assert case.expected == play.timeline()


def _then_restart(play: Play, step: Callable[..., None]) -> Callable[..., None]:
    def both(*given: object, **named: object) -> None:
        step(*given, **named)
        play.restart()

    return both


COMPOSITE = """
rules:
  a: {compare: {type: x, field: a, equals: 1}}
  b: {compare: {type: x, field: b, equals: 1}}
  both: {composite: {all: [a, b]}}
  one: {composite: {any: [a, b]}, for: 10s}
"""


def test_all_of_a_composite_fire_for_the_same_device() -> None:
    """Another device's do not make it."""
    with playing(COMPOSITE) as play:
        play.event(0, "x", "d1", a=1)
        play.event(1, "x", "d2", b=1)
        play.until(2)
        assert [] == [row for row in play.timeline() if row[0].startswith("both")]
        play.event(5, "x", "d1", b=1)
        play.event(9, "x", "d1", a=0)
        play.until(20)
        expected = [("both/d1", FIRES, 5), ("both/d1", ENDS, 9)]
        assert expected == [row for row in play.timeline() if row[0].startswith("both")]


def test_any_of_a_composite_has_a_for_of_its_own() -> None:
    """Ten seconds of either, one after the other."""
    with playing(COMPOSITE) as play:
        play.event(0, "x", a=1)
        play.event(4, "x", b=1)
        play.event(6, "x", a=0)
        play.until(99)
        expected = [("one/d1", WAITS, 0), ("one/d1", FIRES, 10)]
        assert expected == [row for row in play.timeline() if row[0].startswith("one")]


def test_a_composite_does_not_care_who_found_out_first() -> None:
    """Time is looked at once at the end, or after every step: the same."""
    timelines = []
    for looks in ([], [1, 2, 3, 4, 5, 6, 7, 8]):
        with playing(COMPOSITE) as play:
            for at_s, known in ((0.5, {"a": 1}), (3.5, {"b": 1}), (6.5, {"a": 0}), (6.5, {"b": 0})):
                for look in [look for look in looks if look <= at_s]:
                    play.until(look)
                play.event(at_s, "x", **known)
            play.until(99)
            timelines.append(sorted(play.timeline()))
    assert timelines[0] == timelines[1]


def test_a_target_that_was_reported_is_the_target_until_another_is() -> None:
    """By the zone it was told for."""
    rule = (
        "rules: {r: {deviation: {type: vpd, percent: 20, floor: 0.1, "
        "target_from: {type: [target], field: new, where: ['parameter=vpd']}}, by: [zone]}}"
    )
    with playing(rule) as play:
        play.event(0, "vpd", zone="z", value=2.0)
        play.event(1, "target", None, zone="z", parameter="vpd", new=1.0)
        play.event(2, "vpd", zone="z", value=1.2)
        play.event(3, "target", None, zone="z", parameter="co2", new=800)
        play.event(4, "vpd", zone="z", value=1.21)
        play.event(5, "target", None, zone="z", parameter="vpd", new=1.3)
        play.event(6, "vpd", zone="z", value=1.21)
        assert [("r/z", FIRES, 4), ("r/z", ENDS, 6)] == play.timeline()


@pytest.mark.parametrize("condition", [COUNT, BURST], ids=["count", "burst"])
def test_an_alert_that_is_over_is_forgotten_and_leaves_its_topic(condition: str) -> None:
    with playing(f"rules: {{r: {{{condition}}}}}\nresolved_for: 1d", wall=True) as play:
        each(events(0, 1, 2), until(999))(play)
        play.tick(1000)
        assert ENDS == getattr(play.retained("r", "d1"), "state", None)
        play.tick(2 * 86_400, 3600)
        assert (None, {}) == (play.retained("r", "d1"), play.alerter.alert_sets[0].records)
