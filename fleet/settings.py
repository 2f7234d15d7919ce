"""``config/fleet.yaml``: where the log and the database are, what is kept, and the rules over many sites."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.config_files import files_of
from shared.messages import Severity
from shared.names import DottedName, Label, Name
from shared.settings import ConfigError, Fault, Settings, read_settings
from shared.small_file import read_small

Minutes = Annotated[float, Field(gt=0, le=527_040)]


class LogSettings(Settings):
    """How Kafka is reached. ``password_file`` and ``user`` are for SASL, ``ca_file`` for TLS."""

    servers: str = Field("localhost:9092", max_length=4096)
    topic: Name = "upskeep.site"
    group: Name = "upskeep-fleet"
    session_s: Annotated[float, Field(ge=1, le=300)] = (
        10.0  # a worker that is silent for so long has lost its partitions
    )
    protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    user: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class DatabaseSettings(Settings):
    """How PostgreSQL is reached; the password comes from a file, a ``.pgpass`` or the server's own rules."""

    url: str = Field("postgresql:///upskeep", max_length=4096)
    password_file: Path | None = None


class RuleSettings(Settings):
    """What every rule has: how bad it is, in which regions it is looked at (all)."""

    severity: Severity = Severity.ERROR
    summary: str = Field("", max_length=1000)


class ShareRule(RuleSettings):
    """More than ``share`` of a region's sites had an event of ``type`` within the window, by the events' own times."""

    type: DottedName
    share: Annotated[float, Field(gt=0, lt=1)]
    within_minutes: Minutes = 10
    least_sites: Annotated[int, Field(ge=1)] = 3  # a region of fewer is not judged


class SilentRule(RuleSettings):
    """More than ``more_than`` sites of a region were not heard for so long, by the centre's clock."""

    hours: Annotated[float, Field(gt=0, le=8784)] = 24
    more_than: Annotated[int, Field(ge=0)] = 0


class RuntimeRule(RuleSettings):
    """More than ``more_than`` sites of the fleet are on battery and have less than ``below_minutes`` left."""

    below_minutes: Minutes = 30
    more_than: Annotated[int, Field(ge=0)] = 0


class RulesSettings(Settings):
    """The rules by their names, by kind."""

    share: dict[Label, ShareRule] = Field(default_factory=dict)
    silent: dict[Label, SilentRule] = Field(default_factory=dict)
    runtime: dict[Label, RuntimeRule] = Field(default_factory=dict)
    every_s: Annotated[float, Field(gt=0, le=3600)] = 2.0


class RawSettings(Settings):
    """Sites that only read: whether their frames are processed here, and by which rules.

    ``config`` is a folder of what event_processor of such a site would read: event_processor.yaml, events.yaml,
    pipeline.yaml, boards.yaml, sensor_reader.yaml. ``own``: other folders, each with patterns of the sites that it is
    for; the first that fits counts.
    """

    enabled: bool = False
    config: Path | None = None
    own: dict[Path, tuple[str, ...]] = Field(default_factory=dict, max_length=1000)
    max_devices: Annotated[int, Field(ge=1, le=1000)] = 100  # of a site
    clock_tolerance_h: Annotated[float, Field(gt=0, le=8784)] = (
        24.0  # how far ahead of the centre's clock a frame may be
    )

    @model_validator(mode="after")
    def _by_rules(self) -> RawSettings:
        if self.enabled and self.config is None:
            raise ValueError(
                "enabled needs config: the folder with the event_processor.yaml of the sites that only read"
            )
        return self


class FleetSettings(Settings):
    """The whole file."""

    log: LogSettings = LogSettings()
    database: DatabaseSettings = DatabaseSettings()
    keep_days: Annotated[int, Field(ge=2, le=36_600)] = 400
    max_sites: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 4000
    read_records: Annotated[int, Field(ge=1, le=1_000_000)] = 200_000
    batch_wait_s: Annotated[float, Field(gt=0, le=60)] = 0.2
    regions: dict[Label, tuple[str, ...]] = Field(default_factory=dict)
    rules: RulesSettings = RulesSettings()
    raw: RawSettings = RawSettings()

    @property
    def signals(self) -> frozenset[str]:
        """The types of events that rules look at."""
        return frozenset(rule.type for rule in self.rules.share.values())


def read_fleet(folder: Path, environ: Mapping[str, str]) -> FleetSettings:
    """Return the settings, those that come with Upskeep where the folder has none; raises ConfigError."""
    if not files_of(folder, "fleet", environ):
        raise ConfigError(
            [Fault(str(folder / "fleet.yaml"), "", "no such file; copy it from the project's config folder")]
        )
    return read_settings(folder, "fleet", FleetSettings, environ)


def secret(path: Path | None, where: str) -> str | None:
    """Return what a file of a password holds; raises ConfigError."""
    if path is None:
        return None
    try:
        return read_small(path).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault("fleet.yaml", where, f"{path} cannot be read: {error}")]) from None
