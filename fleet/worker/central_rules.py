"""By which rules the frames of sites that only read are processed: read once, at the worker's start."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from fleet.core.central import CentralRules, of_site, ready
from fleet.settings import RawSettings
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.settings.pipeline import load_plan
from shared.settings import ConfigError, Fault


def central_rules(raw: RawSettings) -> CentralRules | None:
    """Return the rules; None where this centre processes no frames. Raises ConfigError with every fault."""
    if not raw.enabled or raw.config is None:
        return None
    plans, faults = dict[Path, PipelinePlan](), list[Fault]()
    for folder in (*raw.own, raw.config):
        try:
            plans[folder] = ready(_plan(folder))
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    usual = raw.config

    def plan_of(site: str) -> PipelinePlan:
        return of_site(plans[folder_of(raw, site, usual)], site)

    return CentralRules(plan_of, raw.max_devices, timedelta(hours=raw.clock_tolerance_h))


def folder_of(raw: RawSettings, site: str, usual: Path) -> Path:
    """Return the folder of a site's configuration: the first of ``own`` whose patterns fit its name, or the usual."""
    fits = (folder for folder, patterns in raw.own.items() if any(fnmatchcase(site, each) for each in patterns))
    return next(fits, usual)


def _plan(folder: Path) -> PipelinePlan:
    if not folder.is_dir():
        raise ConfigError([Fault("fleet.yaml", "raw", f"{folder} is no folder; copy the site's config folder there")])
    return load_plan(folder, {})
