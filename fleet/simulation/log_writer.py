"""Simulated records into the log, as fast as it takes them."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fleet.settings import LogSettings
from fleet.simulation.streams import Entry
from fleet.worker.log import LogBrokenError
from fleet.worker.log_client import reach

CONFIRMED_S = 60.0  # how long the last of them may take
AT_ONCE = 10_000


def write(settings: LogSettings, entries: Iterable[Entry]) -> int:
    """Write records, each site's in order; returns how many, or raises LogBrokenError where not all are confirmed."""
    producer = Producer(
        {
            **reach(settings),
            "client.id": "upskeep-fleet-simulate",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",  # as the uplink
            "linger.ms": 20,
            "queue.buffering.max.messages": 10 * AT_ONCE,
            "message.timeout.ms": round(CONFIRMED_S * 1000),
        }
    )
    faults: list[str] = []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None and not faults:
            faults.append(error.str())

    written = 0
    try:
        for _, key, value in entries:
            producer.produce(settings.topic, key=key, value=value, on_delivery=note)
            written += 1
            if written % AT_ONCE == 0 and (producer.flush(CONFIRMED_S) or faults):
                break
        left = producer.flush(CONFIRMED_S)
    except KafkaException as error:
        raise LogBrokenError(error.args[0].str()) from None
    if faults or left:
        raise LogBrokenError(f"not every record is confirmed: {faults[0] if faults else 'the log does not answer'}")
    return written
