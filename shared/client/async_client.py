"""``ServiceClient`` for asyncio: questions, commands and updates are awaited, and nothing blocks the loop.

What arrives is taken at once while an answer is awaited or somebody is ``eager``. Else it may wait for ``lazy_s``, or
until ``MOST_WAITING`` messages have come, and is read from the socket as seldom: a client that idles wakes
seldom. ``drain`` takes all of it at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.client.exchanges import ANSWER_S, Exchange
from shared.client.latest import Change
from shared.client.service_client import STEP_S, ServiceClient, answer_of, result_of
from shared.messages import Message
from shared.requests import Result
from shared.suite import SuiteSettings

MOST_WAITING = 16  # fewer than any broker holds back until they are acknowledged


class AsyncServiceClient:
    """Belongs to the event loop it is entered in. Its arguments are those of ``ServiceClient``, and ``lazy_s``."""

    def __init__(
        self,
        suite: SuiteSettings,
        client_id: str,
        asks: Iterable[str] = (),
        follows: Iterable[str] = (),
        *,
        by: str | None = None,
        lazy_s: float = 0.0,
        repeating: Iterable[str] = (),
        remembers: bool = True,
    ) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._futures: dict[str, asyncio.Future[Exchange]] = {}
        self._changed = asyncio.Event()
        self._lazy_s = lazy_s
        self._eager = 0
        self.client = ServiceClient(
            suite, client_id, asks, follows, by=by, on_arrival=self._wake, repeating=repeating, remembers=remembers
        )  # fmt: skip

    async def __aenter__(self) -> AsyncServiceClient:
        self._loop = asyncio.get_running_loop()
        self.client.open()
        self._gather()
        if self._lazy_s:
            self._ticker = self._loop.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        for future in self._futures.values():
            future.cancel()
        await asyncio.to_thread(self.client.close)

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as of what was taken last."""
        return self.client.connected

    @contextmanager
    def eager(self) -> Iterator[None]:
        """Take what arrives at once, for as long as this is entered."""
        self._eager += 1
        self._gather()
        try:
            yield
        finally:
            self._eager -= 1
            self._gather()

    def values(self, kind: str) -> list[Message]:
        """Return the latest value of each topic of a kind that is followed and retained."""
        return self.client.values(kind)

    async def ask(
        self, service: str, name: str, data: Mapping[str, Any] | None = None, timeout_s: float = ANSWER_S, **how: Any
    ) -> Mapping[str, Any]:
        """Return the answer's data; raises ClientError as ``ServiceClient.ask`` does."""
        return answer_of(await self._settled(lambda: self.client.begin_question(service, name, data, timeout_s, **how)))

    async def command(
        self,
        target: str,
        name: str,
        data: Mapping[str, Any],
        timeout_s: float = ANSWER_S,
        *,
        by: str | None = None,
        **how: Any,
    ) -> Result:
        """Return what came of a command, signed ``by``; raises ClientError as ``ServiceClient.command`` does."""
        command = self.client.new_command(target, name, data)
        if by is not None:
            command = command.model_copy(update={"by": by})
        return result_of(await self._settled(lambda: self.client.begin_command(command, timeout_s, **how)))

    async def updates(self) -> AsyncIterator[Message]:
        """Yield each followed message as it comes. One reader at a time."""
        while True:
            self._changed.clear()
            for message in self.client.updates():
                yield message
            await self._changed.wait()

    async def changes(self) -> AsyncIterator[list[Change]]:
        """Yield what became of the followed topics, several at once, as it is taken. One reader at a time."""
        while True:
            self._changed.clear()
            if found := self.client.changes():
                yield found
            await self._changed.wait()

    def drain(self) -> list[Change]:
        """Take what has arrived until now; returns what no reader of ``changes`` has had yet."""
        self.client.mqtt.catch_up()
        self._take()
        return self.client.changes()

    async def _settled(self, begin: Callable[[], Exchange]) -> Exchange:
        with self.eager():
            exchange = begin()
            future: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
            self._futures[exchange.key] = future
            try:
                while not future.done():  # time alone may settle it, or have it sent again
                    await asyncio.wait([future], timeout=STEP_S)
                    self._take()
                return future.result()
            finally:
                del self._futures[exchange.key]
                self.client.exchanges.under_way.pop(exchange.key, None)

    def _gather(self) -> None:
        self.client.mqtt.gather(0 if self._eager else self._lazy_s)

    def _wake(self) -> None:
        """Called on the network's thread."""
        lazy = self._lazy_s and not self._eager and self.client.mqtt.waiting < MOST_WAITING
        if not lazy and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        for exchange in self.client.poll():
            future = self._futures.get(exchange.key)
            if future is not None and not future.done():
                future.set_result(exchange)
        self._changed.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._lazy_s)
            self._take()
