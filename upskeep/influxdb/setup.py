"""``upskeep influx setup``: what InfluxDB has to hold, made or listed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.counter_store.adapters.influx.admin import SetupError
from services.counter_store.adapters.influx.setup import StepResult, set_up
from services.counter_store.configuration import read
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import InfluxSettings
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.settings import ConfigError, Fault, read_settings
from shared.suite import SuiteSettings

OFF = "is false; set it to true, with the address of an InfluxDB"
DOWNSAMPLING = "reading_1h: hourly means come from counter_store itself; nothing to set up"

LOOK_BACK = (
    "3 Core: after a restart it shows the last month of what was written, and no more; start it with"
    " --gen1-lookback-duration 100years, and with a higher --query-file-limit for panels of more than three days"
)


class InfluxError(Exception):
    """What a person has to know or do before this can go on."""


def read_config(folder: Path, environ: Mapping[str, str]) -> tuple[SuiteSettings, InfluxSettings]:
    """Return the suite's settings and InfluxDB's; raises ConfigError, also where InfluxDB is not turned on."""
    suite = read_settings(folder, "suite", SuiteSettings, environ)
    context = Context(folder, environ, suite, SYSTEM_CLOCK)
    settings = read(context).store
    if not settings.influx.enabled:
        raise ConfigError([Fault(str(folder / "counter_store.yaml"), "influx.enabled", OFF)])
    return suite, settings.influx


def setup(settings: InfluxSettings, *, dry_run: bool) -> tuple[list[str], bool]:
    """Return the lines to print, and whether all is as it should be; raises InfluxError."""
    try:
        found = set_up(settings, () if dry_run else ("create", "change"))
    except (Unavailable, SetupError) as error:
        raise InfluxError(str(error)) from error
    lines = [text for done in found.steps for text in _lines(done, dry_run)]
    good = not any(done.fault for done in found.steps)
    of_version = [LOOK_BACK] if found.version.startswith("3.") else []
    return [f"InfluxDB {found.version} at {found.url}", *lines, DOWNSAMPLING, *of_version], good


def _lines(done: StepResult, dry_run: bool) -> list[str]:
    step = done.step
    if done.fault:
        return [f"{step}: {done.fault}", f"  to be run by who may: {done.command}"]
    if step.do in ("create", "change"):
        return [f"{step}", f"  would run: {done.command}"] if dry_run else [f"{step}: done"]
    return [str(step)]
