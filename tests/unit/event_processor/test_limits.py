"""Sets that a sender can grow: whoever sends too much loses its own, and an event says so, once a day."""

from __future__ import annotations

from services.event_processor.core.limits import GROUPS
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.limits import LIMIT_REACHED
from shared.messages import Candidate, Frame
from tests.support.event_flow import events_of, offered, planned, processor
from tests.support.scenarios import NACK, START, at

OUTAGES = {"description": "-", "of": ["AC_POWER_LOSS"], "ends": ["AC_POWER_RESTORED"], "quiet_s": 600}
TREE = "upskeep/v1/home/incident/outage"


def lost(device: str) -> Candidate:
    """Return an offer that opens an incident of a device."""
    return Candidate(type="AC_POWER_LOSS", time=START, device=device)


def reported(outlet: InMemoryPublisher) -> list[tuple[str, int, str]]:
    """Return the limits that were reported: of what, how much, by whose fault."""
    said = [event.data for event in events_of(outlet) if event.type == LIMIT_REACHED]
    return [(data["what"], data["limit"], data["sender"]) for data in said]


def test_a_flood_of_groups_pushes_out_its_own() -> None:
    """The neighbour's outage, which began before, is one incident from its start to its end."""
    with processor(planned(patterns={"patterns": {"outage": OUTAGES}})) as (stage, ledger, outlet):
        offered(stage, ledger, lost("ups"), producer="quiet")
        for part in range(3):
            offered(stage, ledger, *(lost(f"x{part}-{n}") for n in range(500)), producer="flooder")
        again = EventProcessor(stage.plan.compiled, ledger, outlet, lambda: START, stage.plan)  # a new process
        offered(again, ledger, *(lost(f"y{n}") for n in range(500)), producer="flooder")
        offered(again, ledger, Candidate(type="AC_POWER_RESTORED", time=at(10), device="ups"), producer="quiet")
        found = outlet.retained[f"{TREE}/ups"]

    assert ("ended", 2) == (found.why, found.count)
    assert {("groups of patterns", GROUPS.most, "flooder")} == set(reported(outlet))
    assert 1 == len({event.id for event in events_of(outlet) if event.type == LIMIT_REACHED})


def test_the_incidents_of_a_flood_push_out_its_own_and_empty_their_topics() -> None:
    """So the broker keeps no more of them than the ledger does."""
    with processor(planned(patterns={"incidents_kept": 50, "patterns": {"outage": OUTAGES}})) as (
        stage,
        ledger,
        outlet,
    ):
        for name in ("AC_POWER_LOSS", "AC_POWER_RESTORED"):
            offered(stage, ledger, Candidate(type=name, time=START, device="ups"), producer="quiet")
        for number in range(200):
            device = f"x{number}"
            offered(stage, ledger, lost(device), producer="flooder")
            restored = Candidate(type="AC_POWER_RESTORED", time=at(1), device=device)
            offered(stage, ledger, restored, producer="flooder")
        rows = ledger.db.execute("SELECT key, sender FROM incident ORDER BY place").fetchall()
        topics = {topic for topic in outlet.retained if topic.startswith(TREE)}

    assert [("ups", "quiet"), ("x151", "flooder")] == rows[:2]
    assert {f"{TREE}/{key}" for key, _ in rows} == topics
    assert 50 == len(rows)
    assert [("incidents", 50, "flooder")] == reported(outlet)


def test_the_devices_of_a_reader_are_that_readers() -> None:
    """What a frame leads to counts as sent by the reader of its device."""
    failed = {"description": "-", "of": ["I2C_ERROR"], "quiet_s": 600}
    with processor(planned(patterns={"patterns": {"failed": failed}})) as (stage, ledger, _), ledger.transaction():
        for reader in ("one", "two"):
            stage.apply(
                Frame(
                    producer=reader, seq=1, epoch="e", time=START, device=f"of_{reader}", quality="bad", errors=(NACK,)
                )
            )
        stage.flush()
        rows = ledger.db.execute("SELECT key, sender FROM incident ORDER BY key").fetchall()

    assert [("of_one", "one"), ("of_two", "two")] == rows
