"""Commands about one device, from ``command/event_processor/…``, checked."""

from __future__ import annotations

from collections.abc import Collection

from services.event_processor.core.catalogue.event_types import suggestion
from services.event_processor.core.schema import Data
from shared.delivery.handler import RefusedError
from shared.messages import Name
from shared.requests import Command

COMMANDS = ("battery_replaced", "forget")


class DeviceCommand(Data):
    """The command's device."""

    device: Name

    @classmethod
    def of(cls, command: Command, devices: Collection[str]) -> DeviceCommand:
        """Return the command's data; raises RefusedError for an unknown command or device."""
        if command.name not in COMMANDS:
            near = suggestion(command.name, COMMANDS)
            raise RefusedError(
                f"event_processor knows no command {command.name!r}{near}; it knows {', '.join(COMMANDS)}"
            )
        wanted = cls.model_validate(command.data)
        if wanted.device not in devices:
            known = ", ".join(sorted(devices)[:20]) or "none yet"
            near = suggestion(wanted.device, sorted(devices))
            raise RefusedError(f"no device {wanted.device!r} has been heard of{near}; known: {known}")
        return wanted
