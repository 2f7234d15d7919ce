"""A thread for each handler, so that a slow or failing one does not delay the others.

Rules:
1. A handler gets several tasks at once and works on one at a time. The service's own thread fetches the outcomes:
   ``finished``.
2. After its timeout an attempt counts as failed. Python cannot end the thread; it is abandoned and does nothing further
   when it returns, and a new thread takes the next tasks. Tasks that it had not begun are given back. With
   ``LEFT_ALONE`` abandoned threads the handler is stuck: it waits until one of them returns.
3. An exception does not end a thread: it is a failed attempt.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from services.event_processor.core.pipeline.work import Failed, Outcome, Task

LEFT_ALONE = 3

Call = Callable[[Task], Outcome]
Finished = tuple[Task, Outcome, float]


class Handful:
    """Tasks for one thread; ``now`` is the one it is at, ``since_s`` since when."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.lock = threading.Lock()
        self.rest = deque(tasks)
        self.now: Task | None = None
        self.since_s = 0.0
        self.abandoned = False

    def next(self, now_s: float) -> Task | None:
        """Begin the next task; None without one, or if the thread was abandoned."""
        with self.lock:
            if self.abandoned:
                return None
            self.now, self.since_s = (self.rest.popleft() if self.rest else None), now_s
            return self.now

    def overdue(self, timeout_s: float, now_s: float) -> tuple[Task, float] | None:
        """Abandon the thread if its task has exceeded its timeout; return that task and its duration, else None."""
        with self.lock:
            if self.now is None or now_s - self.since_s < timeout_s:
                return None
            self.abandoned = True
            return self.now, now_s - self.since_s


class Worker:
    """One handler's thread. ``wake`` is called when an attempt has ended; ``monotonic`` gives seconds."""

    def __init__(self, call: Call, timeout_s: float, monotonic: Callable[[], float], wake: Callable[[], None]) -> None:
        self.timeout_s = timeout_s
        self._call = call
        self._monotonic = monotonic
        self._wake = wake
        self._done: SimpleQueue[tuple[Handful, Finished]] = SimpleQueue()
        self._left: list[threading.Thread] = []
        self._thread: threading.Thread | None = None
        self._handful: Handful | None = None
        self._open = 0  # tasks of the handful that have not been fetched
        self.given_back: list[Task] = []  # never begun: their thread was abandoned

    @property
    def stuck(self) -> bool:
        """Whether ``LEFT_ALONE`` abandoned threads have not returned."""
        self._left = [thread for thread in self._left if thread.is_alive()]
        return len(self._left) >= LEFT_ALONE

    @property
    def free(self) -> bool:
        """Whether it may be given work."""
        return self._open == 0 and not self.stuck

    def give(self, tasks: Sequence[Task]) -> None:
        """Begin a handful."""
        self._handful, self._open = Handful(tasks), len(tasks)
        name = f"handler-{tasks[0].handler}"
        self._thread = threading.Thread(target=self._run, args=(self._handful,), name=name, daemon=True)
        self._thread.start()

    def finished(self) -> Iterator[Finished]:
        """Yield (task, outcome, duration in s) of every attempt that has ended or timed out."""
        while not self._done.empty():
            handful, ended = self._done.get()
            if handful is self._handful and not handful.abandoned:
                self._open -= 1
                yield ended
        if self._handful is None or not self._open:
            return
        late = self._handful.overdue(self.timeout_s, self._monotonic())
        if late is not None:
            if self._thread is not None:
                self._left.append(self._thread)
            self.given_back += self._handful.rest
            self._handful, self._open = None, 0
            yield late[0], Failed(f"no end after {self.timeout_s:g} s"), late[1]

    def patience_s(self) -> float | None:
        """Return the time left for the attempt under way, s; None without one."""
        if self._handful is None or not self._open:
            return None
        return max(0.0, self._handful.since_s + self.timeout_s - self._monotonic())

    def wait(self, patience_s: float) -> None:
        """Wait for the attempt under way, at most ``patience_s``, and begin no other."""
        if self._handful is not None:
            self._handful.rest.clear()
        if self._thread is not None:
            self._thread.join(patience_s)

    def _run(self, handful: Handful) -> None:
        while (task := handful.next(self._monotonic())) is not None:
            began_s = handful.since_s
            try:
                outcome = self._call(task)
            except Exception as error:  # noqa: BLE001 - rule 3
                outcome = Failed(f"{type(error).__name__}: {error}"[:500])
            self._done.put((handful, (task, outcome, self._monotonic() - began_s)))
            self._wake()
