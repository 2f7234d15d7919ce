"""The parent that the processes of tests are forked from: imports, builds what is built on use, and waits.

``python -m tests.support.processes.warm_parent FD FD``: orders come by the first socket, each with three files; by the
second come those of ``upskeep.py``, which a shell runs in place of the command.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel
from setproctitle import getproctitle, setproctitle

ORDER_BYTES = 1_048_576
UPSKEEP = ("upskeep.cli", "upskeep.check", "upskeep.runner.run")


def main(orders: socket.socket, door: socket.socket) -> None:
    """Fork whatever is asked for, until nobody can ask any more."""
    getproctitle()  # finds where the title is, before any change of the environment
    _warm_up()
    while True:
        ready, _, _ = select.select([orders, door], [], [])
        if door in ready:
            asker, _ = door.accept()
            if not os.fork():
                orders.close()
                door.close()
                _attend(asker)
            asker.close()
        if orders in ready:
            text, files, *_ = socket.recv_fds(orders, ORDER_BYTES, 3)
            if not text:
                return
            orders.send(_adopted(json.loads(text), files, (orders, door)))
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # one who attended to a shell


def _adopted(order: dict[str, Any], files: list[int], sockets: tuple[socket.socket, ...]) -> bytes:
    """Fork twice: whoever asked adopts the orphan. Returns its number."""
    read, write = os.pipe()
    between = os.fork()
    if not between:
        _fork_again(order, files, sockets, read, write)
    os.close(write)
    os.waitpid(between, 0)  # from now on the child belongs to who asked
    number = os.read(read, 32)
    for file in (read, *files):
        os.close(file)
    return number


def _attend(asker: socket.socket) -> NoReturn:
    """Fork for a shell: send the number of the process, and its exit code when it has one."""
    text, files, *_ = socket.recv_fds(asker, ORDER_BYTES, 3)
    child = os.fork()
    if not child:
        asker.close()
        _take(files)
        _become(json.loads(text))
    for file in files:
        os.close(file)
    asker.send(str(child).encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):  # killed meanwhile
        asker.send(str(code).encode())
    os._exit(0)


def _warm_up() -> None:
    import services

    for module in (*UPSKEEP, *(f"services.{each.name}.app" for each in pkgutil.iter_modules(services.__path__))):
        importlib.import_module(module)
    for model in _models(BaseModel):
        with contextlib.suppress(Exception):  # who uses it hears of it
            model.model_rebuild()
    tasks = len(list(Path("/proc/self/task").iterdir()))
    assert (1, 1) == (tasks, threading.active_count()), "a module has started a thread: forks of this are not safe"
    gc.collect()
    gc.freeze()


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        if model.__module__.partition(".")[0] in ("shared", "services", "upskeep"):
            yield model
        yield from _models(model)


def _fork_again(
    order: dict[str, Any], files: list[int], sockets: tuple[socket.socket, ...], read: int, write: int
) -> NoReturn:
    ready, go = os.pipe()
    child = os.fork()
    if child:
        os.write(write, str(child).encode())
        os._exit(0)
    os.close(go)
    os.read(ready, 1)  # nothing: the end of the one between
    for end in sockets:
        end.close()
    _take(files)
    for file in (ready, read, write):
        os.close(file)
    _become(order)


def _take(files: list[int]) -> None:
    """Make three files the standard ones."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)


def _become(order: dict[str, Any]) -> NoReturn:
    """Be the program from here on."""
    if order["session"]:
        os.setsid()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    tempfile.tempdir = None  # by TMPDIR, once it is asked for
    setproctitle(order["title"])
    sys.argv = order["argv"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    _open_standard_streams()
    os._exit(_end(_run(order["module"])))


def _open_standard_streams() -> None:
    for name, mode, file in (("stdin", "r", 0), ("stdout", "w", 1), ("stderr", "w", 2)):
        theirs = getattr(sys, name)
        binary = open(file, f"{mode}b")  # noqa: SIM115, PTH123 - lives as long as the process
        stream = io.TextIOWrapper(binary, encoding=theirs.encoding, errors=theirs.errors)
        if mode == "w":
            at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
            stream.reconfigure(write_through=at_once, line_buffering=name == "stderr" or os.isatty(file))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _run(module: str | None) -> int:
    """Run it; returns its exit code as Python would make it."""
    try:
        if module is None:
            importlib.import_module("upskeep.cli").main()
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - as Python itself does at a process's end
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> int:
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads, as at the end of a process
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            return 120
    return code


if __name__ == "__main__":
    main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
