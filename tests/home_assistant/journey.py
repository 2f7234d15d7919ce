"""The journey through a real Home Assistant, a stop after another; each says in a line what it saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shared.messages import DeviceState
from shared.quantities import FACTS, QUANTITIES
from tests.home_assistant.entities import entities
from tests.home_assistant.picture import take
from tests.home_assistant.scene import Scene
from tests.unit.gateway.heard import state
from tests.unit.gateway.test_homeassistant_configs import payload

Stop = Callable[[Scene], str]

UPS, SUITE = "upskeep_home_ups", "upskeep_home"
CHANNELS_EACH = 100
SOME = ("1", "2", "3")  # the scenario begins again where the machine is slow
NOTHING = ("unknown", "unavailable")
LONG = "a UPS that has much to say; " * 20


def entity(scene: Scene, device: str, name: str) -> str:
    """Return the id that Home Assistant gave an entity."""
    return str(entities(scene.home)[device, name].about["entity"])


def becomes(scene: Scene, device: str, name: str, *wanted: str) -> None:
    """Wait until Home Assistant shows an entity in one of these states."""
    found: list[str] = []

    def as_wanted() -> bool:
        one = entities(scene.home).get((device, name))
        found.append(one.state if one else "not there")
        return found[-1] in wanted

    try:
        scene.until(as_wanted, name)
    except AssertionError:
        raise AssertionError(f"{device} / {name} is {found[-1]!r}, and should be {' or '.join(wanted)}") from None


def results(scene: Scene, target: str) -> list[str]:
    """Return what came of the commands to a service."""
    said = [each for topic, every in scene.suite.seen.items() if f"/result/{target}" in topic for each in every]
    return [json.loads(each)["status"] for each in said]


def every_channel(scene: Scene) -> str:
    """Publish every channel that the suite knows, and words that are longer than a state may be."""
    names = sorted(QUANTITIES)
    devices = [names[at : at + CHANNELS_EACH] for at in range(0, len(names), CHANNELS_EACH)]
    for number, some in enumerate(devices):
        values: dict[str, Any] = {name: QUANTITIES[name].low for name in some}
        _publish(scene, state(f"channels_{number}", zone="shelf", charging=True, values=values))
    facts = {name: LONG if text.endswith("'none'") or "word" in text else False for name, text in FACTS.items()}
    _publish(scene, state("facts", values=facts | {"alarm_text": LONG, "fault": ""}))
    wanted = {f"channels_{number}" for number in range(len(devices))} | {"facts"}
    scene.until(
        lambda: wanted <= {str(each["device"]["name"]) for each in scene.configurations().values()}, "discovery"
    )
    scene.until_alike()
    valueless: list[str] = []

    def all_known() -> bool:
        there = entities(scene.home).items()
        valueless[:] = [" / ".join(place) for place, one in there if _is_made(place[0]) and one.state in NOTHING]
        return not valueless

    try:
        scene.until(all_known, "each has a value", 60)
    except AssertionError:
        raise AssertionError(f"no value of {valueless}") from None
    return f"{len(names)} channels and {len(FACTS)} facts are taken"


def _is_made(device: str) -> bool:
    return device.removeprefix("upskeep_home_").startswith(("channels_", "facts"))


def _publish(scene: Scene, message: DeviceState) -> None:
    scene.suite.publish(f"upskeep/v1/home/state/{message.device}", payload(message), retain=True)


def devices_go(scene: Scene) -> str:
    """Empty the topics of the devices of the stop before."""
    gone = {device for device, _ in entities(scene.home) if _is_made(device)}
    for device in gone:
        scene.suite.publish(f"upskeep/v1/home/state/{device.removeprefix('upskeep_home_')}", b"", retain=True)
    scene.until(lambda: not gone & {device for device, _ in entities(scene.home)}, "the devices go")
    return f"{len(gone)} devices went, with every entity"


def outage(scene: Scene) -> str:
    """The mains go."""
    becomes(scene, UPS, "On battery", "on")
    becomes(scene, UPS, "Mains", "off")
    becomes(scene, SUITE, "AC_POWER_LOSS", *SOME)
    becomes(scene, UPS, "Alert on_battery ups", "on")
    return "On battery, Mains and the counter followed, and the alert is on"


def recovery(scene: Scene) -> str:
    """They are back, and the battery charges."""
    becomes(scene, UPS, "On battery", "off")
    becomes(scene, UPS, "Mains", "on")
    becomes(scene, SUITE, "AC_POWER_RESTORED", *SOME)
    return "On battery, Mains and the counter followed"


def buttons(scene: Scene) -> str:
    """Press both of an alert."""
    there = ("alert", "on_battery", "ups")
    scene.home.call("button.press", entity(scene, UPS, "Acknowledge on_battery ups"))
    scene.until(lambda: scene.suite.last(*there).get("state") == "acknowledged", "it is acknowledged")
    by = scene.suite.last(*there)["by"]
    scene.home.call("button.press", entity(scene, UPS, "Silence for an hour on_battery ups"))
    scene.until(
        lambda: results(scene, "alerter")[-1:] == ["done"] and len(results(scene, "alerter")) > 1, "it is silenced"
    )
    return f"acknowledged by {by}, and silenced"


def automations(scene: Scene) -> str:
    """The page's own have fired: the phone has its message, and the desk is off."""
    said = scene.until(lambda: len(found := scene.phone()) >= 2 and found, "both notify the phone")
    scene.until(lambda: scene.home.state("switch.desk") == "off", "the desk is switched off")
    return "; ".join(f"{each['title']}: {each['message']}" for each in said)


