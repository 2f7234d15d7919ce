"""``config/event_counters.yaml``: how long history is kept, limits for events per hour and day, reports, health.

Two services read it: ``alert_thresholds`` is the alerter's, the other sections are counter_store's. Each checks the
whole file, so that a fault is reported whoever starts first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.messages import AnyCaseSeverity, Severity
from shared.settings import Settings
from shared.topics import NAME

FILE = "event_counters"
TOTALS = "upskeep_counters"  # the first key of a storage_file that counter_store wrote


def _as_type(name: str) -> str:
    if not NAME.match(name):
        raise ValueError("is no event type: it may hold only letters, digits, _ . and -")
    return name


EventType = Annotated[str, AfterValidator(_as_type)]
Limit = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Positive = Annotated[int, Field(strict=True, gt=0)]


def below(data: Path, path: Path) -> Path:
    """Return a path of the file: ``data/`` at its beginning is the folder of everything kept, wherever that is."""
    return data.joinpath(*path.parts[1:]) if path.parts[:1] == ("data",) else path


class CountingSettings(Settings):
    """``event_counters``: how long and how much history is kept; the file of the totals (null: none), its seconds."""

    storage_file: Path | None = Path("data/event_counters.json")
    auto_save_interval: Positive = 300
    history_retention_days: Positive = 365
    max_history_per_event: Positive = 10_000

    def file(self, data: Path) -> Path | None:
        """Return where the totals are written as a file, None for nowhere."""
        return None if self.storage_file is None else below(data, self.storage_file)


class ThresholdSettings(Settings):
    """``alert_thresholds.<TYPE>``: how many events are still all right in any hour and any 24 hours.

    ``per``: ``site`` counts those of all devices together, ``device`` each device's for themselves, ``incident`` the
    events of one incident (two UPSs on the same mains) once.
    """

    daily: Limit | None = None
    hourly: Limit | None = None
    severity: AnyCaseSeverity = Severity.WARNING
    per: Literal["site", "device", "incident"] = "site"

    @model_validator(mode="after")
    def _some_limit(self) -> ThresholdSettings:
        if self.daily is None and self.hourly is None:
            raise ValueError("has no limit; give daily, hourly or both")
        return self


ReportFormat = Literal["json", "csv", "markdown", "html"]


class ReportingSettings(Settings):
    """``reporting``: which reports are made, where they are put and in which formats."""

    auto_generate_daily_report: bool = True
    auto_generate_weekly_report: bool = True
    report_output_directory: Path = Path("data/reports/")
    export_formats: tuple[ReportFormat, ...] = ("json", "csv")

    def folder(self, data: Path) -> Path:
        """Return where reports go."""
        return below(data, self.report_output_directory)


class HealthSettings(Settings):
    """``health_scoring``: by which formula and how often (seconds) the score is calculated; what a trend needs.

    ``standard`` counts how often and how long, ``seed`` has the UPS Monitor's weights (docs/health.md).
    """

    enabled: bool = True
    formula: Literal["standard", "seed"] = "standard"
    calculation_interval: Positive = 3600
    min_events_for_trend: Positive = 5
    trend_analysis_days: Positive = 30


class EventCountersSettings(Settings):
    """``config/event_counters.yaml``."""

    event_counters: CountingSettings = CountingSettings()
    alert_thresholds: dict[EventType, ThresholdSettings] = Field(default_factory=dict)
    reporting: ReportingSettings = ReportingSettings()
    health_scoring: HealthSettings = HealthSettings()
