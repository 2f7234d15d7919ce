"""The pipeline as a whole: its list, its laws, and what it must not do."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.event_processor.app import stamped
from services.event_processor.core.pipeline.event_context import EventContext, Pipeline
from services.event_processor.core.pipeline.plan import without_handlers
from services.event_processor.core.pipeline.stages import OURS, STAGES, run
from services.event_processor.core.pipeline.work import DEAD_LETTER
from services.event_processor.service import EventProcessor
from services.event_processor.settings.pipeline import load_plan
from shared.incidents import Incident
from shared.jumps import CLOCK_STEP
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Frame, Quality, Trigger
from shared.requests import Command
from tests.support.event_flow import event, events_of, offered, passed, planned, processor
from tests.support.scenarios import CONFIG, NACK, START, at, frame

FILES = load_plan(CONFIG, {})
OUTAGE = {
    "patterns": {
        "outage": {"description": "-", "of": ["AC_POWER_LOSS"], "ends": ["AC_POWER_RESTORED"], "quiet_s": 600},
    }
}
RATED = {"filters": {"rate_limits": [{"types": "sensor/+", "per_minute": 20, "burst": 2}]}}


def failing(second: float, device: str = "ups") -> Frame:
    """Return a frame of a poll that failed: one I2C_ERROR."""
    return Frame(time=at(second), device=device, quality=Quality.BAD, errors=(NACK,))


def test_the_stages_stand_in_one_list():
    """In the order that is documented."""
    names = ["validate", "dedupe", "filter", "enrich", "correlate", "route", "execute", "record"]

    assert names == [name for name, _ in STAGES]


def test_a_stage_leaves_the_event_it_is_given_as_it_was():
    """A11.13: what is added goes to a copy."""
    given_event = event(0, zone="zone1")
    before = given_event.model_dump()
    rules = {"enrichment": {"zones": {"zone1": {"title": "Seedlings"}}}}
    (found,) = passed(Pipeline(planned(rules)), [given_event])

    assert before == given_event.model_dump()
    assert {"zone_context": {"title": "Seedlings"}} == found.metadata


def test_an_event_that_nobody_else_has_is_not_copied():
    """It bears what is added itself, and says the same as a copy would."""
    pipeline = Pipeline(planned({"enrichment": {"zones": {"zone1": {"title": "Seedlings"}}}}))
    shared, own = EventContext(event(0, zone="zone1")), EventContext(made := event(0, zone="zone1"), own=True)

    assert (None, None) == (run(pipeline, shared), run(pipeline, own))
    assert shared.event.metadata == made.metadata
    assert own.event is made


@pytest.mark.parametrize("more", [[], [{"types": ["I2C_ERROR"], "at_least": "error"}]])
def test_an_event_goes_to_the_same_handlers_whether_they_were_found_before_or_by_its_severity(more: list[Any]):
    """A type whose routes look at no event has its handlers ready; the dead letters of a handler never do."""
    rules = {
        "handlers": {"a": {"kind": "analytics"}, "b": {"kind": "analytics"}},
        "routes": [{**route, "handlers": ["b", "a"]} for route in ({"types": ["#"]}, *more)],
    }
    plan = planned(rules)
    context = EventContext(event(0, "I2C_ERROR"))

    assert None is run(Pipeline(plan), context)
    assert ("b", "a") == context.handlers
    assert [not more, False] == [plan.type_routes[name].handlers is not None for name in ("I2C_ERROR", DEAD_LETTER)]


def test_an_event_says_who_processed_it_where_that_is_known():
    """In the live service; a backtest leaves out what differs by machine."""
    (live,) = passed(Pipeline(stamped(FILES)), [event(0)])
    (tested,) = passed(Pipeline(without_handlers(FILES)), [event(0)])

    assert {"system_version", "processing_node"} == live.metadata.keys() - tested.metadata.keys()


def test_a_live_event_and_a_backtests_differ_only_in_what_the_shell_adds():
    """Version, machine and processing time."""
    frames = [failing(n) for n in range(5)]
    told = []
    for plan in (stamped(FILES), without_handlers(FILES)):
        with processor(plan) as (stage, ledger, outlet):
            play(stage, ledger, frames)
            told.append(events_of(outlet))
    live, tested = ([strip(each) for each in events] for events in told)

    assert live == tested
    assert "incident" in live[-1].metadata


def strip(told: Event) -> Event:
    """Return the event without what differs by machine."""
    shell = ("system_version", "processing_node", "processing_ms")
    return told.model_copy(update={"metadata": {k: v for k, v in told.metadata.items() if k not in shell}})


def play(stage: EventProcessor, ledger: Ledger, frames: list[Frame]) -> None:
    """Apply the frames as one batch."""
    with ledger.transaction():
        for each in frames:
            stage.apply(each)
        stage.flush()


FRAMES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["ups", "attic"]),
        st.sampled_from([{}, {"air_temperature": 21.0}, {"ac_present": False}, {"ac_present": True}]),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(FRAMES, st.integers(1, 40), st.integers(1, 40))
def test_chunks_and_restarts_change_no_event(rows: list[tuple[Any, ...]], size: int, other: int):
    """The same events, ids, metadata and incidents however they are batched, with a new process at every batch."""
    plan = planned(RATED, {**OUTAGE, "related": {"window_s": 5}})
    frames, second = [], 0
    for gap, device, values, fails in rows:
        second += gap
        errors = (NACK,) if fails else ()
        frames.append(Frame(time=at(second), device=device, values=values, errors=errors))
    told = []
    for chunk in (size, other):
        with processor(plan) as (_, ledger, outlet):
            for begin in range(0, len(frames), chunk):
                play(
                    EventProcessor(plan.compiled, ledger, outlet, lambda: START, plan),
                    ledger,
                    frames[begin : begin + chunk],
                )
            kept = ledger.db.execute("SELECT id, start_us, end_us, count FROM incident ORDER BY id").fetchall()
            told.append((outlet.emitted, outlet.retained, kept))

    assert told[0] == told[1]


def test_an_event_names_those_before_it_and_never_one_after():
    """A11.14: the past of its device or zone, in whatever order they come."""
    pipeline = Pipeline(planned(patterns={"related": {"window_s": 30}}))
    late = [event(10), event(0), event(5, device="other"), event(20), event(45)]
    found = {e.id: e.metadata.get("correlated_events") for e in passed(pipeline, late)}

    first, second = "I2C_ERROR/ups/0", "I2C_ERROR/ups/10"
    assert {second: None, first: None, "I2C_ERROR/other/5": None, "I2C_ERROR/ups/20": [first, second]}.items() <= (
        found.items()
    )
    assert ["I2C_ERROR/ups/20"] == found["I2C_ERROR/ups/45"]


def test_an_event_without_device_and_zone_is_related_to_nothing():
    """A11.14: nothing in common is nothing in common."""
    pipeline = Pipeline(planned(patterns={"related": {"window_s": 30}}))

    assert [{}, {}] == [e.metadata for e in passed(pipeline, [event(0, device=None), event(1, device=None)])]


def test_related_ids_are_capped():
    """At fifty, the newest."""
    pipeline = Pipeline(planned(patterns={"related": {"window_s": 30}}))
    *_, last = passed(pipeline, [event(n / 100) for n in range(200)])

    assert [f"I2C_ERROR/ups/{n / 100:g}" for n in range(149, 199)] == last.metadata["correlated_events"]


def test_an_outage_is_an_incident_with_start_and_end():
    """Retained while it lasts and when it is over; its events name it."""
    with processor(planned(patterns=OUTAGE)) as (stage, ledger, outlet):
        for second, name in ((0, "AC_POWER_LOSS"), (90, "AC_POWER_RESTORED")):
            offered(stage, ledger, Candidate(type=name, time=at(second - 100), device="ups"))
        found = outlet.retained["upskeep/v1/home/incident/outage/ups"]

    assert isinstance(found, Incident)
    assert (at(-100), at(-10), "ended", 2) == (found.start, found.end, found.why, found.count)
    assert [found.id] * 2 == [told.metadata["incident"] for told in events_of(outlet)]


def test_an_incident_that_is_open_is_published_again_after_a_restart():
    """Retained by the new process, from the ledger."""
    with processor(planned(patterns=OUTAGE)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="AC_POWER_LOSS", time=START, device="ups"))
        before, outlet.retained = outlet.retained, {}
        EventProcessor(stage.plan.compiled, ledger, outlet, lambda: START, stage.plan).announce()

    topic = "upskeep/v1/home/incident/outage/ups"
    assert before[topic] == outlet.retained[topic]


def test_an_incident_ends_in_quiet_as_time_goes_by():
    """By the time of the frames, with no event of its own."""
    with processor(planned(patterns=OUTAGE)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="AC_POWER_LOSS", time=START, device="ups"))
        play(stage, ledger, [frame(601, "other", co2=400)])
        found = outlet.retained["upskeep/v1/home/incident/outage/ups"]

    assert ("quiet", START) == (found.why, found.end)


def test_a_step_of_the_clock_moves_the_pipelines_memory():
    """An incident goes on, as long ago as before."""
    with processor(planned(patterns=OUTAGE)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="AC_POWER_LOSS", time=START, device="ups"))
        play(stage, ledger, [Frame(time=at(3600), device="system", values={CLOCK_STEP: 3600.0})])
        found = outlet.retained["upskeep/v1/home/incident/outage/ups"]

    assert (at(3600), None) == (found.start, found.end)


def test_history_triggers_nothing():
    """A11.31: a replayed event is recorded; no trigger, no command, no work, no incident, no draw on a rate."""
    rules = {
        **RATED,
        "handlers": {
            "siren": {"kind": "trigger", "name": "siren"},
            "plug": {"kind": "command", "target": "plug", "name": "off"},
        },
        "routes": [{"types": ["#"], "handlers": ["siren", "plug"]}],
    }
    with processor(planned(rules, OUTAGE)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="AC_POWER_LOSS", device="ups", metadata={"replayed": True}))

    assert [Event] == [type(message) for message in outlet.emitted]
    assert {} == outlet.retained


def test_a_route_leads_to_its_handlers_each_once():
    """A trigger with the causing event's id, and a command with an id that follows from it."""
    rules = {
        "handlers": {
            "siren": {"kind": "trigger", "name": "siren_on"},
            "plug": {"kind": "command", "target": "plug", "name": "off", "data": {"plug": "lights"}},
        },
        "routes": [
            {"types": ["safety/#"], "at_least": "error", "handlers": ["siren", "plug"]},
            {"types": ["#"], "devices": ["ups"], "handlers": ["siren"]},
        ],
    }
    with processor(planned(rules)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="safety.violation", device="ups", id="a"))
    told, trigger, command = outlet.emitted

    assert isinstance(trigger, Trigger)
    assert isinstance(command, Command)
    assert isinstance(told, Event)
    assert ("siren_on", told.id) == (trigger.name, trigger.event)
    cause = {"event": told.id, "type": "safety.violation", "device": "ups"}
    assert ("plug", "off", {"plug": "lights", "cause": cause}) == (command.target, command.name, command.data)


