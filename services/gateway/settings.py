"""``config/gateway.yaml``: where the console, the API and the metrics are served, and who may come in."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

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


class GatewaySettings(Settings):
    """``config/gateway.yaml``."""

    enabled: bool = True
    http: HttpSettings = HttpSettings()
