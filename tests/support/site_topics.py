"""What a topic of the fleet's log holds, read without a consumer group."""

from __future__ import annotations

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from services.uplink.core.ports import Entry

DEADLINE_S = 60.0


def read_topic(servers: str, topic: str) -> list[Entry]:
    """Return every entry up to the end as it is now: of each partition in its order."""
    reader = Consumer({"bootstrap.servers": servers, "group.id": "none", "enable.auto.commit": False, "log_level": 0})
    try:
        partitions = reader.list_topics(topic, timeout=DEADLINE_S).topics[topic].partitions
        ends = {n: reader.get_watermark_offsets(TopicPartition(topic, n), timeout=DEADLINE_S)[1] for n in partitions}
        reader.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in partitions])
        left = {n for n, end in ends.items() if end > 0}
        found: dict[int, list[Entry]] = {n: [] for n in partitions}
        deadline = time.monotonic() + DEADLINE_S
        while left and time.monotonic() < deadline:
            message = reader.poll(0.5)
            if message is None or message.error() is not None:
                continue
            number, offset = message.partition() or 0, message.offset() or 0
            if offset < ends[number]:
                found[number].append(Entry(message.key() or b"", message.value() or b""))
            if offset >= ends[number] - 1:
                left.discard(number)
        assert not left, f"{topic}: not read to its end within {DEADLINE_S} s"
        return [entry for number in sorted(found) for entry in found[number]]
    finally:
        reader.close()
