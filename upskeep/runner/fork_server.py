"""A process that imports what the services need once, and forks each of them: they share its memory and start at once.

Rules:
1. It is forked from the runner before that has threads, and does nothing but import, fork and wait.
2. A service runs as ``python -m services.NAME`` would: in a session of its own, with its own environment and log, no
   input, and no open file but these.
3. When the runner is gone, the server ends and its services go on, as services of a killed runner always do. When the
   server is gone, its services go on too; those that start from then on are processes of their own (``supervisor``).

Linux only: a child of another process is waited for by its file descriptor (pidfd).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from shared.journal import open_output
from shared.kinds import KINDS
from upskeep.runner.process_title import show_as

MESSAGE_BYTES = 1_048_576  # an environment and a path
REPLY_S = 120.0  # the imports come first, and a small machine is slow
CLEAN_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


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


class ForkServer:
    """The runner's end. ``names``: the services whose modules are imported ahead."""

    def __init__(self, names: Sequence[str]) -> None:
        """Fork the server; raises OSError where this system or this moment does not allow it."""
        if not hasattr(os, "pidfd_open") or threading.active_count() > 1:
            raise OSError("a fork server needs Linux, and a process without threads")
        _settle()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._codes: dict[int, int] = {}
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(theirs, names)
        theirs.close()
        self._socket.settimeout(REPLY_S)

    def start(self, name: str, environ: Mapping[str, str], log: Path) -> ServiceProcess:
        """Start a service; raises OSError when the server is gone or does not answer, and then ends it for good."""
        asked = json.dumps({"name": name, "environ": dict(environ), "log": str(log)})
        try:
            self._socket.send(asked.encode())
            while "started" not in (said := self._receive()):
                self._note(said)
            return Forked(self, said["started"])
        except (OSError, ValueError) as error:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            raise OSError("the fork server does not answer") from error

    def code_of(self, pid: int) -> int:
        """Return the exit code of a service that has ended; -SIGKILL where the server went first and nobody knows."""
        try:
            while pid not in self._codes:
                self._note(self._receive())
        except (OSError, ValueError):
            return -signal.SIGKILL
        return self._codes.pop(pid)

    def close(self) -> None:
        """Let the server end; its services go on."""
        self._socket.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _note(self, said: Mapping[str, int]) -> None:
        self._codes[said["ended"]] = said["code"]

    def _receive(self) -> dict[str, int]:
        return dict(json.loads(self._socket.recv(MESSAGE_BYTES)))


class Forked:
    """A service that the server has forked."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        self._code: int | None = None
        try:
            self._file: int | None = os.pidfd_open(pid)
        except ProcessLookupError:  # ended already; the server has said so, or is about to
            self._file = None

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        if self._code is None and self._has_ended(0):
            self._code = self._server.code_of(self.pid)
            if self._file is not None:
                os.close(self._file)
                self._file = None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        if self._code is None and not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(f"service {self.pid}", timeout or 0)
        code = self.poll()
        return 0 if code is None else code

    def send_signal(self, number: int) -> None:
        """Send a signal, to this process and to none that has its number now."""
        if self._file is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._file, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _has_ended(self, timeout: float | None) -> bool:
        return self._file is None or bool(select.select([self._file], [], [], timeout)[0])


# ---- in the server's process


def _serve(asked: socket.socket, names: Sequence[str]) -> None:
    """Import, then fork whatever is asked for until the runner is gone; never returns."""
    try:
        os.setsid()
        show_as("fork server")  # the first time must come before any change of the environment
        _let_go(asked.fileno())
        for number in CLEAN_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python has it: who hangs up must end no service
        for name in names:
            with contextlib.suppress(ImportError):  # its own process says what is missing
                importlib.import_module(f"services.{name}.app")
        for kind in KINDS.values():
            if kind.model is not None:
                kind.model.model_rebuild()  # ADR 0038: otherwise each service builds its own, and shares none
        _settle()
        with contextlib.suppress(ConnectionError):  # the runner was killed
            _answer(asked)
    except BaseException:  # noqa: BLE001 - this is a process's end, not a function's
        traceback.print_exc()
    finally:
        os._exit(0)


def _answer(asked: socket.socket) -> None:
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([asked.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        _reap(asked)
        if asked.fileno() in ready:
            text = asked.recv(MESSAGE_BYTES)
            if not text:
                return
            order = json.loads(text)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for end in (asked.fileno(), woken, waker):
                    os.close(end)
                _become(order["name"], order["environ"], order["log"])
            asked.send(json.dumps({"started": pid}).encode())


def _reap(asked: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = found
            asked.send(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become(name: str, environ: Mapping[str, str], log: str) -> None:
    """Be the service from here on; never returns."""
    code = 1
    try:
        os.setsid()
        os.environ.clear()
        os.environ.update(environ)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        out = open_output(name, Path(log), os.environ)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.close(out)
        sys.argv = [f"services.{name}"]
        show_as(f"services.{name}")
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


def _settle() -> None:
    """Let what is there now not be looked through again: looking writes, and what is written is no longer shared."""
    gc.collect()
    gc.freeze()


def _let_go(keep: int) -> None:
    """Close every file but the standard ones and ``keep``, and read from nothing."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        number = int(entry.name)
        if number > 2 and number != keep:
            with contextlib.suppress(OSError):
                os.close(number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
