"""``config/suite.yaml``: what every service needs to know — the site, the broker, where data lives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from shared.names import Name
from shared.places import data_folder
from shared.services import READER, UPLINK, suite_of
from shared.settings import Settings
from shared.topics import Topics


class BrokerSettings(Settings):
    """How to reach the broker. ``protocol`` auto means MQTT 5, and 3.1.1 where that is refused.

    ``ca_file`` holds the authorities to trust (PEM; without it the system's). ``cert_file`` and ``key_file`` are this
    client's certificate and key for mutual TLS; ``cert_file`` may hold both.
    """

    url: str = "mqtt://localhost:1883"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 30

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("must look like mqtt://host:1883 or mqtts://host:8883")
        if parts.password:
            raise ValueError("must not hold a password; put it into a file and name that as password_file")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise ValueError("must name a port from 1 to 65535, or none for the usual one")
        return url

    @model_validator(mode="after")
    def _key_with_certificate(self) -> BrokerSettings:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("has key_file without cert_file; name the client's certificate too")
        return self


class DeliverySettings(Settings):
    """Bounds of delivery; see docs/adr and ``shared.delivery``.

    ``consumers`` names the services that a stream's producers wait for, in place of those of ``shared.kinds``.
    ``publish_readings``: whether ``raw/{device}`` and ``sample/{device}`` are published for other programs; no service
    needs them.
    """

    window: int = 2000
    batch: int = 500
    outbox_max_rows: int = 1_000_000
    outbox_max_age_h: float = 24 * 30
    clock_tolerance_h: float = 24
    publish_readings: bool = True
    consumers: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)


class SuiteSettings(Settings):
    """``config/suite.yaml``. ``defaults``: whether its folder holds only what differs from the shipped files.

    ``uplink``: whether this site reports to a fleet (``config/uplink.yaml``); with ``raw`` it only reads, and the fleet
    makes events of its frames.
    """

    site: Name = "home"
    root: str = "upskeep/v1"
    data: Path = Field(default_factory=data_folder)
    defaults: Literal["shipped"] | None = None
    uplink: bool | Literal["raw"] = False
    broker: BrokerSettings = BrokerSettings()
    delivery: DeliverySettings = DeliverySettings()

    @property
    def only_reads(self) -> bool:
        """Whether the site's frames are processed at the centre of a fleet, and nothing here makes events of them."""
        return self.uplink == "raw"

    @property
    def services(self) -> tuple[str, ...]:
        """The services that always run at this site, in the order of the flow."""
        return (READER, UPLINK) if self.only_reads else suite_of()

    def awaited(self, stream: str, consumers: Sequence[str]) -> tuple[str, ...]:
        """Return whom a stream's producers wait for, of ``consumers``: who run here, and the uplink for its own."""
        usual = () if self.only_reads else tuple(consumers)
        others = tuple(name for name in self.delivery.consumers.get(stream, usual) if name != UPLINK)
        takes = self.uplink and UPLINK in consumers and stream in self.uplink_streams
        return (*others, UPLINK) if takes else others

    @property
    def uplink_streams(self) -> tuple[str, ...]:
        """The streams that the uplink applies, where there is one."""
        return ("raw",) if self.only_reads else ("event",)

    @property
    def topics(self) -> Topics:
        """The topic tree of this site."""
        return Topics(self.root, self.site)

    @property
    def replay_topics(self) -> Topics:
        """Where history is played again: a root of its own, below which no service listens."""
        return Topics(f"replay/{self.root}", self.site)
