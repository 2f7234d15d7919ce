"""The supervisor's configuration: its actuators and their limits."""

from __future__ import annotations

from services.climate_supervisor.settings import FILE, SupervisorSettings
from shared.context import Context
from shared.settings import read_settings


def read(context: Context) -> SupervisorSettings:
    """Return the settings; raises ConfigError with every fault."""
    return read_settings(context.folder, FILE, SupervisorSettings, context.environ)
