"""The protocol of ``upsd``, read-only: a function of (session, line, world) → (session, lines to send).

After RFC 9271 and NUT's docs/net-protocol.txt; where they are silent, what Debian's ``upsd`` answers. The same lines
are put to both in ``tests/integration/gateway/test_nut_against_upsd.py``.

Rules:
1. Commands, names of UPSs and of variables are read in any case, and come back as they were written.
2. Reading needs no login, as with ``upsd``. LOGIN only counts a client: for NUMLOGINS and LIST CLIENT.
3. Nothing can be set, commanded or forced. PRIMARY, FSD and SET are refused to everybody.
4. A line that cannot be read ends the connection, for what follows could mean anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.gateway.core.nut.supplies import Ups
from services.gateway.core.nut.variables import DESCRIPTIONS
from shared.nut.line import OpenQuoteError, quote, words

NETVER = "1.3"  # of the protocol, as NUT 2.8
LONGEST_LINE = 512  # bytes; NUT's own lines are shorter than 300
MOST_WORDS = 32  # in a line, as in NUT's parser
NO_DESCRIPTION = "Description unavailable"


@dataclass(frozen=True, slots=True)
class Session:
    """The credentials of one connection. ``ups`` is the one it has logged in to."""

    username: str | None = None
    password: str | None = None
    ups: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What the door knows while it answers a line.

    ``upses`` by name; ``clients``: (UPS, address) of every connection that has logged in; ``may_log_in`` says whether
    a user name and password are right.
    """

    upses: Mapping[str, Ups]
    version: str
    clients: Sequence[tuple[str, str]] = ()
    may_log_in: Callable[[str, str], bool] = field(default=lambda _username, _password: True)

    @property
    def banner(self) -> str:
        """What VER and server.info answer."""
        return f"Upskeep {self.version}, read-only, in the protocol of Network UPS Tools upsd"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back, without line ends. ``close``: the connection ends after it."""

    session: Session
    lines: tuple[str, ...] = ()
    close: bool = False


class RefusedLineError(Exception):
    """``ERR word``; the words are NUT's."""


def answer(session: Session, line: str, world: World) -> Reply:
    """Return what ``upsd`` would answer to a line of at most ``LONGEST_LINE`` bytes, without its line end."""
    try:
        tokens = words(line)
    except OpenQuoteError:
        return Reply(session, ("ERR INVALID-ARGUMENT",), close=True)
    try:
        name, *arguments = tokens[:MOST_WORDS] or ("",)
        command = COMMANDS.get(name.upper())
        if command is None:
            raise RefusedLineError("UNKNOWN-COMMAND")
        if command.logged_in:
            _named(session)
        return command.run(session, tuple(arguments), world)
    except RefusedLineError as refused:
        return Reply(session, (f"ERR {refused}",))


# ---- what is checked


def _named(session: Session) -> None:
    if session.username is None:
        raise RefusedLineError("USERNAME-REQUIRED")
    if session.password is None:
        raise RefusedLineError("PASSWORD-REQUIRED")


def _exactly(arguments: Sequence[str], count: int) -> None:
    if len(arguments) != count:
        raise RefusedLineError("INVALID-ARGUMENT")


def _at_least(arguments: Sequence[str], count: int) -> None:
    if len(arguments) < count:
        raise RefusedLineError("INVALID-ARGUMENT")


def _ups(world: World, name: str) -> Ups:
    found = world.upses.get(name) or next((ups for ups in world.upses.values() if _same(ups.name, name)), None)
    if found is None:
        raise RefusedLineError("UNKNOWN-UPS")
    return found


def _variables(world: World, name: str) -> Mapping[str, str]:
    variables = _ups(world, name).variables
    if variables is None:
        raise RefusedLineError("DATA-STALE")
    return variables


def _value(world: World, ups: str, name: str) -> str:
    value = _variables(world, ups).get(name.lower())
    if value is None:
        raise RefusedLineError("VAR-NOT-SUPPORTED")
    return value


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _plain(word: str) -> str:
    """Return a client's word as it may come back: quoted where it is no plain word."""
    return word if words(quote(word)) == (word,) and not set(word) & set(' "\\') else quote(word)


