"""A worker ends at a signal, and in any case within its time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from fleet.worker.stopping import stopping_on_signals

BUSY = """
import ctypes, logging, sys, threading, time
from fleet.worker.stopping import stopping_on_signals
logging.basicConfig(format="%(message)s")
stop = threading.Event()
entered = stopping_on_signals(stop, 0.2)
entered.__enter__()
print("begun", flush=True)
"""
HANGS = "ctypes.CDLL(None).pause()"  # in a client's C code, where no handler of Python's runs
ENDS = "stop.wait(60); print('in order', flush=True)"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("does", "out", "said"), [(HANGS, "", "the log or the database has not answered"), (ENDS, "in order\n", "")]
)
def test_a_worker_ends_in_order_or_by_its_time(number: int, does: str, out: str, said: str) -> None:
    """One that hangs in a call of the log's client or the database's says so and ends with 0, as one in order does."""
    command = [sys.executable, "-c", BUSY + does]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "begun\n" == process.stdout.readline()
        process.send_signal(number)
        printed, complained = process.communicate(timeout=30)
    assert (0, out) == (process.returncode, printed)
    assert complained.startswith(said)
    assert bool(said) == bool(complained)


def test_who_ends_by_itself_leaves_signals_as_they_were() -> None:
    """What a process starts inherits what is blocked: a broker that was started then could not be asked to end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    threads = threading.active_count()
    with stopping_on_signals(threading.Event()):
        assert {signal.SIGTERM, signal.SIGINT} <= signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert before == signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert threads == threading.active_count()
