"""A thread for each handler, so that one that is slow or fails holds up nobody else.

Rules:
1. A handler has one event at a time. What comes of it is fetched by the service's own thread: ``finished``.
2. Past its time an attempt counts as failed. Python cannot end the thread; it is left to itself and the next attempt
   gets a new one. With ``LEFT_ALONE`` such threads the handler is stuck: it waits until one of them returns.
3. Nothing a handler does ends a thread: what it raises is a failed attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from services.event_processor.core.pipeline.work import Failed, Outcome, Task

LEFT_ALONE = 3

Call = Callable[[Task], Outcome]


class Worker:
    """One handler's thread. ``wake`` is called when an attempt has ended; ``monotonic`` gives seconds."""

    def __init__(self, call: Call, timeout_s: float, monotonic: Callable[[], float], wake: Callable[[], None]) -> None:
        self.timeout_s = timeout_s
        self._call = call
        self._monotonic = monotonic
        self._wake = wake
        self._done: SimpleQueue[tuple[Task, Outcome, float]] = SimpleQueue()
        self._left: list[threading.Thread] = []
        self._thread: threading.Thread | None = None
        self.task: Task | None = None
        self._since_s = 0.0

    @property
    def stuck(self) -> bool:
        """Whether too many attempts are past their time and have not come back."""
        self._left = [thread for thread in self._left if thread.is_alive()]
        return len(self._left) >= LEFT_ALONE

    @property
    def free(self) -> bool:
        """Whether it may be given work."""
        return self.task is None and not self.stuck

    def give(self, task: Task) -> None:
        """Begin an attempt."""
        self.task, self._since_s = task, self._monotonic()
        self._thread = threading.Thread(target=self._run, args=(task,), name=f"handler-{task.handler}", daemon=True)
        self._thread.start()

    def finished(self) -> Iterator[tuple[Task, Outcome, float]]:
        """Yield (task, outcome, seconds it took) of the attempt that has ended, by itself or by its time."""
        while not self._done.empty():
            task, outcome, took_s = self._done.get()
            if self.task is not None and task == self.task:  # else its time was up already
                self.task = None
                yield task, outcome, took_s
        if self.task is not None and (took_s := self._monotonic() - self._since_s) >= self.timeout_s:
            task, self.task = self.task, None
            if self._thread is not None:
                self._left.append(self._thread)
            yield task, Failed(f"no end after {self.timeout_s:g} s"), took_s

    def patience_s(self) -> float | None:
        """Return how long the attempt under way still has."""
        return None if self.task is None else max(0.0, self._since_s + self.timeout_s - self._monotonic())

    def wait(self, patience_s: float) -> None:
        """Give an attempt under way a moment to end."""
        if self._thread is not None:
            self._thread.join(patience_s)

    def _run(self, task: Task) -> None:
        try:
            outcome = self._call(task)
        except Exception as error:  # noqa: BLE001 - rule 3
            outcome = Failed(f"{type(error).__name__}: {error}"[:500])
        self._done.put((task, outcome, self._monotonic() - self._since_s))
        self._wake()
