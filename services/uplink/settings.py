"""``config/uplink.yaml``: where the fleet's log is, how this site logs in there, and how fast records leave.

Whether there is an uplink at all stands in ``suite.yaml`` (``uplink``), for event_processor must wait for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from shared.placed_error import PlacedError
from shared.settings import Settings
from shared.site_records import TOPIC

FILE = "uplink"
Seconds = Annotated[float, Field(gt=0, le=3600)]


class TlsSettings(Settings):
    """``tls``: encryption. ``ca_file``: whom to trust, else the system's; the other two are for mutual TLS."""

    enabled: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> TlsSettings:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together; give both or neither")
        if not self.enabled and (self.ca_file or self.cert_file):
            raise ValueError("names files, and enabled is false: write `enabled: true`, or take them out")
        return self


class SaslSettings(Settings):
    """``sasl``: the login. Without a user name there is none."""

    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> SaslSettings:
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file go together; give both or neither")
        return self


class UplinkSettings(Settings):
    """``config/uplink.yaml``."""

    servers: Annotated[tuple[str, ...], Field(max_length=32)] = ()
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=249)] = TOPIC
    tls: TlsSettings = TlsSettings()
    sasl: SaslSettings = SaslSettings()
    records_per_second: Annotated[float, Field(ge=1, le=100_000)] = 200.0
    batch_records: Annotated[int, Field(ge=1, le=10_000)] = 500
    state_every_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    raw_every_s: Annotated[float, Field(ge=0, le=3600)] = 5.0
    timeout_s: Seconds = 30.0
    idle_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    longest_wait_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    max_records: Annotated[int, Field(ge=1000)] = 1_000_000

    @field_validator("servers")
    @classmethod
    def _addresses(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        for number, server in enumerate(servers):
            host, _, port = server.rpartition(":")
            if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65_536 or "," in server:
                raise PlacedError(((number,), f"must look like kafka-1.example.org:9092 (got {server[:60]!r})"))
        return servers

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> UplinkSettings:
        if self.sasl.mechanism == "PLAIN" and self.sasl.username and not self.tls.enabled:
            reason = "PLAIN sends the password as it is: it needs tls.enabled, or SCRAM-SHA-512"
            raise PlacedError((("sasl", "mechanism"), reason))
        return self
