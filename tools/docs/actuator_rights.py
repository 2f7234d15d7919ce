"""Rights on the actuators' own topics, from the templates of ``config/actuators.yaml``.

The supervisor publishes orders and reads answers. sensor_reader does the reverse for a simulated room (``sim:tent``).
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
    published, answers = _filters(_templates().values())
    yield "# the actuators' own topics, by the templates of config/actuators.yaml; add a line for another base"
    yield from (f"topic write {topic}" for topic in published)
    yield from (f"topic read  {topic}" for topic in answers)


def simulated_rights() -> Iterator[str]:
    """Yield the reverse rights, for the simulated actuators alone."""
    published, answers = _filters([_templates()[SIMULATED]])
    yield "# the actuators of a simulated room"
    yield from (f"topic write {topic}" for topic in answers)
    yield from (f"topic read  {topic}" for topic in published)


def _templates() -> Mapping[str, Template]:
    text = (Path(__file__).parents[2] / "config" / f"{FILE}.yaml").read_text(encoding="utf-8")
    return parse_settings(text, FILE, FILE, SupervisorSettings, {}).templates


def _filters(templates: Iterable[Template]) -> tuple[list[str], list[str]]:
    """Return the filters of what the supervisor publishes to actuators, and of their answers."""
    several = tuple(templates)
    published = {_filter(message.topic, template) for template in several for message in template.messages}
    answers = {_filter(field.topic, template) for template in several for field in template.answers}
    return sorted(published), sorted(answers)


def _filter(topic: str, template: Template) -> str:
    """Return the filter of a topic: ``+`` for each level with a place, unless the template fills a first level."""
    first, *others = topic.split("/")
    levels = [*PLACE.sub(lambda found: template.at.get(found[1], "+"), first).split("/"), *others]
    return "/".join("+" if "+" in level or PLACE.search(level) else level for level in levels)
