"""A real site that only reads, a real Kafka, workers that are killed: its events are those that it would have made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fleet.store import schema
from fleet.store.connection import connect
from shared.messages import Candidate, Frame
from shared.site_records import RawRecord, decode
from shared.topics import Topics
from tests.support.central_frames import SITE, local, plan_of, said, write_site
from tests.support.fleet_workers import Workers, until, write_config
from tests.support.kafka import Kafka
from tests.support.live_suite import APPLIED, Live
from tests.support.mqtt_probe import MqttProbe
from tests.support.site_topics import read_topic

OFFERED = "system.stream.gap"
GAP = {"producer": "sensor_reader", "stream": "raw", "first": 2, "last": 4, "count": 3}
EVENTS = "SELECT id, type, time, site, category, severity, device, zone, data FROM events ORDER BY time, id"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configuration of the site, which the centre has a copy of."""
    made = write_site(tmp_path / "site")
    (made / "sensor_reader.yaml").write_text("source: sim:outage\n", encoding="utf-8")
    return made


@pytest.fixture
def site(tmp_path: Path, folder: Path, kafka: Kafka, topic: str) -> Iterator[Live]:
    """The site, which plays an outage three times and then ends by itself."""
    environ = {
        "UPSKEEP_SUITE__SITE": SITE,
        "UPSKEEP_SUITE__UPLINK": "raw",
        "UPSKEEP_UPLINK__SERVERS__0": kafka.servers,
        "UPSKEEP_UPLINK__TOPIC": topic,
        "UPSKEEP_UPLINK__IDLE_S": "0.1",
        "UPSKEEP_UPLINK__RECORDS_PER_SECOND": "5000",
        "UPSKEEP_UPLINK__BATCH_RECORDS": "50",
    }
    options = ("--source", "sim:outage", "--speed", "10", "--exit-when-done", "--json")
    live = Live(tmp_path, *options, broker="embedded", config=folder, environ=environ)
    yield live
    live.stop()


@pytest.fixture
def workers(kafka: Kafka, topic: str, database: str, tmp_path: Path, folder: Path) -> Iterator[Workers]:
    """No worker yet, and tables to count in."""
    with closing(connect(database)) as made:
        schema.migrate(made)
    more = f"raw: {{enabled: true, config: {folder}}}\n"
    group = Workers(write_config(tmp_path / "config", kafka.servers, topic, database, more), tmp_path)
    yield group
    group.stop()


def test_its_events_are_those_of_its_own_processor_whatever_is_killed(
    site: Live, workers: Workers, kafka: Kafka, topic: str, database: str, folder: Path
) -> None:
    """The uplink with frames on the way, and a worker at work; another goes on."""
    workers.start(1)
    site.until(lambda: read_topic(kafka.servers, topic), "the first frame is in the log")
    site.kill("services.uplink")
    until(lambda: _events(database), "the first events are counted")
    before = site.figure("uplink", APPLIED)
    site.until(lambda: site.figure("uplink", APPLIED) > before, "the uplink is back")
    _offer_twice(site)
    site.until(lambda: site.figure("uplink", "SELECT count(*) FROM offered"), "the uplink has the offer")
    workers.kill(1)
    workers.start(2)
    site.result()
    frames = _frames(kafka, topic)
    events, _ = local(plan_of(folder), frames)
    wanted = sorted(said(events), key=lambda each: (each[2], each[0]))
    until(lambda: len(_events(database)) >= len(wanted) + 1, "all is counted")

    counted = _events(database)
    assert wanted == [each for each in counted if each[1] != OFFERED]
    assert [(SITE, GAP)] == [(each[3], each[8]) for each in counted if each[1] == OFFERED]
    assert {"AC_POWER_LOSS", "AC_POWER_RESTORED"} <= {event.type for event in events}
    with closing(connect(database)) as made:
        ask = made.execute
        assert [] == ask("SELECT * FROM gaps").fetchall() + ask("SELECT * FROM dead_letters").fetchall()
    assert {"sensor_reader", "uplink"} == {path.stem for path in (site.data / "log").glob("*.log")}


def _offer_twice(site: Live) -> None:
    """Say at the site what a consumer of its reader would that has missed something."""
    candidate = Candidate(type=OFFERED, id="gap/sensor_reader/raw/e0/2-4", data=GAP)
    topics = Topics(site=SITE)
    with MqttProbe(site.port, topics) as probe:
        for _ in range(2):
            probe.publish(topics.build("ingest", "visitor"), candidate.model_dump_json(exclude_none=True).encode())


def _frames(kafka: Kafka, topic: str) -> list[Frame]:
    """Return the frames that are in the log, each once, in order: that is all that the reader has read."""
    records = [decode(*entry) for entry in read_topic(kafka.servers, topic)]
    frames = {each.seq: each.message for each in records if isinstance(each, RawRecord)}
    assert [*range(1, len(frames) + 1)] == sorted(frames)
    return [frames[seq] for seq in sorted(frames)]


def _events(database: str) -> list[tuple[object, ...]]:
    with closing(connect(database)) as made:
        return made.execute(EVENTS).fetchall()
