"""An asyncio event loop on a thread of its own, beside the service's loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

STOP_S = 5.0


class LoopThread:
    """Runs ``main()`` until ``stop``. Where it ends by an error, ``check`` raises that error on the caller's thread."""

    def __init__(self, main: Callable[[], Coroutine[Any, Any, None]], failed: Callable[[], None]) -> None:
        self._main = main
        self._failed = failed
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the loop, if anything did."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End ``main()`` by cancelling it, and wait for it a while."""
        self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            log.warning("what was being served did not end within %g s", STOP_S)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._main())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the service's own thread, which ends by it
            self._error = error
            self._failed()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
