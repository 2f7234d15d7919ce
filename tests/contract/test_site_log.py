"""What every SiteLog keeps to: the fake in memory and a real Kafka, by one suite."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from services.uplink.adapters.kafka_log import MOST_BYTES, KafkaLog
from services.uplink.core.ports import Entry, Refused, SiteLog, Unavailable
from services.uplink.settings import UplinkSettings
from tests.support.brokers import free_port
from tests.support.fakes.site_log import FakeSiteLog
from tests.support.kafka import Kafka
from tests.support.site_topics import read_topic

LARGEST = 100_000  # bytes of a record that the logs of these tests take


@dataclass(frozen=True, slots=True)
class Subject:
    """A log, how to look into it, and one like it that is away."""

    log: SiteLog
    entries: Callable[[], list[Entry]]
    away: Callable[[], SiteLog]


def _fake() -> Subject:
    log = FakeSiteLog()

    def away() -> SiteLog:
        other = FakeSiteLog()
        other.away = True
        return other

    log.most_bytes = LARGEST
    return Subject(log, lambda: log.entries, away)


def _real(kafka: Kafka) -> Subject:
    topic = f"log.{secrets.token_hex(4)}"
    kafka.make_topic(topic, 3, **{"max.message.bytes": str(LARGEST)})
    settings = UplinkSettings(servers=tuple(kafka.servers.split(",")), topic=topic)
    nowhere = UplinkSettings(servers=(f"127.0.0.1:{free_port()}",), topic=topic, timeout_s=1)
    return Subject(
        KafkaLog(settings, "test"), lambda: read_topic(kafka.servers, topic), lambda: KafkaLog(nowhere, "test")
    )


@pytest.fixture(params=["fake", "kafka"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each log in turn."""
    found = _fake() if request.param == "fake" else _real(request.getfixturevalue("kafka"))
    yield found
    found.log.close()


def entries(numbers: range, key: bytes = b"hut") -> list[Entry]:
    return [Entry(key, b"%d" % number) for number in numbers]


def test_what_was_written_is_there_in_order(subject: Subject) -> None:
    """Once ``write`` returns, and batch after batch."""
    subject.log.write(entries(range(300)))
    subject.log.write(entries(range(300, 310)))
    assert entries(range(310)) == subject.entries()


def test_of_each_key_the_order_is_kept(subject: Subject) -> None:
    """Whatever else travels with it."""
    pairs = zip(entries(range(50), b"a"), entries(range(50), b"b"), strict=True)
    subject.log.write([entry for pair in pairs for entry in pair])
    found = subject.entries()
    assert [entries(range(50), key) for key in (b"a", b"b")] == [
        [entry for entry in found if entry.key == key] for key in (b"a", b"b")
    ]


@pytest.mark.parametrize("size", [LARGEST + 1000, MOST_BYTES + 1], ids=["for the topic", "for the client"])
def test_what_is_too_large_is_refused_and_the_log_goes_on(subject: Subject, size: int) -> None:
    """Alone or with others; those can be written afterwards."""
    large = Entry(b"hut", secrets.token_bytes(size))
    with pytest.raises(Refused):
        subject.log.write([*entries(range(1)), large])
    with pytest.raises(Refused):
        subject.log.write([large])
    subject.log.write(entries(range(1, 3)))
    assert entries(range(1, 3)) == subject.entries()[-2:]


def test_a_log_that_is_away_is_unavailable_with_a_reason(subject: Subject) -> None:
    """And again at the next attempt."""
    log = subject.away()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"."):
            log.write(entries(range(3)))
    log.close()


def test_it_may_be_closed_twice_and_unused(subject: Subject) -> None:
    """Whatever it did before."""
    subject.log.write(entries(range(1)))
    subject.log.close()
    subject.log.close()
    subject.away().close()
