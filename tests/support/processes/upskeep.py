"""``upskeep`` to a shell: has it forked by a parent that listens at a socket, and ends as it ends.

``python -IS upskeep.py SOCKET NAME ARGUMENTS…``. It imports little, for what it is there to spare is imports.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(door: str, *words: str) -> None:
    """Ask, pass signals on, and end with the same code or by the same signal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as parent:
        parent.connect(door)
        order = {"module": None, "argv": words, "environ": dict(os.environ), "title": " ".join(words),
                 "folder": os.getcwd(), "session": False}  # noqa: PTH109 # fmt: skip
        signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        socket.send_fds(parent, [json.dumps(order).encode()], [0, 1, 2])
        child = int(parent.recv(32))
        for number in FORWARDED:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda caught, _: os.kill(child, caught))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        code = int(parent.recv(32) or -signal.SIGKILL)
    if code < 0:
        with contextlib.suppress(OSError):  # SIGKILL has no other way
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
