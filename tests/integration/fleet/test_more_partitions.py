"""More partitions for a topic that holds raw frames, in the way that docs/fleet.md gives: no frame is overtaken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewPartitions,
    ResourcePatternType,
    ResourceType,
)

from fleet.store import schema
from fleet.store.connection import connect
from services.uplink.adapters.kafka_log import KafkaLog
from services.uplink.core.ports import Entry, Unavailable
from shared.site_records import encode
from tests.support.central_frames import local, plan_of, records, scene, write_site
from tests.support.fleet_secure_log import Secure
from tests.support.fleet_workers import DEADLINE_S, Workers, until, write_config
from tests.support.kafka import USER, Kafka
from tests.support.site_topics import read_topic

SITES = [f"cabin-{number}" for number in range(8)]
READ = "SELECT coalesce(sum(next_offset), 0)::bigint FROM log_positions"
COUNTS = "SELECT site, type, total FROM counts"
FAULTS = "SELECT site FROM gaps UNION ALL SELECT reason FROM dead_letters"
ANYBODY = "User:*"


def test_partitions_that_are_added_while_nobody_may_write_and_nothing_waits_cost_no_frame(
    kafka: Kafka, topic: str, database: str, tmp_path: Path
) -> None:
    """The uplinks' user may describe the topic and write to it, no more; what it could not write it writes later."""
    folder = write_site(tmp_path / "site")
    frames = scene(folder)
    entries = [[Entry(*encode(each)) for each in records(frames, site)] for site in SITES]
    half = len(frames) // 2
    begin, rest = ([entry for site in entries for entry in site[part]] for part in (slice(half), slice(half, None)))
    wanted = Counter(event.type for event in local(plan_of(folder), frames)[0])
    totals = {(site, kind): total for site in SITES for kind, total in wanted.items()}
    with closing(connect(database)) as made, closing(Secure(kafka, topic, tmp_path).uplink()) as uplink:
        schema.migrate(made)
        more = f"raw: {{enabled: true, config: {folder}}}\n"
        workers = Workers(write_config(tmp_path / "config", kafka.servers, topic, database, more), tmp_path)
        admin = AdminClient({"bootstrap.servers": kafka.servers})
        for number in (1, 2):
            workers.start(number)
        try:
            for operation in (AclOperation.DESCRIBE, AclOperation.WRITE):
                _done(admin.create_acls([_rule(topic, f"User:{USER}", operation, AclPermissionType.ALLOW)]))
            until(lambda: _writes(uplink, begin), "the uplinks' user may write")
            shut = _rule(topic, ANYBODY, AclOperation.WRITE, AclPermissionType.DENY)
            _done(admin.create_acls([shut]))
            until(lambda: not _writes(uplink, begin[:1]), "nobody may write")
            with pytest.raises(Unavailable, match="authorization failed"):
                uplink.write(rest)
            high = len(read_topic(kafka.servers, topic))
            until(lambda: made.execute(READ).fetchall() == [(high,)], "nothing waits")
            admin.create_partitions([NewPartitions(topic, 12)])[topic].result(DEADLINE_S)
            _done(admin.delete_acls([_filter(shut)]))
            until(lambda: _writes(uplink, rest), "writing is allowed again")
            until(lambda: {(s, t): n for s, t, n in made.execute(COUNTS).fetchall()} == totals, "all is counted")
        finally:
            workers.stop()
        faults = made.execute(FAULTS).fetchall()
        used = made.execute("SELECT count(*) FROM log_positions WHERE partition > 5 AND next_offset > 0").fetchall()

    assert [] == [each for each in faults if "two readers need two names" not in each[0]]
    assert used > [(0,)]


def _writes(uplink: KafkaLog, entries: list[Entry]) -> bool:
    """Whether the log takes the records now; what a node has not heard of yet is neither allowed nor denied there."""
    try:
        uplink.write(entries)
    except Unavailable:
        return False
    return True


def _rule(topic: str, who: str, operation: AclOperation, permission: AclPermissionType) -> AclBinding:
    return AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, who, "*", operation, permission)


def _filter(rule: AclBinding) -> AclBindingFilter:
    of = rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host
    return AclBindingFilter(*of, rule.operation, rule.permission_type)


def _done(asked: dict[AclBinding, Future[None]] | dict[AclBindingFilter, Future[list[AclBinding]]]) -> None:
    answers: Iterable[Future[None] | Future[list[AclBinding]]] = asked.values()
    for answer in answers:
        answer.result(DEADLINE_S)
