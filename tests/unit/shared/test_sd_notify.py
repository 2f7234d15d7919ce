"""What a service manager hears."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.sd_notify import Systemd


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket as systemd has it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(10)
        yield heard


def test_it_hears_of_readiness_once_and_of_life_in_time(manager: socket.socket) -> None:
    """Three signs in the time that the watchdog allows; what was heard is not repeated."""
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "30000000", "HOME": "/"}
    systemd = Systemd(environ)
    systemd.ready("two services")
    systemd.ready()
    for second in range(21):
        systemd.alive(1000.0 + second)
    systemd.status("all is well")
    systemd.status("all is well")
    systemd.stopping()

    heard = []
    while heard[-1:] != ["STOPPING=1"]:
        heard.append(manager.recv(4096).decode())
    assert heard == ["READY=1\nSTATUS=two services", *["WATCHDOG=1"] * 3, "STATUS=all is well", "STOPPING=1"]
    assert {"HOME": "/"} == environ  # what it starts does not speak in its name


def test_an_abstract_socket_is_one_too() -> None:
    """Containers use them."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("")
        heard.settimeout(10)
        Systemd({"NOTIFY_SOCKET": "@" + heard.getsockname()[1:].decode()}).ready()
        assert b"READY=1" == heard.recv(4096)


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nonexistent/notify", "WATCHDOG_USEC": "x"}])
def test_where_nobody_listens_nothing_happens(environ: dict[str, str]) -> None:
    """On a terminal; or the manager is gone."""
    systemd = Systemd(environ)
    systemd.ready()
    systemd.alive(1.0)
    systemd.stopping()