def restart(scene: Scene) -> str:
    """Home Assistant is started anew: its birth has everything published again, and it shows what it did."""
    before = {topic: len(said) for topic, said in scene.discovered.seen.items()}
    scene.home.stop()
    scene.home.start()
    again = "upskeep_home_ups/config"

    def published() -> bool:
        scene.discovered.poll()
        return any(topic.endswith(again) and len(said) > before[topic] for topic, said in scene.discovered.seen.items())

    scene.until(published, "everything is published again")
    return f"{scene.until_alike()} entities are as discovery says, which is published again"


def away(scene: Scene) -> str:
    """The suite has been stopped."""
    for device, name in ((UPS, "On battery"), (UPS, "Battery voltage"), (SUITE, "AC_POWER_LOSS")):
        becomes(scene, device, name, "unavailable")
    becomes(scene, SUITE, "event_processor", "off")
    return "its devices and counters are unavailable, and its services off"


def climate(scene: Scene) -> str:
    """Set mode and target of a zone; a mode without its plan goes back."""
    becomes(scene, SUITE, "tent mode", "Observe")
    mode, target = entity(scene, SUITE, "tent mode"), entity(scene, SUITE, "tent target VPD")
    scene.home.call("select.select_option", mode, option="VPD_Target")
    becomes(scene, SUITE, "tent mode", "VPD_Target")
    scene.home.call("number.set_value", target, value=1.1)
    becomes(scene, SUITE, "tent target VPD", "1.1")
    scene.home.call("select.select_option", mode, option="Drying")
    scene.until(lambda: "refused" in results(scene, "climate_controller"), "a mode without its plan is refused")
    becomes(scene, SUITE, "tent mode", "VPD_Target")
    return "mode and target are set; a mode without its plan is refused, and the entity shows what is"


STOPS: tuple[tuple[str, Stop], ...] = (
    ("every channel", every_channel),
    ("devices go", devices_go),
    ("automations", automations),
    ("the mains are back", recovery),
    ("Home Assistant starts anew", restart),
)


def walk(scene: Scene, picture: Path | None = None) -> Iterator[str]:
    """Go through all stops; yields what was seen."""
    scene.home.onboard()
    scene.home.connect(scene.broker.port)
    scene.automate()
    yield f"Home Assistant {scene.home.get('/api/config')['version']}"
    with scene.running("sim:full_cycle", "60"):
        scene.until(lambda: UPS in str(scene.configurations()), "discovery")
        yield f"{scene.until_alike()} entities are as discovery says"
        yield f"the mains go: {outage(scene)}"
        yield f"buttons: {buttons(scene)}"
        if picture:
            take(scene, "ups", picture)
            yield f"{picture} is taken"
        for name, stop in STOPS:
            yield f"{name}: {stop(scene)}"
    yield f"the suite stops: {away(scene)}"
    with scene.running("sim:tent", "1"):
        yield f"climate: {climate(scene)}"
        yield f"{scene.until_alike()} entities are as discovery says"
