"""What the gateway is configured with: its file, and the files with secrets that it names."""

from __future__ import annotations

from services.gateway.adapters.secret_files import read_keys
from services.gateway.settings import FILE, GatewaySettings
from shared.context import Context
from shared.settings import ConfigError, read_settings


def read(context: Context) -> GatewaySettings:
    """Return the settings; raises ConfigError, also where a file with a secret cannot be used."""
    settings = read_settings(context.folder, FILE, GatewaySettings, context.environ)
    _, faults = read_keys(settings.http, where(context))
    if faults:
        raise ConfigError(faults)
    return settings


def where(context: Context) -> str:
    """Return the file's path, as faults name it."""
    return str(context.folder / f"{FILE}.yaml")
