"""A log with TLS and a login: an uplink writes to it and a worker counts; a wrong password or certificate is said."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fleet.store import schema
from fleet.store.connection import connect
from services.uplink.core.ports import Entry, Unavailable
from shared.site_records import encode
from tests.support.authority import Authority
from tests.support.fleet_records import event
from tests.support.fleet_secure_log import Secure
from tests.support.fleet_workers import until
from tests.support.kafka import PASSWORD, Kafka

COUNTED = "SELECT coalesce(sum(total), 0)::int FROM counts"


def test_an_uplink_writes_and_a_worker_counts(kafka: Kafka, topic: str, database: str, tmp_path: Path) -> None:
    """Over TLS, each with a login."""
    secure = Secure(kafka, topic, tmp_path)
    with closing(connect(database)) as made, closing(secure.uplink()) as uplink:
        schema.migrate(made)
        uplink.write([Entry(*encode(event("hut-1", seq, "AC_POWER_LOSS"))) for seq in range(1, 11)])
        workers = secure.workers(database)
        workers.start(1)
        try:
            until(lambda: made.execute(COUNTED).fetchone() == (10,), "all is counted")
        finally:
            workers.stop()


@pytest.mark.parametrize(
    ("password", "trusts", "words"),
    [("wrong", True, "SASL authentication error"), (PASSWORD, False, "certificate verify failed")],
    ids=["password", "certificate"],
)
def test_a_wrong_password_and_a_stranger_s_certificate_are_said(
    kafka: Kafka, topic: str, database: str, tmp_path: Path, password: str, trusts: bool, words: str
) -> None:
    """By the uplink, which keeps its records, and by a worker, which ends: waiting mends neither."""
    with closing(connect(database)) as made:
        schema.migrate(made)
    ca = None if trusts else Authority(tmp_path / "theirs").pem
    secure = Secure(kafka, topic, tmp_path, password, ca)
    with closing(secure.uplink(5)) as uplink, pytest.raises(Unavailable, match=words):
        uplink.write([Entry(b"hut", b"1")])
    workers = secure.workers(database)
    workers.start(1)
    try:
        code = workers.running[1].wait(60)
    finally:
        workers.stop()
    assert code == 1
    assert words in workers.said(1).splitlines()[-1]
