"""How large a payload may be: no more than any broker passes, also where it is quoted in a resend."""

from __future__ import annotations

PACKET_BYTES = 1_000_000  # brokers end the connection of who sends more than 1 MiB, topic and properties included


def fits(payload: bytes) -> bool:
    """Whether a row of a stream passes, alone and as a text in a resend, where quotes and backslashes count twice."""
    size = len(payload)
    if size > PACKET_BYTES // 2 - 1000:
        size += payload.count(b'"') + payload.count(b"\\")
    return size <= PACKET_BYTES - 2000
