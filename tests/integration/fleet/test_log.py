"""One member of the group at a real Kafka: what it was given it reads, all of it, from where it was claimed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer

from fleet.settings import LogSettings
from fleet.worker.log import Log
from tests.support.kafka import Kafka

PARTITIONS, MEMBERS, DEADLINE_S = 100, 6, 60.0


class NeverPaused(Consumer):
    """The client, without what leaves a partition paused for ever now and then (librdkafka issue 5591)."""

    def pause(self, *_: Any) -> None:
        """Refuse."""
        raise AssertionError("a partition is paused")

    resume = pause


@pytest.fixture
def full(kafka: Kafka) -> str:
    """Return a topic of many partitions with a record in each."""
    name = f"log.{secrets.token_hex(4)}"
    kafka.make_topic(name, PARTITIONS)
    producer = Producer({"bootstrap.servers": kafka.servers})
    for partition in range(PARTITIONS):
        producer.produce(name, b"first", partition=partition)
    assert producer.flush(DEADLINE_S) == 0
    return name


@contextmanager
def _member(kafka: Kafka, topic: str, group: str) -> Iterator[Log]:
    settings = LogSettings(servers=kafka.servers, topic=topic, group=group)
    with closing(Log(settings, at_least=50, at_most=1000)) as log:
        yield log


def _read(log: Log, wanted: set[int]) -> None:
    """Read until a record of each of the partitions has come; each rebalance is answered as a worker does."""
    seen: set[int] = set()
    end = time.monotonic() + DEADLINE_S
    while not wanted <= seen:
        assert time.monotonic() < end, f"nothing has come of {sorted(wanted - seen)}"
        if log.moved:
            log.start_at(dict.fromkeys(log.assigned, 0))
        seen |= {each.partition for each in log.read(0.1)}


def test_each_partition_is_read_however_often_they_move_and_are_held(
    kafka: Kafka, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of a worker's partitions stood still for good: it had been paused, assigned again and resumed."""
    monkeypatch.setattr("fleet.worker.log.Consumer", NeverPaused)
    for number in range(MEMBERS):
        with _member(kafka, full, f"{full}.{number}") as log:
            _read(log, {*range(PARTITIONS)})
            log.hold(0.05)
            _read(log, {*range(PARTITIONS)})


def test_two_members_share_what_one_had(kafka: Kafka, full: str) -> None:
    with _member(kafka, full, full) as one:
        _read(one, {*range(PARTITIONS)})
        with _member(kafka, full, full) as other:
            end = time.monotonic() + DEADLINE_S
            while not (one.assigned and other.assigned and len(one.assigned) + len(other.assigned) == PARTITIONS):
                assert time.monotonic() < end, f"{one.assigned} and {other.assigned}"
                for each in (one, other):
                    if each.moved:
                        each.start_at(dict.fromkeys(each.assigned, 0))
                    each.read(0.1)
            one.moved = other.moved = True  # each claims again, and reads what is now its own
            _read(one, {*one.assigned})
            _read(other, {*other.assigned})


def test_nothing_is_read_before_it_is_claimed_or_while_it_is_held(kafka: Kafka, full: str) -> None:
    with _member(kafka, full, full) as log:
        end = time.monotonic() + DEADLINE_S
        while not log.assigned:
            assert time.monotonic() < end, "no partition is assigned"
            assert [] == log.read(0.1)
        assert [] == log.read(0.2)
        log.start_at({0: 1, 1: 0})
        _read_only(log, {1})
        log.hold(0.2)
        assert log.moved
        assert [] == log.read(0.2)
        log.start_at({0: 0, 1: 1})
        _read_only(log, {0})


def _read_only(log: Log, wanted: set[int]) -> None:
    """Read what is there; it is of these partitions alone."""
    end = time.monotonic() + DEADLINE_S
    while not (found := log.read(0.1)):
        assert time.monotonic() < end, "nothing is read"
    assert wanted == {each.partition for each in [*found, *log.read(0.3)]}
