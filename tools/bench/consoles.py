"""Open consoles without browsers: ``python -m tools.bench.consoles PORT NUMBER``, until ended by SIGTERM.

Each does what ``console.js`` does: it follows ``/changes``, and loads the live part of *Now* when something has
changed, no more often than every ``EVERY_S``. They wait until the gateway is there. At the end they print how often
they loaded.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

EVERY_S = 1.5
AGAIN_S = 0.5
FOLLOW = "/changes?kind=state&kind=alert&kind=status"


class Console:
    """One console; ``loads`` counts the pages that came whole."""

    def __init__(self, port: int) -> None:
        self.loads = 0
        self._port = port
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow and load until cancelled; a lost connection is made again."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._follow())
                    tasks.create_task(self._load())
            except* (OSError, asyncio.IncompleteReadError, ValueError):
                pass  # it is not there yet, or has gone
            await asyncio.sleep(AGAIN_S)

    async def _follow(self) -> None:
        reader, writer = await self._ask(FOLLOW)
        try:
            while line := await reader.readline():
                if line.startswith(b"event: changed"):
                    self._changed.set()
        finally:
            writer.close()
        raise ConnectionResetError

    async def _load(self) -> None:
        reader, writer = await self._ask("/")
        try:
            while True:
                length = 0
                while (line := await reader.readline()).strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                await reader.readexactly(length)
                self.loads += length > 0
                began = time.monotonic()
                self._changed.clear()
                await self._changed.wait()
                await asyncio.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
                writer.write(self._request("/"))
        finally:
            writer.close()

    async def _ask(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request(path))
        return reader, writer

    def _request(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nx-part: live\r\n\r\n".encode()


async def main(port: int, number: int) -> None:
    """Keep so many open until SIGTERM."""
    os.nice(19)  # in the field they are other machines
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    consoles = [Console(port) for _ in range(number)]
    tasks = [asyncio.create_task(console.run()) for console in consoles]
    await ended.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(sum(console.loads for console in consoles))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
