"""A zone's climate in Home Assistant: what its entities show, and what they order of the real controller."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.core.homeassistant.configs import Options, configurations
from services.gateway.core.homeassistant.known import MOST_ZONES, Known
from shared.climate.zones import Mode
from shared.messages import Status
from shared.requests import Command
from shared.topics import Topics
from tests.support.climate_scene import ClimateScene
from tests.support.homeassistant.fields import faults_of
from tests.support.homeassistant.templates import render

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
OPTIONS = Options(Topics(), "9.9")
SUITE = "homeassistant/device/upskeep_home/config"


def status(**figures: Any) -> Status:
    """The controller's status."""
    return Status(service="climate_controller", state="online", figures=figures)


def config(*messages: Status) -> dict[str, Any]:
    """Return the suite's configuration after these."""
    known = Known()
    for message in messages:
        known = known.after("status", (message.service,), message)
    return configurations(known, OPTIONS)[SUITE]


def entity(key: str) -> dict[str, Any]:
    """Return an entity of the zone tent."""
    found: dict[str, Any] = config(status(**{"tent.mode": "Observe"}))["components"][f"zone_tent_{key}"]
    return found


def shown(key: str, of: Status) -> str:
    """Return what an entity shows of a status."""
    return render(entity(key)["value_template"], of.model_dump_json(exclude_none=True))


def both(scene: ClimateScene) -> tuple[str, str]:
    """Return what mode and target show of the controller."""
    figures = status(**scene.controller.figures())
    return shown("mode", figures), shown("target", figures)


def ordered(key: str, value: str, moment: datetime = NOW) -> Command:
    """Set an entity; return the command that Home Assistant publishes."""
    found = entity(key)
    command = Command.model_validate_json(render(found["command_template"], value, now=moment))
    assert f"upskeep/v1/home/command/climate_controller/{command.name}" == found["command_topic"]
    return command


def test_home_assistant_takes_the_configuration() -> None:
    """By the fields that its documentation lists; there while the controller is online."""
    assert [] == faults_of(config(status(**{"tent.mode": "Observe", "tent.target": 1.0})))
    assert ("select", [mode.value for mode in Mode]) == (entity("mode")["platform"], entity("mode")["options"])
    assert ("number", "kPa") == (entity("target")["platform"], entity("target")["unit_of_measurement"])
    assert "upskeep/v1/home/status/climate_controller" == entity("mode")["availability"][0]["topic"]


def test_the_controllers_own_figures_are_what_is_shown() -> None:
    """A zone whose target is not known yet shows none."""
    with ExitStack() as stack:
        scene = ClimateScene(stack)
        assert ("Observe", "None") == both(scene)
        scene.go(60)
        scene.order("controller", "target", zone="tent", vpd=1.15)
        scene.go(20)
        assert ("Observe", "1.15") == both(scene)


@pytest.mark.parametrize(("key", "value", "figures"), [
    ("mode", "VPD_Target", {"tent.mode": "VPD_Target", "tent.target": 1.0}),
    ("target", "1.25", {"tent.mode": "Observe", "tent.target": 1.25}),
])  # fmt: skip
def test_what_is_set_is_carried_out(key: str, value: str, figures: dict[str, Any]) -> None:
    """By the controller, with who asked for it."""
    command = ordered(key, value)
    with ExitStack() as stack:
        scene = ClimateScene(stack)
        scene.go(60)
        scene.controller.execute(command)
        scene.go(20)
        assert figures == scene.controller.figures()
    assert "Home Assistant" == command.by


def test_each_setting_is_a_command_of_its_own() -> None:
    """A command is carried out once for each id."""
    modes = [ordered("mode", "Manual", NOW + timedelta(microseconds=n)).id for n in range(2)]
    assert 3 == len({*modes, ordered("target", "1.0").id})


def test_a_zone_gets_its_entities_when_it_is_first_heard_of() -> None:
    """Also when the controller's status was there before; another service's figures are none of it."""
    other = Status(service="gateway", state="online", figures={"cellar.mode": "Observe"})
    found = config(status(), other, status(**{"tent.mode": "Observe"}))["components"]
    assert {"zone_tent_mode", "zone_tent_target"} == {key for key in found if key.startswith("zone_")}


@pytest.mark.parametrize("name", ["a'b", "{{ 7 * 7 }}", "a b", ""])
def test_a_foreign_name_gets_into_no_template(name: str) -> None:
    """Only names of topics are zones."""
    found = config(status(**{f"{name}.mode": "Observe"}))["components"]
    assert not [key for key in found if key.startswith("zone_")]


def test_zones_have_a_bound() -> None:
    """Beyond it no entity comes."""
    found = config(status(**{f"z{n}.mode": "Observe" for n in range(MOST_ZONES + 5)}))["components"]
    assert 2 * MOST_ZONES == len([key for key in found if key.startswith("zone_")])
