"""Every event and every alert of every golden scenario explains itself, back to the frame and the rule behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from shared.messages import Frame
from tests.support.scenarios import recorded
from tests.unit.event_processor.test_golden import BOARDS, CONFIG, IN_A_ROOM, PLAYED, READINGS, events_of, played
from upskeep.playback.backtest import Stages, context_of, stages_of
from upskeep.text.times import IN_UTC
from upskeep.why.chain import Chain
from upskeep.why.explain import alert_chain, event_chain
from upskeep.why.lines import chain_lines
from upskeep.why.replay import FIRES, Replay

CASES = [*PLAYED, *((scenario, BOARDS[0]) for scenario in IN_A_ROOM)]
BUSY_S = (417_600.0, 439_200.0)  # of the recorded room: its CO₂ rises above the limit, and falls again
BACK = ("read", "silence", "members")


def environ(board: str) -> dict[str, str]:
    return {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": board, "UPSKEEP_SOURCE": "sim:any"} if board else {}


@cache
def stages(board: str) -> Stages:
    return stages_of(context_of(CONFIG, environ(board)))


def explain(frames: Iterable[Frame], board: str, stack: ExitStack) -> Replay:
    replay = Replay(
        context_of(CONFIG, environ(board)), lambda event: event.type not in READINGS, stack, stages=stages(board)
    )
    for frame in frames:
        replay.process(frame)
    replay.end()
    return replay


def hold(frames: list[Frame], board: str) -> int:
    """Hold the chains of all events and alerts of frames against the frames and the events they make; returns how many.

    The readings among the events are not counted, and not explained one by one.
    """
    with ExitStack() as stack:
        replay = explain(frames, board, stack)
        chains = [event_chain(replay, made) for made in replay.made.values()]
        expected = [event for event in events_of(frames, board) if event.type not in READINGS]
        fired = [each for each in replay.transitions if each.alert.state in FIRES]
        rules = {
            id(each): next(r for r in replay.rules if r.name == each.alert.rule and r.owns(each.alert.key))
            for each in fired
        }
        of_alerts = [alert_chain(replay, rules[id(each)], each.alert.key, each) for each in fired]

    assert [event.id for event in expected] == [made.event.id for made in replay.made.values()]
    times = {frame.time for frame in frames}
    for made, chain in zip(replay.made.values(), chains, strict=True):
        kinds = [link.kind for link in chain.links]
        assert ["read", "rule"] == kinds[:2], chain.title
        assert made.event.time == made.trace.frame.time
        assert made.trace.frame.time in times
        assert made.decision.name in chain.links[1].data["rule"]
        assert "alert" in kinds or "no_alert" in kinds
    for chain in of_alerts:
        assert chain.links[0].kind in BACK, chain.title
        assert {"notice", "no_notice"} & {link.kind for link in chain.links}
    written([*chains, *of_alerts])
    return len(chains)


def written(chains: list[Chain]) -> None:
    """Every link has its sentence, and a terminal of 80 columns holds every line."""
    for chain in chains:
        lines = [*chain_lines(chain, IN_UTC, 80)]
        assert len(lines) > len(chain.links)
        assert [] == [line for line in lines if len(line) > 80]


@pytest.mark.parametrize(("scenario", "board"), CASES)
def test_a_scenario_explains_itself(scenario: str, board: str):
    """Each event names the frame of its own time and the rule that made it."""
    hold(list(played(scenario, board)), board)


@pytest.mark.recordings
def test_a_recording_explains_itself(recording: Callable[[str], Path]):
    """A real discharge as well."""
    hold(list(recorded(recording("ups_hat_discharge_2021.csv"), "ups")), "")


@pytest.mark.recordings
def test_a_recorded_room_explains_itself(recording: Callable[[str], Path]):
    """The hours of its fortnight in which something happened; the others hold readings alone."""
    frames = list(recorded(recording("room_climate_2015.csv"), "room"))
    first = frames[0].time
    eventful = [frame for frame in frames if BUSY_S[0] <= (frame.time - first).total_seconds() <= BUSY_S[1]]
    assert 2 == hold(eventful, "")