def test_a_handler_is_spared_the_news_of_its_own_failure():
    """Others hear of it; it would only fail again."""
    rules = {
        "handlers": {name: {"kind": "trigger", "name": name} for name in ("siren", "lamp")},
        "routes": [{"types": ["#"], "handlers": ["siren", "lamp"]}],
    }
    data = {"event": "e", "type": "I2C_ERROR", "handler": "siren", "attempts": 8, "reason": "no"}
    context = EventContext(event(0, "event.dead_letter", data=data))

    assert None is run(Pipeline(planned(rules)), context)
    assert ("lamp",) == context.handlers


def test_an_event_of_long_ago_sends_no_command():
    """What waited through an outage of ours must not switch anything now."""
    rules = {
        "handlers": {"plug": {"kind": "command", "target": "plug", "name": "off"}},
        "routes": [{"types": ["#"], "handlers": ["plug"]}],
    }
    with processor(planned(rules)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="safety.violation", time=at(-61)))

        assert 1 == stage.figures()["commands_too_old"]
    assert [Event] == [type(message) for message in outlet.emitted]


def test_a_circle_of_causes_comes_to_an_end():
    """B4.24: who answers each trigger with an event, handing the depth on, is stopped at the longest chain."""
    with processor(planned({"longest_chain": 3})) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="CALIBRATION_PERFORMED", id="0"))
        seen = 0
        for ordinal in range(1, 20):
            triggers = [message for message in outlet.emitted if isinstance(message, Trigger)]
            if len(triggers) == seen:
                break
            seen = len(triggers)
            told = {"caused_by": triggers[-1].event, "depth": triggers[-1].depth or 0}
            offered(stage, ledger, Candidate(type="CALIBRATION_PERFORMED", id=str(ordinal), metadata=told))

    assert [None, 1, 2, 3] == [told.metadata.get("depth") for told in events_of(outlet)]
    assert "longest_chain in pipeline.yaml is 3" in outlet.rejected[0][2]


