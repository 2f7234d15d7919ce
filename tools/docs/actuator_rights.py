"""Rights on the actuators' own topics, from the templates of ``config/actuators.yaml``.

The supervisor commands and listens. sensor_reader answers for the actuators of a simulated room (``sim:tent``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from services.climate_supervisor.core.templates import PLACE, Template
from services.climate_supervisor.settings import FILE, SupervisorSettings
from shared.settings import parse_settings

SUPERVISOR, READER = "climate_supervisor", "sensor_reader"
SIMULATED = "simulated"  # the template of a simulated room


def actuator_rights() -> Iterator[str]:
    """Yield the ACL's lines: each place of a topic is any level."""
    said, heard = _filters(_templates().values())
    yield "# the actuators' own topics, by the templates of config/actuators.yaml; add a line for another base"
    yield from (f"topic write {topic}" for topic in said)
    yield from (f"topic read  {topic}" for topic in heard)


def simulated_rights() -> Iterator[str]:
    """Yield the other side of it, of the simulated ones alone."""
    said, heard = _filters([_templates()[SIMULATED]])
    yield "# the actuators of a simulated room"
    yield from (f"topic write {topic}" for topic in heard)
    yield from (f"topic read  {topic}" for topic in said)


def _templates() -> Mapping[str, Template]:
    text = (Path(__file__).parents[2] / "config" / f"{FILE}.yaml").read_text(encoding="utf-8")
    return parse_settings(text, FILE, FILE, SupervisorSettings, {}).templates


def _filters(templates: Iterable[Template]) -> tuple[list[str], list[str]]:
    """Return what is said to actuators and heard of them."""
    several = tuple(templates)
    said = {_filter(say.topic, template) for template in several for say in template.says}
    heard = {_filter(hear.topic, template) for template in several for hear in template.heard}
    return sorted(said), sorted(heard)


def _filter(topic: str, template: Template) -> str:
    """Return the filter of a topic. A first level that the template itself fills stays; every other place is any."""
    first, *others = topic.split("/")
    levels = [*PLACE.sub(lambda found: template.at.get(found[1], "+"), first).split("/"), *others]
    return "/".join("+" if "+" in level or PLACE.search(level) else level for level in levels)
