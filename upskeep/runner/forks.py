"""The runner as parent of its services: it imports what they need once and forks each of them.

They share its memory and start at once. Rules:
1. Everything is imported, and the settings are read, before the first fork, and no object of it is collected.
2. A service runs as ``python -m services.NAME`` would: in a session of its own, with its own environment and log, no
   input, and no open file but these. It never comes back to the code that forked it.
3. The only other thread is the network's. While that is in a call that holds locks of the system's libraries, which a
   fork would leave locked for ever, nothing is forked: the supervisor then starts a process that imports for itself.
4. When the runner is gone, its services go on.

Linux only: a child is waited for by its file descriptor (pidfd).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NoReturn, Protocol

from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.journal import open_output
from shared.messages import Message
from shared.settings import ConfigError, read_settings
from shared.suite import SuiteSettings
from upskeep.runner.process_title import show_as

OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)  # signals that mean the runner, or nothing
AtRest = Callable[[], AbstractContextManager[bool]]


class ServiceProcess(Protocol):
    """What the supervisor needs of a process; ``subprocess.Popen`` is one."""

    pid: int

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended; raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal; nothing happens where it has ended."""

    def kill(self) -> None:
        """End it at once."""


class Forks:
    """Forks the services ``names``. ``at_rest`` says whether the network's thread holds no lock of a library."""

    def __init__(self, names: Sequence[str], at_rest: AtRest = lambda: nullcontext(True)) -> None:
        """Raise OSError where this system or this moment does not allow forks."""
        if not hasattr(os, "pidfd_open") or threading.active_count() > 1:
            raise OSError("services are forked on Linux alone, and by a process without threads")
        self._at_rest = at_rest
        self._names = names

    def load(self, names: Sequence[str], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Import the modules of those of ``names`` that are forked here, and call ``meanwhile`` after each."""
        for name in names:
            if name in self._names:
                with contextlib.suppress(ImportError):  # its own process says what is missing
                    importlib.import_module(f"services.{name}.app")
                meanwhile()

    def read(self, folder: Path, environ: Mapping[str, str]) -> None:
        """Read the services' settings, for what is read once is known; then let nothing of it be looked through again.

        Looking for garbage writes, and what is written is no longer shared.
        """
        for model in _all_of(Message):
            model.model_rebuild()  # ADR 0038: otherwise each service builds its own, and shares none
        for name in self._names:
            with contextlib.suppress(ConfigError, ImportError):  # its own process says what is wrong
                suite = read_settings(folder, "suite", SuiteSettings, environ)
                service = importlib.import_module(f"services.{name}.app").SERVICE
                service.settings(Context(folder, environ, suite, SYSTEM_CLOCK))
        gc.freeze()

    def start(self, name: str, environ: Mapping[str, str], log: Path) -> ServiceProcess:
        """Start a service; raises OSError where nothing can be forked now."""
        with self._at_rest() as rests:
            if not rests:
                raise OSError("the network's thread is busy")
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):  # a terminal that is gone; whoever writes to it says so
                    stream.flush()
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, OURS)
            try:
                pid = _fork()
                if not pid:
                    _become(name, environ, log, blocked)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            return Forked(pid)


class Forked:
    """A service that this process has forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        if self.poll() is None:
            file = os.pidfd_open(self.pid)
            try:
                select.select([file], [], [], timeout)
            finally:
                os.close(file)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(f"service {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal; the number is its own for as long as nobody has asked how it ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _all_of(base: type[Message]) -> Iterator[type[Message]]:
    """Yield every model below ``base``, those within others, too: a message's parts are made one by one."""
    for model in base.__subclasses__():
        yield model
        yield from _all_of(model)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads: rule 3
        return os.fork()


# ---- in the service's process


def _become(name: str, environ: Mapping[str, str], log: Path, unblocked: set[int | signal.Signals]) -> NoReturn:
    """Be the service from here on."""
    code = 1
    try:
        os.setsid()
        show_as(f"services.{name}")  # the first time must come before any change of the environment
        for number in OURS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python has it: who hangs up must end no service
        os.environ.clear()
        os.environ.update(environ)
        time.tzset()
        out = open_output(name, log, os.environ)
        os.dup2(out, 1)
        os.dup2(out, 2)
        _let_go()
        sys.argv = [f"services.{name}"]
        runpy.run_module(f"services.{name}", run_name="__main__", alter_sys=False)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as Python itself does at a process's end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _let_go() -> None:
    """Close every file but the standard ones, and read from nothing."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        number = int(entry.name)
        if number > 2:
            with contextlib.suppress(OSError):
                os.close(number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
