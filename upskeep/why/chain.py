"""What is explained: a heading, and the chain of its causes and consequences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.tracing.goals import Goal, Test, goals_of
from services.event_processor.core.tracing.missing import Missing, shown
from services.event_processor.core.tracing.recorder import Decision, FrameTrace, held
from shared.messages import Event, Frame
from upskeep.text.times import Times
from upskeep.why.links import Link

MOST_VALUES = 6  # of a frame that a link names
MOST_WAYS = 3  # of what was missing


@dataclass(frozen=True, slots=True)
class Chain:
    """``links`` in the order of causes."""

    title: str
    links: tuple[Link, ...]

    def as_json(self, times: Times) -> dict[str, Any]:
        """Return it as a document."""
        return {"about": self.title, "chain": [link.as_json(times) for link in self.links]}


def stamp(time: datetime) -> str:
    """Return a time as RFC 3339."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def causes(compiled: CompiledRules, trace: FrameTrace, decision: Decision, event: Event) -> list[Link]:
    """Return the chain of an event from its frame to its rule's decision."""
    goal = _goal(compiled, decision, event)
    tests = goal.tests if goal is not None else ()
    turn = next((turn for turn in reversed(decision.turns) if turn.before.on is not turn.after.on), None)
    channels = [test.channel for test in tests]
    links = [frame_link(trace.frame, channels), _rule(decision, goal)]
    judged = [(test, value) for test in tests if (value := shown(decision, trace, test)) is not None]
    if judged:
        links.append(Link("value", {"tests": [test_data(test) | {"value": value} for test, value in judged]}))
    if turn is not None:
        since = turn.after.began
        data = {"held_s": held(turn).total_seconds(), "dwell_s": turn.dwell_s}
        links.append(Link("dwell", data | ({"since": stamp(since)} if since else {})))
    links += [Link("gate", {"gate": gate, "open": is_open}) for gate, is_open in decision.gates.items()]
    return links


def _goal(compiled: CompiledRules, decision: Decision, event: Event) -> Goal | None:
    ways = goals_of(compiled, event.device or "", event.type)
    mine = [goal for goal in ways if (goal.section, goal.name) == (decision.section, decision.name)]
    if decision.section == "readings":
        channel = str(event.data.get("sensor_id", "")).rpartition(".")[2]
        mine = [goal for goal in mine if goal.tests[0].channel == channel] or mine
    return mine[0] if mine else None


def frame_link(frame: Frame, channels: Iterable[str]) -> Link:
    """Return the link of a frame, with these channels of it or, where it has none of them, its first."""
    wanted = [channel for channel in dict.fromkeys(channels) if channel in frame.values]
    named = wanted or [*frame.values][:MOST_VALUES]
    return Link(
        "read",
        {
            "time": stamp(frame.time),
            "device": frame.device,
            "quality": frame.quality.value,
            "values": {channel: frame.values[channel] for channel in named},
            "errors": [f"{error.code} of {error.chip}" for error in frame.errors],
            "registers": frame.registers,
        },
    )


def _rule(decision: Decision, goal: Goal | None) -> Link:
    return Link("rule", {"section": decision.section, "rule": decision.name, **(_of_goal(goal) if goal else {})})


def _of_goal(goal: Goal) -> dict[str, Any]:
    return {
        "tests": [test_data(test) for test in goal.tests],
        "either": goal.either,
        "codes": list(goal.codes),
        "qualities": list(goal.qualities),
        "target": goal.target,
    }


def rule_of(goal: Goal) -> Link:
    """Return the link of a rule that makes an event, where its decision is not known."""
    return Link("rule", {"section": goal.section, "rule": goal.name, **_of_goal(goal)})


def test_data(test: Test) -> dict[str, Any]:
    """Return a test as plain data."""
    share = {"share_of": test.share_of} if test.share_of else {}
    return {"channel": test.channel, "op": test.op, "level": test.level, **share}


def shortfall(found: list[Missing]) -> list[Link]:
    """Return the nearest ways to an event and what each lacked; the rest by name."""
    links: list[Link] = []
    near = [missing for missing in found if missing.kind == found[0].kind][:MOST_WAYS] if found else []
    for missing in near:
        links += [rule_of(missing.goal), Link(f"missing.{missing.kind}", _of_missing(missing), ends=True)]
    if others := [missing.goal.name for missing in found if missing not in near]:
        links.append(Link("others", {"count": len(others), "rules": others}))
    return links


def _of_missing(missing: Missing) -> dict[str, Any]:
    data = {**_of_goal(missing.goal)}
    for key, value in missing.data.items():
        match key:
            case "tests":
                data["seen"] = [
                    test_data(each["test"]) | {"value": each["value"], "at": stamp(each["at"])} for each in value
                ]
                data["missing"] = [test_data(each["test"]) for each in value]
            case "since" | "until":
                data[key] = stamp(value)
            case "codes" | "qualities":
                data[f"found_{key}"] = value
            case "wants":
                data |= test_data(value)
            case "wants_codes" | "wants_qualities":
                pass
            case _:
                data[key] = value
    return data
