"""The supervisor's rights on the actuators' own topics, from the templates of ``config/actuators.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from services.climate_supervisor.core.templates import PLACE, Template
from services.climate_supervisor.settings import FILE, SupervisorSettings
from shared.settings import parse_settings

SUPERVISOR = "climate_supervisor"


def actuator_rights() -> Iterator[str]:
    """Yield the ACL's lines: each place of a topic is any level."""
    text = (Path(__file__).parents[2] / "config" / f"{FILE}.yaml").read_text(encoding="utf-8")
    templates = parse_settings(text, FILE, FILE, SupervisorSettings, {}).templates.values()
    said = {_filter(say.topic, template) for template in templates for say in template.says}
    heard = {_filter(hear.topic, template) for template in templates for hear in template.heard}
    yield "# the actuators' own topics, by the templates of config/actuators.yaml; add a line for another base"
    yield from (f"topic write {topic}" for topic in sorted(said))
    yield from (f"topic read  {topic}" for topic in sorted(heard))


def _filter(topic: str, template: Template) -> str:
    """Return the filter of a topic. A first level that the template itself fills stays; every other place is any."""
    first, *others = topic.split("/")
    levels = [*PLACE.sub(lambda found: template.at.get(found[1], "+"), first).split("/"), *others]
    return "/".join("+" if "+" in level or PLACE.search(level) else level for level in levels)
