"""A PUBLISH of QoS 0 as bytes (MQTT 3.1.1 and 5, section 3.3)."""

from __future__ import annotations

from shared.mqtt.wire import Publication

PUBLISH, RETAIN = 0x30, 0x01


def best_effort_packet(publication: Publication, *, no_properties: bool) -> bytes:
    """Return the packet; ``no_properties``: with a set of properties that is empty, as MQTT 5 has it."""
    topic = publication.topic.encode()
    body = b"%b%b%b%b" % (len(topic).to_bytes(2, "big"), topic, b"\0" if no_properties else b"", publication.payload)
    return b"%c%b%b" % (PUBLISH | (RETAIN if publication.retain else 0), _length(len(body)), body)


def _length(number: int) -> bytes:
    """Return a variable byte integer: seven bits a byte, lowest first, the eighth says that more follow."""
    digits = bytearray()
    while True:
        number, digit = divmod(number, 128)
        digits.append(digit | 0x80 if number else digit)
        if not number:
            return bytes(digits)
