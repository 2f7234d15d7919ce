"""The log by Kafka's protocol.

Rules:
1. Offsets live in the database: the group assigns partitions and nothing else. After the database has a batch, a copy
   of its offsets goes to Kafka, for those who watch the lag.
2. After a rebalance nothing is read until the partitions are claimed anew (``moved``), and what a call had read when it
   came is thrown away: it is read again from the offset of the claim.
3. The client is given partitions when they are claimed, at their offsets, and none to wait: one that is paused and
   assigned again may stay paused for ever, without a word (librdkafka issue 5591; docs/adr/0067).
4. What the client cannot mend itself raises LogBrokenError; that servers are away is no such thing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from fleet.core.reading import Arrival
from fleet.settings import LogSettings
from fleet.worker.log_client import complaints, reach

log = logging.getLogger(__name__)
MOST_BYTES = 128 * 1024 * 1024  # of values, where a read stops, and what the client fetches ahead
PASSING = ("transport failure", "Timed out", "timed out", "Disconnected")


class LogBrokenError(Exception):
    """The log cannot be read, and will not be by waiting."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one partition is read, and how far it goes."""

    partition: int
    behind: int


class Log:
    """One member of the consumer group."""

    def __init__(self, settings: LogSettings, at_least: int, at_most: int) -> None:
        self._topic, self._piece, self._most = settings.topic, at_least, at_most
        self._refusal = ""  # why the log will never be read, once the client's own thread has heard it
        self._consumer = Consumer({**_configuration(settings, at_most), "error_cb": self._on_error})
        self.moved = False
        self.assigned: tuple[int, ...] = ()
        self._consumer.subscribe(
            [settings.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def _on_error(self, error: KafkaError) -> None:
        """Take an error that concerns no single record, which the client reports here alone."""
        if _is_refusal(error):
            self._refusal = self._refusal or error.str()
        else:
            complaints.warning("the log: %s", error.str())

    def _check(self) -> None:
        if self._refusal:
            raise LogBrokenError(
                f"the log does not let us in: {self._refusal}; check user, password_file and ca_file in fleet.yaml"
            )

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.moved, self.assigned = True, tuple(sorted(each.partition for each in partitions))
        consumer.assign([])  # until they are claimed

    def _on_revoke(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        self.moved, self.assigned = True, ()
        consumer.unassign()

    def start_at(self, offsets: Mapping[int, int]) -> None:
        """Read the assigned partitions from these offsets on."""
        self.moved = False
        places = [TopicPartition(self._topic, p, offset) for p, offset in sorted(offsets.items())]
        self._consumer.assign(places)

    def hold(self, seconds: float) -> None:
        """Stay in the group for so long and read nothing: the database is away. ``start_at`` reads on."""
        self._consumer.assign([])
        found = self._consumer.poll(seconds)
        self._check()
        if found is not None and (fault := found.error()) is not None:
            _complain(fault)
        self.moved = True

    def read(self, wait_s: float) -> list[Arrival]:
        """Return what there is within a time, in order within each partition; nothing where partitions ``moved``.

        Of a backlog it is more: what the client has fetched meanwhile, up to the bounds of a read.
        """
        arrived: list[Arrival] = []
        size, found = 0, self._consume(wait_s)
        while not self.moved:
            for each in found:
                if (fault := each.error()) is not None:
                    _complain(fault)
                    continue
                value = _bytes(each.value())
                size += len(value or b"")
                arrived.append(Arrival(each.partition() or 0, each.offset() or 0, _bytes(each.key()), value))
            if len(found) < self._piece or len(arrived) + self._piece > self._most or size > MOST_BYTES:
                return arrived
            found = self._consume(0)
        return []

    def _consume(self, wait_s: float) -> list[Message]:
        try:
            found: list[Message] = self._consumer.consume(self._piece, wait_s)
        except KafkaException as error:
            raise LogBrokenError(str(error.args[0])) from None
        self._check()
        return found

    def publish_position(self, offsets: Mapping[int, int]) -> None:
        """Copy to Kafka how far the database is, for those who watch the group's lag; may fail without harm."""
        marks = [TopicPartition(self._topic, p, offset) for p, offset in offsets.items()]
        try:
            self._consumer.commit(offsets=marks, asynchronous=True)
        except KafkaException as error:
            log.debug("the position is not copied to Kafka: %s", error)

    def lag(self, offsets: Mapping[int, int]) -> list[Lag]:
        """Return the lag of each partition, by the client's last figures."""
        found = []
        for partition, offset in offsets.items():
            _, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), cached=True)
            found.append(Lag(partition, max(0, high - offset)))
        return found

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close()


def _bytes(part: Any) -> bytes | None:
    return part.encode() if isinstance(part, str) else part


def _is_refusal(error: KafkaError) -> bool:
    """Whether a login or a certificate is wrong; a broker that goes away in the midst of a login says it alike."""
    words = error.str()
    if error.code() == KafkaError._SSL:
        return "certificate verify failed" in words
    wrong = error.code() in (KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._AUTHENTICATION)
    return wrong and not any(sign in words for sign in PASSING)


def _complain(error: KafkaError) -> None:
    denied = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)
    if error.fatal() or error.code() in denied or _is_refusal(error):
        raise LogBrokenError(error.str())
    if error.code() != KafkaError._PARTITION_EOF:
        complaints.warning("the log: %s", error.str())


def _configuration(settings: LogSettings, ahead: int) -> dict[str, Any]:
    return {
        **reach(settings),
        "group.id": settings.group,
        "client.id": "upskeep-fleet",
        "queued.min.messages": ahead,
        "queued.max.messages.kbytes": MOST_BYTES // 1024,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "roundrobin",
        "session.timeout.ms": round(settings.session_s * 1000),
        "heartbeat.interval.ms": round(settings.session_s * 300),
        "topic.metadata.refresh.interval.ms": 10_000,  # a topic that comes later, partitions that are added
    }