# ---- GET


def _get_var(world: World, ups: str, name: str) -> str:
    if name.lower().startswith("server."):
        _ups(world, ups)
        server = {"server.info": world.banner, "server.version": world.version}
        if (value := server.get(name.lower())) is None:
            raise RefusedLineError("VAR-NOT-SUPPORTED")
    else:
        value = _value(world, ups, name)
    return f"VAR {ups} {name} {quote(value)}"


def _get_desc(world: World, ups: str, name: str) -> str:
    _variables(world, ups)
    return f"DESC {ups} {_plain(name)} {quote(DESCRIPTIONS.get(name.lower(), NO_DESCRIPTION))}"


def _get_cmddesc(world: World, ups: str, name: str) -> str:
    _variables(world, ups)
    return f"CMDDESC {ups} {_plain(name)} {quote(NO_DESCRIPTION)}"


def _get_type(world: World, ups: str, name: str) -> str:
    value = _value(world, ups, name)
    return f"TYPE {ups} {name} {'NUMBER' if _is_number(value) else f'STRING:{len(value.encode())}'}"


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()


def _get_numlogins(world: World, ups: str) -> str:
    _variables(world, ups)
    return f"NUMLOGINS {ups} {sum(_same(ups, client) for client, _ in world.clients)}"


def _get_upsdesc(world: World, ups: str) -> str:
    return f"UPSDESC {ups} {quote(_ups(world, ups).description)}"


def _get_tracking(_: World, *identity: str) -> str:
    if identity:
        raise RefusedLineError("FEATURE-NOT-CONFIGURED")
    return "OFF"


GETS: Mapping[str, tuple[int, Callable[..., str]]] = {
    "VAR": (2, _get_var),
    "DESC": (2, _get_desc),
    "CMDDESC": (2, _get_cmddesc),
    "TYPE": (2, _get_type),
    "NUMLOGINS": (1, _get_numlogins),
    "UPSDESC": (1, _get_upsdesc),
}


def _get(session: Session, arguments: tuple[str, ...], world: World) -> Reply:
    _at_least(arguments, 1)
    what = arguments[0].upper()
    if what == "TRACKING":
        return Reply(session, (_get_tracking(world, *arguments[1:2]),))
    if what not in GETS:
        raise RefusedLineError("INVALID-ARGUMENT")
    count, get = GETS[what]
    _at_least(arguments, 1 + count)
    return Reply(session, (get(world, *arguments[1 : 1 + count]),))


# ---- LIST


def _list_ups(world: World) -> list[str]:
    return [f"UPS {ups.name} {quote(ups.description)}" for ups in world.upses.values()]


def _list_var(world: World, ups: str) -> list[str]:
    return [f"VAR {ups} {name} {quote(value)}" for name, value in _variables(world, ups).items()]


def _list_nothing(world: World, ups: str) -> list[str]:
    """No variable can be written, and no command given."""
    _variables(world, ups)
    return []


def _list_no_values(world: World, ups: str, name: str) -> list[str]:
    _value(world, ups, name)
    return []


def _list_client(world: World, ups: str) -> list[str]:
    _ups(world, ups)
    return [f"CLIENT {ups} {address}" for client, address in world.clients if _same(client, ups)]


LISTS: Mapping[str, tuple[int, Callable[..., list[str]]]] = {
    "UPS": (0, _list_ups),
    "VAR": (1, _list_var),
    "RW": (1, _list_nothing),
    "CMD": (1, _list_nothing),
    "ENUM": (2, _list_no_values),
    "RANGE": (2, _list_no_values),
    "CLIENT": (1, _list_client),
}


def _list(session: Session, arguments: tuple[str, ...], world: World) -> Reply:
    _at_least(arguments, 1)
    what = arguments[0].upper()
    if what not in LISTS:
        raise RefusedLineError("INVALID-ARGUMENT")
    count, rows = LISTS[what]
    _at_least(arguments, 1 + count)
    asked = arguments[1 : 1 + count]
    lines = rows(world, *asked)
    query = " ".join((what, *asked))
    return Reply(session, (f"BEGIN LIST {query}", *lines, f"END LIST {query}"))


