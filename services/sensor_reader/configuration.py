"""What the reader is configured with: its files, and the source and speed that the environment names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.sensor_reader.settings import Configuration, load
from shared.context import Context
from shared.settings import ConfigError, Fault

if TYPE_CHECKING:
    from services.sensor_reader.adapters.sources.open_source import OpenedSource


@dataclass(frozen=True, slots=True)
class ReaderSetup:
    """The configuration, and the source as the environment or the file names it."""

    configuration: Configuration
    source: str
    speed: float | None
    opened: list[OpenedSource] = field(default_factory=list)


def read(context: Context) -> ReaderSetup:
    """Return the settings with ``UPSKEEP_SOURCE`` and ``UPSKEEP_SPEED`` laid over them."""
    configuration = load(context.folder, context.environ)
    source = context.environ.get("UPSKEEP_SOURCE") or configuration.reader.source
    text = context.environ.get("UPSKEEP_SPEED")
    return ReaderSetup(configuration, source, configuration.reader.speed if not text else read_speed(text))


def read_speed(text: str) -> float | None:
    """Return a speed as the command line has it: a positive number, or None for ``max``; raises ConfigError."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ConfigError([Fault("speed", "", f"must be a number above 0, or max (got {text!r})")])
    return speed