def test_nobody_outside_can_put_words_into_our_metadata():
    """A11.41: what enrichment and correlation say comes from them."""
    forged = dict.fromkeys(OURS, "forged")
    with processor(planned()) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="device.error", metadata={**forged, "shift": "night"}))
    (told,) = events_of(outlet)

    assert {"shift": "night", "offered_by": "nodered"} == told.metadata


def test_a_zone_that_nothing_names_is_said_once():
    """A11.12: kept back, counted, and set aside with what to do."""
    rules = {"filters": {"zones": ["zone1"]}, "enrichment": {"zones": {"attic": {"title": "not watched"}}}}
    with processor(planned(rules)) as (stage, ledger, outlet):
        for zone in ("zone1", "zone2", "zone2", "attic"):
            offered(stage, ledger, Candidate(type="device.error", zone=zone))

        assert 3 == stage.figures()["ended_filter.zone"]
    assert ["zone1"] == [told.zone for told in events_of(outlet)]
    assert 1 == len(outlet.rejected)
    assert "zone 'zone2' is neither in filters.zones nor in enrichment.zones" in outlet.rejected[0][2]


@pytest.mark.parametrize("plan", [planned(), stamped(FILES)], ids=["nothing configured", "as shipped"])
def test_every_type_of_the_catalogue_takes_the_whole_way(plan: Any):
    """A11.3, A11.6: none is dropped for what it lacks, and each publishes its triggers with its id."""
    for name, kind in plan.compiled.catalogue.items():
        context = EventContext(event(0, name))

        assert None is run(Pipeline(plan), context)
        assert kind.triggers == tuple(trigger.name for trigger in context.triggers)
        assert {context.event.id} >= {trigger.event for trigger in context.triggers}


