"""The HTTP server; the only door to uvicorn."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from services.gateway.adapters.listening import listen
from services.gateway.settings import HttpSettings

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 200


class Server(uvicorn.Server):
    """uvicorn's, without its ten ticks a second: it ends by being cancelled, and ``SafeHeaders`` dates the answers."""

    async def main_loop(self) -> None:
        """Wait until cancelled."""
        await self.on_tick(0)
        await asyncio.Event().wait()


async def serve(app: ASGIApp, http: HttpSettings, bound: Callable[[str], None]) -> None:
    """Serve ``app`` until cancelled; ``bound`` is called with the address once there is one."""
    listener = await listen(http.host, http.port, "http.port")
    address = _address(listener)
    log.info("serving on %s", address)
    bound(address)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,
        date_header=False,
        root_path=http.path,
    )
    server = Server(config)
    try:
        await server.serve([listener])
    finally:
        server.should_exit = True
        listener.close()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
