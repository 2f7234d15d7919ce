"""Debian's own ``upsd`` answers the lines of the table as the door does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Require
from tests.support.nut.conversations import AS_UPSD, STALE
from tests.support.nut.upsd import DEADLINE_S, UPS, Upsd, nut_program
from tests.support.waiting import until


@pytest.fixture(scope="module")
def upsd(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Iterator[Upsd]:
    """A server of the table's UPS. It has no certificate, so it offers no TLS."""
    for program in ("upsd", "dummy-ups"):
        require.that(nut_program(program), f"NUT's {program} (nut-server) is not installed here")
    require.program("upsc")
    server = Upsd(Path(tmp_path_factory.mktemp("nut")) / "etc")
    try:
        server.start()
        server.show(ups__status="OL", battery__charge="100")
        until(lambda: server.says("upsc", f"{UPS}@127.0.0.1:{server.port}", "battery.charge") == "100", "it has data")
        yield server
    finally:
        server.end()


def last_answer(port: int, lines: tuple[str, ...]) -> str:
    """Say lines on a connection of their own; return the answer to the last one."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection,
        connection.makefile("rw") as io,
    ):
        for line in lines:
            io.write(f"{line}\n")
            io.flush()
            answer = [io.readline().rstrip("\n")]
            while answer[0].startswith("BEGIN LIST") and not answer[-1].startswith("END LIST"):
                answer.append(io.readline().rstrip("\n"))
        return "\n".join(answer)


@pytest.mark.parametrize(("lines", "expected"), AS_UPSD, ids=lambda one: str(one)[:60])
def test_debians_upsd_says_the_same(upsd: Upsd, lines: tuple[str, ...], expected: str) -> None:
    """Word for word."""
    until(lambda: upsd.clients() == 0, "the connection before is gone")

    assert expected == last_answer(upsd.port, lines)


def test_debians_upsd_says_the_same_of_stale_data(upsd: Upsd) -> None:
    """After its driver has stopped."""
    upsd.freeze()
    try:
        until(lambda: last_answer(upsd.port, (f"GET VAR {UPS} ups.status",)) == "ERR DATA-STALE", "the data are stale")
        for lines, expected in STALE:
            said = tuple(line.format(ups=UPS) for line in lines)
            until(lambda: upsd.clients() == 0, "the connection before is gone")
            assert expected.format(ups=UPS) == last_answer(upsd.port, said), said
    finally:
        upsd.thaw()
