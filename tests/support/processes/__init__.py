"""Starts our own programs as ``subprocess`` would, but by fork: a second of imports for each is spared (ADR 0042).

Rules:
1. What is started is a process of its own, a child of the test's: killed, waited for and accounted for as any other.
2. A service (``python -m services.NAME``) or ``upskeep`` is forked from a parent that has imported what they need,
   one for each worker. Anything else, and what asks for more than a parent can give, is executed as ever; so is
   everything where the kernel lets nobody adopt (QEMU's user emulation, of ``make arm64``).
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
UPSKEEP = "from upskeep.cli import main; main()"
PR_SET_CHILD_SUBREAPER = 36
SAFE_PATH = "-P"  # nothing is imported from the folder it is started in
OF_THE_INTERPRETER = re.compile("PYTHON|LC_|LANG|LD_|MALLOC_|TZ$")
REPLY_BYTES = 65_536
PLAIN: dict[str, Any] = {
    "preexec_fn": None, "pass_fds": (), "shell": False, "gid": None, "gids": None, "uid": None, "umask": -1,
    "process_group": -1, "executable": None,
}  # fmt: skip


class Popen(subprocess.Popen[Any]):
    """A process; forked where it is one of our own programs."""

    def _execute_child(self, *given: Any) -> None:
        asked = dict(zip(_PARAMETERS, given, strict=False))
        order = _order(asked["args"], os.environ if asked["env"] is None else asked["env"])
        plain = all(asked.get(name, value) in (value, ()) for name, value in PLAIN.items())
        if order is None or not plain or not _may_adopt():
            _EXECUTE(self, *given)
            return
        pipes = [asked[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")]
        files = [0 if pipes[0] == -1 else pipes[0], *(n if p == -1 else p for n, p in ((1, pipes[3]), (2, pipes[5])))]
        folder = os.fspath(asked["cwd"] or Path.cwd())
        try:
            self.pid = _parent().fork(order | {"folder": folder, "session": asked["start_new_session"]}, files)
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
        self._child_created = True


def run(
    command: Sequence[str],
    *,
    check: bool = False,
    capture_output: bool = False,
    input: Any = None,  # noqa: A002 - as subprocess has it
    timeout: float | None = None,
    **more: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end, as ``subprocess.run`` does."""
    if capture_output:
        more |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        more["stdin"] = subprocess.PIPE
    with Popen(command, **more) as process:
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def upskeep_of_a_shell(folder: Path) -> Path:
    """Return a program in ``folder`` that is ``upskeep`` to a shell, forked as all are."""
    program = folder / "upskeep"
    words = [sys.executable, "-IS", str(Path(__file__).with_name("upskeep.py")), str(_parent().door)]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$0" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def _order(command: Any, environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what to ask the parent for; None where it is none of its programs, or not in its environment."""
    if not isinstance(command, (list, tuple)) or _of_the_interpreter(environ) != _of_the_interpreter(os.environ):
        return None
    title = " ".join(words := [os.fspath(word) for word in command])
    if words[1:2] == [SAFE_PATH]:
        del words[1]
    programs = {"python": sys.executable, "upskeep": os.fspath(Path(sys.executable).with_name("upskeep"))}
    match words:
        case [program, *rest] if program == programs["upskeep"]:
            asked: dict[str, Any] = {"module": None, "argv": words}
        case [program, "-c", code, *rest] if program == programs["python"] and code == UPSKEEP:
            asked = {"module": None, "argv": ["-c", *rest]}
        case [program, "-m", name, *rest] if program == programs["python"] and re.fullmatch(r"services\.\w+", name):
            asked = {"module": name, "argv": [name, *rest]}
        case _:
            return None
    return asked | {"environ": dict(environ), "title": title}


def _of_the_interpreter(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if OF_THE_INTERPRETER.match(name)}


class _Parent:
    """The parent's end here."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory()
        self.door = Path(self._folder.name, "door")
        with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(str(self.door))
            door.listen()
            ends = [theirs.fileno(), door.fileno()]
            command = [sys.executable, "-m", "tests.support.processes.warm_parent", *map(str, ends)]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=ends)

    def fork(self, order: Mapping[str, Any], files: Sequence[int]) -> int:
        """Fork a process, which becomes a child of this one; returns its number."""
        with self._lock, _Adopting():
            socket.send_fds(self._socket, [json.dumps(order).encode()], list(files))
            answer = self._socket.recv(REPLY_BYTES)
        if not answer:
            raise OSError(f"the tests' parent of processes ended with {self._process.wait()}")
        return int(answer)

    def close(self) -> None:
        """Let it end."""
        self._socket.close()
        self._process.wait()
        self._folder.cleanup()


class _Adopting:
    """What loses its parent meanwhile becomes a child of this process."""

    def __enter__(self) -> None:
        _prctl(1)

    def __exit__(self, *_: object) -> None:
        _prctl(0)


@cache
def _may_adopt() -> bool:
    try:
        _prctl(0)
    except OSError:
        return False
    return True


def _prctl(on: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _parent() -> _Parent:
    with _BEGINS:
        if not _PARENTS:
            _PARENTS.append(_Parent())
            atexit.register(_PARENTS[0].close)
        return _PARENTS[0]


_EXECUTE = subprocess.Popen._execute_child  # type: ignore[attr-defined]
_PARAMETERS = list(signature(_EXECUTE).parameters)[1:]
_BEGINS = threading.Lock()
_PARENTS: list[_Parent] = []
