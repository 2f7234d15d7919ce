"""A log with TLS and a login: an uplink writes to it and a worker counts; a wrong password or certificate is said."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fleet.store import schema
from fleet.store.connection import connect
from services.uplink.adapters.kafka_log import KafkaLog
from services.uplink.core.ports import Entry, Unavailable
from services.uplink.settings import UplinkSettings
from shared.site_records import encode
from tests.support.authority import Authority
from tests.support.fleet_records import event
from tests.support.fleet_workers import Workers, until
from tests.support.kafka import PASSWORD, USER, Kafka

COUNTED = "SELECT coalesce(sum(total), 0)::int FROM counts"


class Secure:
    """How a client reaches the secure listener, with a password and an authority of one's choice."""

    def __init__(
        self, kafka: Kafka, topic: str, folder: Path, password: str = PASSWORD, ca: Path | None = None
    ) -> None:
        assert kafka.authority is not None
        self.server, self.topic, self.folder = f"127.0.0.1:{kafka.nodes[0].secure}", topic, folder
        self.ca = ca or kafka.authority.pem
        self.password_file = folder / "password"
        self.password_file.write_text(password)

    def uplink(self, timeout_s: float = 30) -> KafkaLog:
        tls = {"enabled": True, "ca_file": self.ca}
        sasl = {"username": USER, "password_file": self.password_file}
        found = {"servers": (self.server,), "topic": self.topic, "tls": tls, "sasl": sasl, "timeout_s": timeout_s}
        return KafkaLog(UplinkSettings.model_validate(found), "hut")

    def workers(self, database: str = "postgresql:///none") -> Workers:
        config = self.folder / "config"
        config.mkdir()
        log = f"{{servers: '{self.server}', topic: {self.topic}, group: {self.topic}, protocol: sasl_ssl, user: {USER},"
        log += f" password_file: '{self.password_file}', ca_file: '{self.ca}'}}"
        (config / "fleet.yaml").write_text(f"log: {log}\ndatabase: {{url: '{database}'}}\n", encoding="utf-8")
        return Workers(config, self.folder)


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
