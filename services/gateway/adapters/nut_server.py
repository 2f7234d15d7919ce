"""The TCP server of the NUT door: connections, lines and their bounds. What a line is answered: ``core/nut``.

Bounds: ``MOST_CLIENTS`` connections, ``MOST_OF_AN_ADDRESS`` of one address, lines of ``LONGEST_LINE`` bytes, lines a
second by ``core/nut/limits.py``, ``IDLE_S`` without a line (as upsd), ``SEND_S`` for a client to take its answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from services.gateway.adapters.listening import listen
from services.gateway.core.nut.limits import Bucket
from services.gateway.core.nut.protocol import LONGEST_LINE, Session, World, answer
from shared.clock import Clock

log = logging.getLogger(__name__)

MOST_CLIENTS = 64
MOST_OF_AN_ADDRESS = 16
IDLE_S = 60.0
SEND_S = 10.0
HELD_BYTES = 65_536


class _Client:
    """One connection."""

    def __init__(self, address: str, now_s: float) -> None:
        self.address = address
        self.session = Session()
        self.bucket = Bucket(now_s)


class NutServer:
    """Serves until cancelled. ``world`` returns what is known now, given who has logged in."""

    def __init__(self, world: Callable[[Sequence[tuple[str, str]]], World], clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._clients: set[_Client] = set()
        self._attending: set[asyncio.Task[None]] = set()
        self._refused = 0

    async def serve(self, host: str, port: int) -> None:
        """Serve at an address."""
        listener = await listen(host, port, "nut.port")
        log.info("a read-only NUT server (upsd) answers on %s port %d", *listener.getsockname()[:2])
        server = await asyncio.start_server(self._attend, sock=listener, limit=LONGEST_LINE)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            attending = [*self._attending]
            for task in attending:
                task.cancel()
            await asyncio.gather(*attending, return_exceptions=True)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._attend_to(reader, writer))
        self._attending.add(task)
        task.add_done_callback(self._attending.discard)

    async def _attend_to(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str(writer.get_extra_info("peername", ("?",))[0])
        client = _Client(address, self._clock.monotonic())
        try:
            if self._full(address):
                return
            self._clients.add(client)
            writer.transport.set_write_buffer_limits(HELD_BYTES)
            while await self._answer_one(client, reader, writer):
                pass
        except (OSError, TimeoutError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            pass  # it has gone, is silent, or sends what is no line
        finally:
            self._clients.discard(client)
            writer.close()

    def _full(self, address: str) -> bool:
        of_it = sum(client.address == address for client in self._clients)
        if len(self._clients) < MOST_CLIENTS and of_it < MOST_OF_AN_ADDRESS:
            return False
        self._refused += 1
        if self._refused == 1:
            text = "a NUT client of %s is turned away: %d connections are open, %d of that address; more in silence"
            log.warning(text, address, len(self._clients), of_it)
        return True

    async def _answer_one(self, client: _Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read a line and answer it; returns whether the connection goes on."""
        async with asyncio.timeout(IDLE_S):
            line = await reader.readuntil(b"\n")
        client.bucket, wait_s = client.bucket.after_line(self._clock.monotonic())
        if wait_s:
            await asyncio.sleep(wait_s)
        logged_in = [(other.session.ups, other.address) for other in self._clients if other.session.ups]
        reply = answer(client.session, line.decode("utf-8", "replace").rstrip("\r\n"), self._world(logged_in))
        client.session = reply.session
        writer.write("".join(f"{text}\n" for text in reply.lines).encode())
        async with asyncio.timeout(SEND_S):
            await writer.drain()
        return not reply.close
