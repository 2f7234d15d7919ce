"""A PUBLISH of QoS 0 as bytes (MQTT 3.1.1 and 5, section 3.3)."""

from __future__ import annotations

from functools import lru_cache

from shared.mqtt.wire import Publication

PUBLISH, RETAIN = 0x30, 0x01


def best_effort_packet(publication: Publication, *, no_properties: bool) -> bytes:
    """Return the packet; ``no_properties``: with a set of properties that is empty, as MQTT 5 has it."""
    topic, properties = _topic(publication.topic), b"\0" if no_properties else b""
    length = _length(len(topic) + len(properties) + len(publication.payload))
    flags = PUBLISH | (RETAIN if publication.retain else 0)
    return b"%c%b%b%b%b" % (flags, length, topic, properties, publication.payload)


@lru_cache(maxsize=1024)
def _topic(text: str) -> bytes:
    topic = text.encode()
    return len(topic).to_bytes(2, "big") + topic


@lru_cache(maxsize=4096)
def _length(number: int) -> bytes:
    """Return a variable byte integer: seven bits a byte, lowest first, the eighth says that more follow."""
    digits = bytearray()
    while True:
        number, digit = divmod(number, 128)
        digits.append(digit | 0x80 if number else digit)
        if not number:
            return bytes(digits)
