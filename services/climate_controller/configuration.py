"""The controller's configuration: zones and actuators, checked against each other."""

from __future__ import annotations

from services.climate_controller.settings import ControllerSettings
from services.climate_controller.settings import read as read_files
from shared.context import Context


def read(context: Context) -> ControllerSettings:
    """Return the settings; raises ConfigError with every fault."""
    return read_files(context.folder, context.environ)
