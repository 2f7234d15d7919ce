"""``config/gateway.yaml``: what is served to people and other programs, where, and who may come in."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from shared.messages import Name
from shared.settings import Settings

FILE = "gateway"
LEAST_SECRET = 8  # characters of a password or token


class HttpSettings(Settings):
    """``http``: the address that the console, the API and the metrics are served at. Port 0: any free one.

    ``path`` is where a proxy shows them, ``hosts`` the names by which a browser may ask without a login.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8470
    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+)*$", max_length=200)] = ""
    password_file: Path | None = None
    token_file: Path | None = None
    hosts: Annotated[tuple[str, ...], Field(max_length=32)] = ()

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        if host != "localhost":
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise ValueError(
                    "must be an address, such as 127.0.0.1, ::1 or 0.0.0.0 (every one), or localhost"
                ) from None
        return host

    @model_validator(mode="after")
    def _locked_where_others_come(self) -> HttpSettings:
        local = self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        if not local and self.password_file is None and self.token_file is None:
            raise ValueError(
                f"host {self.host} is open to other machines, so name a file with a password (password_file) or a"
                " token (token_file)"
            )
        return self


class NutUserSettings(Settings):
    """One of ``nut.users``: the file with its password."""

    password_file: Path


class NutSettings(Settings):
    """``nut``: a read-only ``upsd``. Port 0: there is none. ``simulated``: whether simulated UPSs are shown."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    max_age_s: Annotated[float, Field(gt=0, le=86_400)] = 15.0
    simulated: bool = False
    users: Annotated[dict[Name, NutUserSettings], Field(max_length=64)] = Field(default_factory=dict)


class HomeAssistantSettings(Settings):
    """``home_assistant``: discovery. ``settle_s``: how long what the broker retains may take to arrive."""

    discovery: bool = False
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$", max_length=64)] = "homeassistant"
    expire_after_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    settle_s: Annotated[float, Field(ge=0, le=300)] = 10.0


class GatewaySettings(Settings):
    """``config/gateway.yaml``."""

    enabled: bool = True
    http: HttpSettings = HttpSettings()
    nut: NutSettings = NutSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
