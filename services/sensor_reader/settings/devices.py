"""The devices of ``config/sensor_reader.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.lifecycle import DEVICE as RESERVED
from services.sensor_reader.core.plausibility.limit_settings import FrozenAfter
from services.sensor_reader.core.polling.device import ChipPart, HostPart, Part, VitalsPart
from services.sensor_reader.core.polling.remote_devices import RemoteDevice
from services.sensor_reader.settings.boards import BoardSettings, Kind, Limits, Wiring, check_wiring
from shared.messages import Name
from shared.settings import Settings

KINDS = ("board", "chip", "host", "nut", "driver")


class NutSettings(Settings):
    """A UPS of a NUT server. ``timeout_s`` holds for each answer of the server, and twice that for a poll.

    ``adapters.nut`` says what the rest does.
    """

    ups: Annotated[str, Field(pattern=r"^[^\s\"@:]+$", max_length=128)]
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: int = Field(default=3493, ge=1, le=65535)
    username: Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$", max_length=128)] | None = None
    password_file: Path | None = None
    login: bool = False
    tls: Literal["off", "try", "require"] = "off"
    ca_file: Path | None = None
    timeout_s: float = Field(default=3.0, gt=0, le=60)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file go together; give both or neither")
        if self.login and not self.username:
            raise ValueError("login needs a username and a password_file")
        if self.ca_file and self.tls == "off":
            raise ValueError("ca_file says nothing while tls is off; set tls to require (or try)")
        return self

    @property
    def place(self) -> str:
        """``host:port``, for errors."""
        return f"{self.host}:{self.port}"


class DeviceSettings(Wiring):
    """One device: a board by name, a chip alone, the host's own sensors, a UPS of a NUT server, or a foreign driver."""

    name: Name
    zone: Name | None = None
    interval_s: float = Field(default=1.0, ge=0.05, le=3600)
    registers: bool = False
    board: str | None = None
    chip: Kind | None = None
    host: Literal[True] | None = None
    nut: NutSettings | None = None
    driver: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    timeout_s: float = Field(default=5.0, gt=0, le=600)
    bus: int | None = Field(default=None, ge=0)
    address: int | None = None
    cells: int = Field(default=1, ge=1, le=24)
    limits: Limits = Field(default_factory=dict)
    frozen_after_s: FrozenAfter | None = None
    allow_power_cut: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        named = [key for key in KINDS if getattr(self, key) is not None]
        if len(named) != 1:
            kinds = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
            raise ValueError(f"a device is one of {kinds}; this is {' and '.join(named) or 'none of them'}")
        if self.settings and self.driver is None:
            raise ValueError("settings are a driver's; this device has none")
        polled_only = [key for key in ("limits", "frozen_after_s", "allow_power_cut") if getattr(self, key)]
        if polled_only and self.remote() is not None:
            raise ValueError(f"{polled_only[0]} is for boards and chips, not for a NUT server or a driver")
        if self.name == RESERVED or self.name.startswith(f"{RESERVED}-"):
            raise ValueError(f"the name {self.name!r} is kept for the reader's own start and stop")
        if self.chip is not None:
            if self.address is None:
                raise ValueError("address is missing: say where the chip sits, e.g. 0x40")
            check_wiring(self.chip, self.address, self)
        return self

    def parts(self, boards: Mapping[str, BoardSettings]) -> tuple[Part, ...]:
        """Return what is polled of it, none of a device that is distant; the board must be known."""
        if self.remote() is not None:
            return ()
        if self.host:
            return (HostPart(), VitalsPart())
        if self.chip is not None and self.address is not None:
            bus = 1 if self.bus is None else self.bus
            mount = self.mount(self.cells)
            return (ChipPart(CHIPS[self.chip].on(mount), bus, self.address, mount),)
        return boards[self.board or ""].parts(self.bus)

    def remote(self) -> RemoteDevice | None:
        """Return it as a remote device; None if it is none."""
        if self.nut is not None:
            part = f"nut:{self.nut.ups}@{self.nut.host}"
            return RemoteDevice(self.name, part, self.interval_s, 2 * self.nut.timeout_s, self.zone)
        if self.driver is not None:
            return RemoteDevice(self.name, self.driver, self.interval_s, self.timeout_s, self.zone)
        return None
