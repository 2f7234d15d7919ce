"""A listening socket that is bound anew until its port is free: the rest of the suite does not wait for it."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket

log = logging.getLogger(__name__)

AGAIN_S = 5.0
BACKLOG = 128


async def listen(host: str, port: int, setting: str) -> socket.socket:
    """Return a listening socket; logs once why the address cannot be had, and tries again. ``setting`` names it."""
    logged = False
    while True:
        try:
            return _bind(host, port)
        except OSError as error:
            if not logged:
                logged = True
                why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be bound: {error}"
                advice = f"stop that program or set {setting} in config/gateway.yaml"
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
