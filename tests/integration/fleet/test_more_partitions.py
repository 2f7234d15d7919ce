"""More partitions for a topic that holds raw frames, in the way that docs/fleet.md gives: no frame is overtaken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewPartitions

from fleet.store import schema
from fleet.store.connection import connect
from services.uplink.adapters.kafka_log import KafkaLog
from services.uplink.core.ports import Entry
from services.uplink.settings import UplinkSettings
from shared.site_records import encode
from tests.support.central_frames import local, plan_of, records, scene, write_site
from tests.support.fleet_workers import DEADLINE_S, Workers, until, write_config
from tests.support.kafka import Kafka

SITES = [f"cabin-{number}" for number in range(8)]
BEHIND = "SELECT coalesce(sum(next_offset), 0)::bigint FROM log_positions"
COUNTS = "SELECT site, type, total FROM counts"
FAULTS = "SELECT site FROM gaps UNION ALL SELECT reason FROM dead_letters"


def test_partitions_that_are_added_while_nobody_writes_and_nothing_waits_cost_no_frame(
    kafka: Kafka, topic: str, database: str, tmp_path: Path
) -> None:
    """Sites go on in whatever partition is theirs then."""
    folder = write_site(tmp_path / "site")
    frames = scene(folder)
    entries = [[Entry(*encode(each)) for each in records(frames, site)] for site in SITES]
    half = len(frames) // 2
    with closing(connect(database)) as made:
        schema.migrate(made)
        more = f"raw: {{enabled: true, config: {folder}}}\n"
        workers = Workers(write_config(tmp_path / "config", kafka.servers, topic, database, more), tmp_path)
        admin = AdminClient({"bootstrap.servers": kafka.servers})
        for number in (1, 2):
            workers.start(number)
        try:
            _write(kafka, topic, [entry for site in entries for entry in site[:half]])
            until(lambda: made.execute(BEHIND).fetchall() == [(len(SITES) * half,)], "nothing waits")
            admin.create_partitions([NewPartitions(topic, 12)])[topic].result(DEADLINE_S)
            _write(kafka, topic, [entry for site in entries for entry in site[half:]])
            until(lambda: made.execute(BEHIND).fetchall() == [(len(SITES) * len(frames),)], "all is read")
        finally:
            workers.stop()
        counts, faults = made.execute(COUNTS).fetchall(), made.execute(FAULTS).fetchall()
        used = made.execute("SELECT count(*) FROM log_positions WHERE partition > 5 AND next_offset > 0").fetchall()

    wanted = Counter(event.type for event in local(plan_of(folder), frames)[0])
    assert {(site, kind): total for site in SITES for kind, total in wanted.items()} == {
        (s, t): n for s, t, n in counts
    }
    assert [] == [each for each in faults if "two readers need two names" not in each[0]]
    assert used > [(0,)]


def _write(kafka: Kafka, topic: str, entries: Sequence[Entry]) -> None:
    """Write as an uplink does that has just come: it asks the log how many partitions there are."""
    with closing(KafkaLog(UplinkSettings(servers=(kafka.servers,), topic=topic), "sites")) as log:
        log.write(entries)
