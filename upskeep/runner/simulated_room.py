"""The settings of a simulated room: ``upskeep run --source sim:tent`` needs no zone and no actuator in any file.

They are laid over the files by the environment, and only where the user's own ``actuators.yaml`` is not enabled. The
zone observes; every actuator is the simulator's, so nothing real is ever switched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.climate_supervisor.settings import FILE as ACTUATORS
from services.climate_supervisor.settings import SupervisorSettings
from shared.climate.room_presets import PRESETS, Preset
from shared.climate.zones import Kind, Mode
from shared.settings import read_settings

WIDEST = {"temperature": {"low": 5, "high": 38}, "humidity": {"low": 15, "high": 95}}


def room_settings(source: str, config: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what to lay over the files for this source; nothing where it is no room or actuators are enabled."""
    kind, _, name = source.partition(":")
    if kind != "sim" or name not in PRESETS:
        return {}
    preset = PRESETS[name]
    laid: dict[str, Any] = {
        "ACTUATORS__ZONES": {name: _safety(preset)},
        "ACTUATORS__ACTUATORS": _actuators(preset),
        "CLIMATE__ZONES": {name: _zone(preset)},
    }
    if preset.plans:
        laid["CLIMATE__PLANS"] = {key: plan.model_dump(mode="json") for key, plan in preset.plans.items()}
    variables = {f"UPSKEEP_{key}": json.dumps(value) for key, value in laid.items()}
    if read_settings(config, ACTUATORS, SupervisorSettings, {**variables, **environ}).enabled:
        return {}
    return variables | {"UPSKEEP_ACTUATORS__ENABLED": "true", "UPSKEEP_ACTUATORS__ARMED": "true"}


def _safety(preset: Preset) -> dict[str, Any]:
    sensor = [{"device": preset.zone.sensor}]
    return {"sensors": {"temperature": sensor, "humidity": sensor}, **WIDEST}


def _actuators(preset: Preset) -> dict[str, Any]:
    return {
        each.name: {
            "zone": preset.name, "kind": each.kind.value, "template": "simulated", "steps": each.steps,
            "min_on_s": each.runs_s, "min_off_s": each.rests_s,
        }
        for each in preset.zone.actuators
        if each.kind is not Kind.LIGHT
    }  # fmt: skip


def _zone(preset: Preset) -> dict[str, Any]:
    zone: dict[str, Any] = preset.zone.model_dump(mode="json", exclude_unset=True)
    own = [each for each in zone["actuators"] if each["kind"] != Kind.LIGHT.value]  # the lamp is on a timer of its own
    return zone | {"mode": Mode.OBSERVE.value, "actuators": own}
