"""Where configuration and data lie when nobody says: as the platform expects it, and in a checkout beside the code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from shared.shipped import HOME

CONFIG, DATA, STATE = "UPSKEEP_CONFIG", "UPSKEEP_DATA", "STATE_DIRECTORY"  # the last is set by systemd
SYSTEM_CONFIG, SYSTEM_DATA = Path("/etc/upskeep"), Path("/var/lib/upskeep")
IN_CHECKOUT = (HOME / "pyproject.toml").is_file()


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the YAML files: the one that is named, the machine's where there is one, the user's own."""
    if named := environ.get(CONFIG):
        return Path(named)
    if IN_CHECKOUT:
        return Path("config")
    return SYSTEM_CONFIG if SYSTEM_CONFIG.is_dir() else user_config(environ)


def user_config(environ: Mapping[str, str]) -> Path:
    """Return the user's own folder of YAML files, by the XDG rules."""
    return _xdg(environ, "XDG_CONFIG_HOME", ".config")


def is_platforms(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether a folder is one of those that are looked for by themselves, outside a checkout."""
    return folder.absolute() in (SYSTEM_CONFIG, user_config(environ).absolute())


def data_folder() -> Path:
    """Return where ledgers go that no file and no option gives a place."""
    if named := os.environ.get(DATA):
        return Path(named)
    if IN_CHECKOUT:
        return Path("data")
    if os.environ.get(STATE) or config_folder(os.environ) == SYSTEM_CONFIG:
        return Path(os.environ.get(STATE) or SYSTEM_DATA)
    return _xdg(os.environ, "XDG_DATA_HOME", ".local/share")


def _xdg(environ: Mapping[str, str], variable: str, below: str) -> Path:
    named = Path(environ.get(variable, ""))
    home = Path(environ.get("HOME") or Path.home())
    return (named if named.is_absolute() else home / below) / "upskeep"
