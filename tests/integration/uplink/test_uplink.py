"""A whole site before a real Kafka: uplink and log are killed, and every event is there, in its order."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.site_records import AlertRecord, EventRecord, SiteRecord, StateRecord, decode
from tests.support.kafka import Kafka
from tests.support.live_suite import Live
from tests.support.site_topics import read_topic

pytestmark = pytest.mark.kafka
SITE = "hut-17"
EVENTS = 48  # of 12 outages; each has four and more
WAITING = "SELECT count(*) FROM waiting"
HEAD = "SELECT head FROM stream WHERE name = 'event'"


class Site:
    """A running suite and the topic that its uplink writes to."""

    def __init__(self, folder: Path, kafka: Kafka) -> None:
        self.kafka = kafka
        self.topic = f"site.{secrets.token_hex(4)}"
        kafka.make_topic(self.topic, 3)
        self.environ = {
            "UPSKEEP_SUITE__SITE": SITE,
            "UPSKEEP_SUITE__UPLINK": "true",
            "UPSKEEP_UPLINK__SERVERS__0": kafka.servers,
            "UPSKEEP_UPLINK__TOPIC": self.topic,
            "UPSKEEP_UPLINK__TIMEOUT_S": "2",
            "UPSKEEP_UPLINK__IDLE_S": "0.1",
            "UPSKEEP_UPLINK__LONGEST_WAIT_S": "1",
            "UPSKEEP_SENSOR_READER__SIMULATION__CYCLES": "12",
        }
        self.live = Live(folder, "--source", "sim:outage", "--speed", "200", broker="embedded", environ=self.environ)

    def records(self) -> list[SiteRecord]:
        return [decode(*entry) for entry in read_topic(self.kafka.servers, self.topic)]

    def events(self) -> list[EventRecord]:
        return [record for record in self.records() if isinstance(record, EventRecord)]

    def complete(self) -> list[SiteRecord] | None:
        """Return what the log holds once it has all that this suite has ever counted; None before."""
        head = self.live.figure("event_processor", HEAD)
        counted = self.live.figure("counter_store", "SELECT count(*) FROM event")
        if head < EVENTS or counted < head or self.live.figure("uplink", WAITING):
            return None
        records = self.records()
        return records if head <= max(r.seq for r in records if isinstance(r, EventRecord)) else None


@pytest.fixture
def site(tmp_path: Path, kafka: Kafka) -> Iterator[Site]:
    """A site that runs, stopped at the end."""
    found = Site(tmp_path, kafka)
    yield found
    found.live.stop()


def test_every_event_of_a_site_reaches_the_log_whatever_is_killed(site: Site, kafka: Kafka) -> None:
    """SIGKILL of the uplink with records on the way, of Kafka, and of the uplink again while Kafka is away."""
    live = site.live
    live.until(site.events, "the first event is in the log")
    live.kill("services.uplink")
    kafka.kill(kafka.nodes[0])
    try:
        waiting = live.figure("uplink", WAITING)
        live.until(lambda: live.figure("uplink", WAITING) > waiting + 5, "the site goes on without the log")
        live.kill("services.uplink")
    finally:
        kafka.run(kafka.nodes[0])
        kafka.wait(kafka.nodes[0])
    records = live.until(site.complete, "all that was counted is in the log")

    seqs = [record.seq for record in records if isinstance(record, EventRecord)]
    assert list(range(1, max(seqs) + 1)) == list(dict.fromkeys(seqs))
    assert {SITE} == {record.site for record in records}
    places = defaultdict(set)
    for record in records:
        places[record.producer, record.stream, record.epoch, record.seq].add(record.message.model_dump_json())
    assert {1} == {len(messages) for messages in places.values()}
    kinds = {type(record) for record in records}
    assert {EventRecord, AlertRecord, StateRecord} == kinds
