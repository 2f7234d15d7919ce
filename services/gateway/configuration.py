"""What the gateway is configured with: its file, and the files with secrets that it names."""

from __future__ import annotations

from services.gateway.adapters.secret_files import read_keys
from services.gateway.settings import FILE, GatewaySettings
from shared.config_lines import Lines
from shared.context import Context
from shared.settings import ConfigError, read_settings


def read(context: Context) -> GatewaySettings:
    """Return the settings; raises ConfigError, also where a file with a secret cannot be used."""
    settings = read_settings(context.folder, FILE, GatewaySettings, context.environ)
    _, faults = read_keys(settings.http, lines(context))
    if faults:
        raise ConfigError(faults)
    return settings


def lines(context: Context) -> Lines:
    """Return what finds the lines of the gateway's file."""
    return Lines(context.folder, FILE, context.environ)