def test_what_is_remembered_of_a_burst_is_bounded(tmp_path: Path):
    """A11.8, A11.39: ten thousand events, all for a handler that does nothing: no growth past the bounds."""
    rules = {
        **RATED,
        "queue": {"most": 100},
        "webhooks_allowed": ["http://h"],
        "handlers": {"hook": {"kind": "webhook", "url": "http://h/x"}},
        "routes": [{"types": ["#"], "handlers": ["hook"]}],
    }
    plan = planned(rules, FILES.patterns.rules.model_dump())
    with processor(plan, str(tmp_path / "ledger.sqlite")) as (stage, ledger, outlet):
        for begin in range(0, 10_000, 500):
            play(stage, ledger, [failing(begin + n, f"d{n % 7}") for n in range(500)])
        (work,) = ledger.db.execute("SELECT count(*) FROM work").fetchone()
        (sights,) = ledger.db.execute("SELECT count(*) FROM event_ref").fetchone()
        (largest,) = ledger.db.execute("SELECT max(length(content)) FROM pattern_group").fetchone()

        assert len(events_of(outlet)) - 100 == stage.work.dropped.total()
    assert 10_000 == sum(told.type == "I2C_ERROR" for told in events_of(outlet))
    assert (100, True, True) == (work, sights <= 4096, largest < 40_000)


def test_the_answers_tell_stages_incidents_and_rates():
    """Bounded, and a question nobody knows is refused with those that are."""
    rules = {"handlers": {"a": {"kind": "analytics"}}, "routes": [{"types": ["#"], "handlers": ["a"]}]}
    with processor(planned(rules, OUTAGE)) as (stage, ledger, _):
        for second in (-200, -150, -100):
            offered(stage, ledger, Candidate(type="AC_POWER_LOSS", time=at(second), device=f"d{second}"))
        page = stage.answer("incidents", {"limit": 2, "open": True})
        rest = stage.answer("incidents", {"limit": 2, "cursor": page["cursor"]})
        rates = stage.answer("analytics", {"hours": 1})["event_frequency"]
        told = stage.answer("pipeline", {})

    keys = [each["key"] for answer in (page, rest) for each in answer["incidents"]]
    assert (["d-100", "d-150", "d-200"], [name for name, _ in STAGES]) == (keys, told["stages"])
    assert {"AC_POWER_LOSS"} == rates.keys()
    assert json.dumps([page, rest, rates, told])
