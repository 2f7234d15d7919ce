"""``config/actuators.yaml``: the actuators, their templates and their limits."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.climate_supervisor.core.templates import Binding, Template
from shared.actuators import ActuatorsFile
from shared.messages import Name
from shared.placed_error import PlacedError

FILE = "actuators"


class SupervisorSettings(ActuatorsFile):
    """The file with its templates parsed."""

    templates: dict[Name, Template] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_actuator_can_be_spoken_to(self) -> Self:
        spoken: dict[str, str] = {}
        for name, actuator in self.actuators.items():
            template = self.templates.get(actuator.template)
            if template is None:
                known = ", ".join(self.templates) or "none"
                reason = f"there is no template {actuator.template!r}; there are {known}"
                raise PlacedError((("actuators", name), reason))
            self._check(Binding(name, actuator, template), spoken)
        return self

    def _check(self, binding: Binding, spoken: dict[str, str]) -> None:
        """Check one actuator against its template; ``spoken`` has the actuator of each order so far."""
        name, template = binding.name, binding.actuator.template
        here, at = ("actuators", name), ("actuators", name, "at")
        places = ", ".join(binding.template.places) or "none"
        if binding.superfluous:
            raise PlacedError((at, f"{template} has no place {binding.superfluous[0]!r}; it has {places}"))
        if binding.missing:
            raise PlacedError((at, f"{binding.missing[0]} is missing; {template} has the places {places}"))
        if binding.actuator.steps > 1 and not binding.template.set_level:
            raise PlacedError((here, f"{template} knows on and off, and steps is {binding.actuator.steps}"))
        orders = repr([(publication.topic, publication.payload) for publication in binding.order(0.0, "")])
        if (other := spoken.setdefault(orders, name)) != name:
            raise PlacedError((here, f"is the same device as {other}; each device stands once"))

    @property
    def bindings(self) -> dict[str, Binding]:
        """Every actuator with its template."""
        return {
            name: Binding(name, actuator, self.templates[actuator.template])
            for name, actuator in self.actuators.items()
        }
