"""``config/counter_store.yaml``: whether and where points go, and how many wait while InfluxDB is unreachable.

``event_counters.yaml`` has how events are kept and judged, ``events.yaml`` which type ends which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator, model_validator

from services.counter_store.core.policy import StorePolicy, ends_of
from shared.config_lines import Lines
from shared.event_counters import FILE, EventCountersSettings
from shared.event_text.load import load_event_texts
from shared.event_text.texts import EventTexts
from shared.extras import is_missing, needs
from shared.settings import ConfigError, Fault, Settings, read_one_of

_NEEDED = {"v2": ("org", "bucket", "token_file"), "v1": ("database",)}


class InfluxSettings(Settings):
    """InfluxDB. ``v2`` is /api/v2/write (1.8 and later, 2, 3), ``v1`` is /write (any 1.x).

    ``readings_to`` names a second bucket or database for readings, with a retention of ``readings_days`` (0: for ever).
    ``setup`` lets the service make missing ones.
    """

    enabled: bool = False
    api: Literal["v2", "v1"] = "v2"
    url: str = "http://localhost:8086"
    ca_file: Path | None = None
    org: str | None = None
    bucket: str | None = None
    token_file: Path | None = None
    database: str | None = None
    readings_to: str | None = None
    readings_days: int = Field(0, ge=0, le=36_500)
    setup: bool = True
    username: str | None = None
    password_file: Path | None = None
    timeout_s: float = Field(10.0, gt=0, le=300)
    batch_points: int = Field(5000, ge=1, le=50_000)
    idle_s: float = Field(1.0, gt=0, le=60)
    longest_wait_s: float = Field(60.0, ge=1, le=3600)
    max_pending_points: int = Field(1_000_000, ge=1000)
    max_refused_points: int = Field(10_000, ge=1)

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("must look like http://host:8086 or https://host")
        if parts.username or parts.password:
            raise ValueError("must not hold a name or password; use username and password_file, or token_file")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [key for key in _NEEDED[self.api] if not getattr(self, key)]
        if self.enabled and missing:
            raise ValueError(f"enabled with api {self.api} also needs {', '.join(missing)}")
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file go together; give both or neither")
        if self.readings_to is not None and self.readings_to == self.place:
            raise ValueError(f"readings_to must be another place than {self.place}; leave it out to keep all in one")
        if self.readings_days and self.readings_to is None:
            raise ValueError("readings_days needs readings_to: in one place with them events would be forgotten too")
        return self

    @property
    def place(self) -> str | None:
        """The bucket or database of all points, or all but readings with ``readings_to``."""
        return self.bucket if self.api == "v2" else self.database

    def at(self, place: str) -> InfluxSettings:
        """Return the settings with another bucket or database."""
        return self.model_copy(update={"bucket" if self.api == "v2" else "database": place, "readings_to": None})


class CounterStoreSettings(Settings):
    """``config/counter_store.yaml``."""

    influx: InfluxSettings = InfluxSettings()


class EventTypeSettings(BaseModel):
    """What the store needs of an event type in ``events.yaml``; event_processor checks the file as a whole."""

    clears: tuple[str, ...] = ()


class EventTypesSettings(BaseModel):
    """``config/events.yaml``, as far as the store needs it."""

    events: dict[str, EventTypeSettings] = {}


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """All settings of the service."""

    store: CounterStoreSettings
    counting: EventCountersSettings
    policy: StorePolicy


def load(folder: Path, environ: Mapping[str, str]) -> LoadedSettings:
    """Return the settings of the three files in ``folder``; raises ConfigError with every fault of all of them."""
    faults: list[Fault] = []
    store = read_one_of(folder, "counter_store", CounterStoreSettings, environ, faults)
    counting = read_one_of(folder, FILE, EventCountersSettings, environ, faults)
    kinds = read_one_of(folder, "events", EventTypesSettings, environ, faults)
    if store is None or counting is None or kinds is None:
        raise ConfigError(faults)
    if store.influx.enabled and store.influx.api == "v2" and is_missing("influxdb_client"):
        own = Lines(folder, "counter_store", environ)
        raise ConfigError([own.fault(("influx", "api"), f"v2 {needs('influxdb_client')}")])
    return LoadedSettings(store, counting, policy_of(counting, kinds, load_event_texts(folder, environ)))


def policy_of(
    counting: EventCountersSettings, kinds: EventTypesSettings, texts: EventTexts = MappingProxyType({})
) -> StorePolicy:
    """Return the settings as the core needs them."""
    history, health = counting.event_counters, counting.health_scoring
    return StorePolicy(
        history_days=history.history_retention_days,
        history_per_type=history.max_history_per_event,
        health_enabled=health.enabled,
        health_formula=health.formula,
        health_interval_s=health.calculation_interval,
        trend_days=health.trend_analysis_days,
        trend_min_events=health.min_events_for_trend,
        catalogue=frozenset(kinds.events),
        texts=texts,
        ended_by=ends_of({name: kind.clears for name, kind in kinds.events.items()}),
    )
