"""The HTTP server on a socket that is bound anew until the port is free; the only door to uvicorn."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from services.gateway.settings import HttpSettings

log = logging.getLogger(__name__)

AGAIN_S = 5.0
MOST_CONNECTIONS = 200
BACKLOG = 128


async def serve(app: ASGIApp, http: HttpSettings, bound: Callable[[str], None]) -> None:
    """Serve ``app`` until cancelled; ``bound`` is called with the address once there is one."""
    listener = await _listen(http.host, http.port)
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
        root_path=http.path,
    )
    server = uvicorn.Server(config)
    try:
        await server.serve([listener])
    finally:
        server.should_exit = True
        listener.close()


async def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; says once why the address cannot be had, and tries again."""
    said = False
    while True:
        try:
            return _bind(host, port)
        except OSError as error:
            if not said:
                said = True
                why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be bound: {error}"
                advice = "stop that program or set http.port in config/gateway.yaml"
                log.error("%s port %d %s; %s. Trying again every %g s", host, port, why, advice, AGAIN_S)
        await asyncio.sleep(AGAIN_S)


def _bind(host: str, port: int) -> socket.socket:
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
