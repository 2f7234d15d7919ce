"""``config/gateway.yaml``: where the console, the API and the metrics are served."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.settings import Settings

FILE = "gateway"


class HttpSettings(Settings):
    """``http``: the address that the console, the API and the metrics are served at. Port 0: any free one."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8470


class GatewaySettings(Settings):
    """``config/gateway.yaml``."""

    enabled: bool = True
    http: HttpSettings = HttpSettings()
