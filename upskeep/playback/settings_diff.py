"""How two configurations differ in what a backtest goes by: values as the services read them, not text.

A key left out is its default. Comments, order and spelling (``60`` or ``60.0``) do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from services.alerter.settings import AlertsSettings
from services.event_processor.core.catalogue.event_types import suggestion
from services.event_processor.core.correlation.patterns import PatternRules
from services.event_processor.core.device.boards import Boards, Reader
from services.event_processor.core.pipeline.rules import PipelineRules
from services.event_processor.settings import EventsSettings, ProcessorSettings
from shared.actuators import ActuatorsFile
from shared.climate.zones import Climate
from shared.config_files import files_of
from shared.event_counters import EventCountersSettings
from shared.settings import ConfigError, Fault, read_settings
from shared.suite import SuiteSettings

# File, its model, and the keys that matter; none named: all.
READ: tuple[tuple[str, type[BaseModel], set[str] | None], ...] = (
    ("suite", SuiteSettings, {"site"}),
    ("boards", Boards, None),
    ("sensor_reader", Reader, None),
    ("events", EventsSettings, None),
    ("event_processor", ProcessorSettings, None),
    ("pipeline", PipelineRules, {"filters", "enrichment", "longest_chain"}),
    ("patterns", PatternRules, None),
    ("alerts", AlertsSettings, {"rules"}),
    ("event_counters", EventCountersSettings, {"alert_thresholds"}),
    ("climate", Climate, None),
    ("actuators", ActuatorsFile, {"actuators"}),
)
ABSENT = object()  # a key, or a whole file, that is not there


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs, ``ABSENT`` where there is none. ``path`` is dotted; empty for a whole file."""

    file: str
    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Configuration:
    """A folder, and what lies over it: the environment, and assignments ``FILE.KEY=VALUE`` for existing keys."""

    folder: Path
    ground: Mapping[str, str]
    laid: tuple[str, ...] = ()

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that says the same; raises ConfigError on an assignment that is none."""
        return {**self.ground, **dict(_variable(text) for text in self.laid)}

    def __str__(self) -> str:
        return f"{self.folder} and what --with says" if self.laid else str(self.folder)


def _variable(text: str) -> tuple[str, str]:
    place, sign, value = text.partition("=")
    file, *keys = place.strip().split(".")
    if not sign or not keys:
        raise ConfigError(
            [Fault("--with", "", f"must look like event_counters.alert_thresholds.I2C_ERROR.daily=5 (got {text!r})")]
        )
    known = [name for name, _, _ in READ]
    if file not in known:
        reason = f"a backtest goes by no file {file!r}{suggestion(file, known) or '; known: ' + ', '.join(known)}"
        raise ConfigError([Fault("--with", "", reason)])
    return "__".join((f"UPSKEEP_{file}", *keys)).upper(), value.strip()


def settings_diff(before: Configuration, after: Configuration) -> list[Change]:
    """Return every value that differs, in the order of the files; raises ConfigError."""
    return [
        Change(f"{name}.yaml", ".".join(path), old, new)
        for name, model, keys in READ
        for path, old, new in changes(_values(before, name, model, keys), _values(after, name, model, keys))
    ]


def changes(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield (path, before, after) of each value that differs; what is wholly new or gone is one value."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), (*path, str(key)))
    elif _are_rows(before) and _are_rows(after) and len(before) == len(after):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes(old, new, (*path, str(i)))
    elif before != after:
        yield path, _shown(before), _shown(after)


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _shown(value: Any) -> Any:
    """Leave out what a mapping only has by default: nothing, and empty things."""
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items() if item is not None and item not in ({}, [], ())}
    return [_shown(item) for item in value] if isinstance(value, list) else value


def _values(where: Configuration, name: str, model: type[BaseModel], keys: set[str] | None) -> Any:
    if not files_of(where.folder, name, where.environ):
        return ABSENT
    return read_settings(where.folder, name, model, where.environ).model_dump(mode="json", by_alias=True, include=keys)
