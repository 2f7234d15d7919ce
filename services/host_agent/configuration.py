"""The agent's configuration; it also checks that the programs to run exist."""

from __future__ import annotations

import shutil

from services.host_agent.settings import FILE, HostAgentSettings
from shared.config_lines import Lines
from shared.context import Context
from shared.settings import ConfigError, read_settings


def read(context: Context) -> HostAgentSettings:
    """Return the settings; raises ConfigError, also if a program to run (without ``dry_run``) does not exist."""
    settings = read_settings(context.folder, FILE, HostAgentSettings, context.environ)
    own = Lines(context.folder, FILE, context.environ)
    faults = [
        own.fault(where, f"there is no program {program.run[0]!r} to run here")
        for where, program in settings.programs
        if not settings.dry_run and shutil.which(program.run[0]) is None
    ]
    if faults:
        raise ConfigError(faults)
    return settings
