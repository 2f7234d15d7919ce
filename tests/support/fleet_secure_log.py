"""A client of the secure listener: an uplink or workers over TLS, with a login."""

from __future__ import annotations

from pathlib import Path

from services.uplink.adapters.kafka_log import KafkaLog
from services.uplink.settings import UplinkSettings
from tests.support.fleet_workers import Workers
from tests.support.kafka import PASSWORD, USER, Kafka


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
