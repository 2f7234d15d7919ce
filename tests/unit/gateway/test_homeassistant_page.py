"""docs/home-assistant.md: its examples are valid, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from services.gateway.core.homeassistant.configs import configurations
from services.gateway.core.homeassistant.known import (
    MOST_ALERTS,
    MOST_CHANNELS,
    MOST_COUNTERS,
    MOST_DEVICES,
    MOST_SERVICES,
    MOST_ZONES,
)
from services.gateway.settings import GatewaySettings
from shared.quantities import QUANTITIES
from shared.topics import Topics
from tests.unit.gateway.test_homeassistant_configs import OPTIONS, UPS, known, state

PAGE = (Path(__file__).parents[3] / "docs/home-assistant.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
OURS = re.compile(r"\b((?:binary_sensor|sensor)\.\w+)")


def automations() -> list[dict[str, Any]]:
    """Return the page's automations."""
    return [one for block in BLOCKS if isinstance(block, list) for one in block]


def test_its_settings_load() -> None:
    """And switch discovery on."""
    settings = [GatewaySettings.model_validate(block) for block in BLOCKS if isinstance(block, dict)]

    assert [True] == [one.home_assistant.discovery for one in settings]


def test_its_automations_name_entities_that_are_there() -> None:
    """Home Assistant makes an entity's id of the names of its device and itself."""
    full = state(power="mains", battery="ok", charging=True, values=dict.fromkeys(QUANTITIES, 1.0))
    rows = configurations(known(full), OPTIONS)[UPS]["components"].values()
    there = {f"{row['platform']}.ups_{re.sub(r'[^a-z0-9]+', '_', row['name'].lower())}" for row in rows}

    named = {name for one in automations() for name in OURS.findall(str(one))}
    assert {"binary_sensor.ups_on_battery", "sensor.ups_state_of_charge"} <= named
    assert set() == named - there


def test_its_topics_are_topics() -> None:
    """Of a kind that is published."""
    topics = [step["topic"] for one in automations() for step in one["triggers"] if "topic" in step]

    assert ["trigger"] == [Topics().parse(topic)[0] for topic in topics]


def test_its_figures_are_those_of_the_code() -> None:
    """Bounds and defaults."""
    bounds = (
        f"{MOST_DEVICES} devices with {MOST_CHANNELS} channels each, {MOST_COUNTERS} counters, {MOST_ALERTS} alerts"
    )

    assert f"{bounds}, {MOST_SERVICES} services, {MOST_ZONES} zones." in PAGE
    assert f"`expire_after_s`, {GatewaySettings().home_assistant.expire_after_s} s as shipped" in PAGE
