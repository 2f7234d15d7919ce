"""The protocol of the NUT door: each line and its answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.core.nut.protocol import COMMANDS, GETS, LISTS, Reply, Session, World, answer
from services.gateway.core.nut.supplies import Ups
from tests.support.nut.conversations import AS_UPSD, OF_THE_DOOR, STALE
from tests.support.nut.upsd import PASSWORD, USER

UPSES = {
    "rack": Ups("rack", 'a "rack"', {"battery.charge": "100", "ups.status": "OL"}),
    "gone": Ups("gone", "away", None),
}


def world(session: Session) -> World:
    """Return what the door knows while the session's connection is the only one."""
    clients = [(session.ups, "127.0.0.1")] if session.ups else []
    return World(UPSES, "9.9", clients, lambda *said: said == (USER, PASSWORD))


def talk(*lines: str) -> Reply:
    """Say some lines on one connection; return the last reply."""
    reply = Reply(Session())
    for line in lines:
        reply = answer(reply.session, line, world(reply.session))
    return reply


@pytest.mark.parametrize(("lines", "expected"), [*AS_UPSD, *OF_THE_DOOR], ids=lambda one: str(one)[:60])
def test_each_line_has_its_answer(lines: tuple[str, ...], expected: str) -> None:
    """The answer to the last line of the table's row."""
    assert expected == "\n".join(talk(*lines).lines)


@pytest.mark.parametrize(("lines", "expected"), STALE, ids=lambda one: str(one)[:60])
def test_a_stale_ups_gives_no_data(lines: tuple[str, ...], expected: str) -> None:
    """It is known, it can be logged in to, and nothing of it is told."""
    said = [line.format(ups="gone") for line in lines]

    assert expected.format(ups="gone") == "\n".join(talk(*said).lines)


def test_every_command_has_a_row() -> None:
    """No command, and nothing that can be got or listed, is without a conversation."""
    lines = [row[0][-1].split() for row in (*AS_UPSD, *OF_THE_DOOR)]

    assert set(COMMANDS) <= {words[0].upper() for words in lines if words}
    assert set(GETS) <= {words[1].upper() for words in lines if words[:1] == ["GET"] and len(words) > 1}
    assert set(LISTS) <= {words[1].upper() for words in lines if words[:1] == ["LIST"] and len(words) > 1}


@pytest.mark.parametrize(("line", "closes"), [("LOGOUT", True), ('GET VAR "', True), ("LOGOUT x", False), ("", False)])
def test_a_connection_ends_by_logout_or_an_unreadable_line(line: str, closes: bool) -> None:
    """And by no other line."""
    assert closes is talk(line).close


def test_a_login_is_counted_for_its_ups_alone() -> None:
    """NUMLOGINS counts in any case of the name."""
    clients = [("rack", "192.0.2.1"), ("rack", "192.0.2.2"), ("gone", "192.0.2.3")]

    reply = answer(Session(), "GET NUMLOGINS RACK", World(UPSES, "9.9", clients))

    assert ("NUMLOGINS RACK 2",) == reply.lines


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=40), max_size=6))
def test_any_line_gets_lines_that_a_client_can_read(texts: list[str]) -> None:
    """No answer holds a line break, whatever is said; nothing raises."""
    session = Session()
    for line in (" ".join(texts), "GET DESC rack " + " ".join(texts), "LIST ENUM rack " + " ".join(texts)):
        reply = answer(session, line, world(session))

        assert [] == [sent for sent in reply.lines if "\n" in sent or "\r" in sent]
        session = reply.session