# ---- the other commands


def _ver(session: Session, arguments: tuple[str, ...], world: World) -> Reply:
    _exactly(arguments, 0)
    return Reply(session, (world.banner,))


def _netver(session: Session, arguments: tuple[str, ...], _: World) -> Reply:
    _exactly(arguments, 0)
    return Reply(session, (NETVER,))


def _help(session: Session, arguments: tuple[str, ...], _: World) -> Reply:
    _exactly(arguments, 0)
    return Reply(session, ("Commands: HELP VER GET LIST LOGIN LOGOUT USERNAME PASSWORD",))


def _username(session: Session, arguments: tuple[str, ...], _: World) -> Reply:
    _exactly(arguments, 1)
    if session.username is not None:
        raise RefusedLineError("ALREADY-SET-USERNAME")
    return Reply(replace(session, username=arguments[0]), ("OK",))


def _password(session: Session, arguments: tuple[str, ...], _: World) -> Reply:
    _exactly(arguments, 1)
    if session.password is not None:
        raise RefusedLineError("ALREADY-SET-PASSWORD")
    return Reply(replace(session, password=arguments[0]), ("OK",))


def _login(session: Session, arguments: tuple[str, ...], world: World) -> Reply:
    _exactly(arguments, 1)
    if session.ups is not None:
        raise RefusedLineError("ALREADY-LOGGED-IN")
    ups = _ups(world, arguments[0])
    if not world.may_log_in(session.username or "", session.password or ""):
        raise RefusedLineError("ACCESS-DENIED")
    return Reply(replace(session, ups=ups.name), ("OK",))


def _logout(session: Session, arguments: tuple[str, ...], _: World) -> Reply:
    _exactly(arguments, 0)
    return Reply(session, ("OK Goodbye",), close=True)


def _of_a_primary(session: Session, arguments: tuple[str, ...], world: World) -> Reply:  # noqa: ARG001 - of the table
    _exactly(arguments, 1)
    _ups(world, arguments[0])
    raise RefusedLineError("ACCESS-DENIED")


def _set(session: Session, arguments: tuple[str, ...], world: World) -> Reply:  # noqa: ARG001 - of the table
    _at_least(arguments, 2)
    match arguments[0].upper():
        case "TRACKING":
            raise RefusedLineError("FEATURE-NOT-CONFIGURED")
        case "VAR" if len(arguments) > 3:
            _variables(world, arguments[1])
            raise RefusedLineError("ACCESS-DENIED")
    raise RefusedLineError("INVALID-ARGUMENT")


def _instcmd(session: Session, arguments: tuple[str, ...], world: World) -> Reply:  # noqa: ARG001 - of the table
    _at_least(arguments, 2)
    _variables(world, arguments[0])
    raise RefusedLineError("CMD-NOT-SUPPORTED")


def _starttls(session: Session, arguments: tuple[str, ...], world: World) -> Reply:  # noqa: ARG001 - of the table
    raise RefusedLineError("FEATURE-NOT-CONFIGURED")


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and whether it wants a user name and a password first."""

    run: Callable[[Session, tuple[str, ...], World], Reply]
    logged_in: bool = False


COMMANDS: Mapping[str, Command] = {
    "VER": Command(_ver),
    "NETVER": Command(_netver),
    "PROTVER": Command(_netver),
    "HELP": Command(_help),
    "GET": Command(_get),
    "LIST": Command(_list),
    "USERNAME": Command(_username),
    "PASSWORD": Command(_password),
    "LOGIN": Command(_login, logged_in=True),
    "LOGOUT": Command(_logout),
    "PRIMARY": Command(_of_a_primary, logged_in=True),
    "MASTER": Command(_of_a_primary, logged_in=True),
    "FSD": Command(_of_a_primary, logged_in=True),
    "SET": Command(_set, logged_in=True),
    "INSTCMD": Command(_instcmd, logged_in=True),
    "STARTTLS": Command(_starttls),
}
