"""A best-effort message as bytes, and rows that leave without being read back."""

from __future__ import annotations

from contextlib import closing

import pytest

from shared.delivery.fresh_rows import MOST_ROWS
from shared.delivery.records import Records, Row
from shared.ledger import Ledger
from shared.messages import Continued
from shared.mqtt.best_effort import best_effort_packet
from shared.mqtt.wire import Publication


@pytest.mark.parametrize(
    ("publication", "version_5", "packet"),
    [
        (Publication("a/b", b"{}", qos=0), False, b"\x30\x07\x00\x03a/b{}"),
        (Publication("a/b", b"{}", qos=0), True, b"\x30\x08\x00\x03a/b\x00{}"),
        (Publication("a", b"x" * 124, retain=True, qos=0), False, b"\x31\x7f\x00\x01a" + b"x" * 124),
        (Publication("a", b"x" * 125, qos=0), False, b"\x30\x80\x01\x00\x01a" + b"x" * 125),
        (Publication("a", b"x" * 16_381, qos=0), False, b"\x30\x80\x80\x01\x00\x01a" + b"x" * 16_381),
    ],
)
def test_a_packet_is_as_the_standard_has_it(publication: Publication, version_5: bool, packet: bytes) -> None:
    """Its length takes one byte more from 128 on, and from 16,384 on."""
    assert packet == best_effort_packet(publication, no_properties=version_5)


def rows(first: int, last: int) -> list[Row]:
    return [Row("raw", seq, "upskeep/v1/home/raw/ups", b"%d" % seq, None, 1.5) for seq in range(first, last + 1)]


@pytest.mark.parametrize("count", [3, MOST_ROWS + 1])
def test_rows_are_the_same_whether_they_are_still_here_or_read_back(count: int) -> None:
    """At their first reading, at a second, and where only some were here."""
    with closing(Ledger(":memory:")) as ledger:
        records = Records(ledger)
        with ledger.transaction():
            records.append(rows(1, count))

        assert rows(1, 2) == records.read("raw", range(1, 3))
        assert rows(1, count) == records.read("raw", range(1, count + 1))
        assert rows(3, count) == records.read("raw", range(3, count + 1))


def test_rows_of_a_new_epoch_are_those_that_bear_it() -> None:
    """Nothing that bears the old one leaves from memory."""
    with closing(Ledger(":memory:")) as ledger:
        records = Records(ledger)
        payload = b'{"epoch":"%b"}' % records.epoch.encode()
        with ledger.transaction():
            records.append([Row("raw", 1, "t", payload, None, 1.5)])
            records.renew_epoch(Continued(epoch=records.epoch, start={}, end={"raw": 1}))

        assert b'{"epoch":"%b"}' % records.epoch.encode() == records.read("raw", range(1, 2))[0].payload
