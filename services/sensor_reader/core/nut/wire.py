"""NUT's network protocol (RFC 9271, NUT docs/net-protocol.txt) as far as reading goes: words of lines, and refusals.

Rules:
1. A line is words: ``shared.nut.line``.
2. An answer is one line, or a list between ``BEGIN LIST`` and ``END LIST``; ``ERR word`` may stand in place of either.
3. A word this page does not know is reported as it came: servers newer than this page are no fault.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.sensor_reader.core.ports import PortError
from shared.nut.line import OpenQuoteError
from shared.nut.line import words as split

# What a server may answer in place of data: (code of the ReadError, what it means and what to do).
REFUSALS = {
    "DATA-STALE": ("stale", "the driver has had no fresh data from the UPS; check the cable, then the driver's log"),
    "DRIVER-NOT-CONNECTED": ("nack", "upsd has lost the UPS's driver; see `upsdrvctl start` and the driver's log"),
    "UNKNOWN-UPS": ("refused", "the server knows no UPS of this name"),
    "ACCESS-DENIED": ("refused", "the server refuses this user, password or address; see its upsd.users"),
    "INVALID-USERNAME": ("refused", "the server takes no such user name"),
    "INVALID-PASSWORD": ("refused", "the server refuses the password"),
    "USERNAME-REQUIRED": ("refused", "the server wants a user name first; give username and password_file"),
    "PASSWORD-REQUIRED": ("refused", "the server wants a password first; give username and password_file"),
    "FEATURE-NOT-SUPPORTED": ("refused", "this server was built without that, e.g. TLS"),
    "FEATURE-NOT-CONFIGURED": ("refused", "the server is not set up for that, e.g. it has no certificate (CERTFILE)"),
    "UNKNOWN-COMMAND": ("refused", "the server does not know the command; is this upsd?"),
}


LONGEST_WORD = 60


class ProtocolError(PortError):
    """An answer that breaks NUT's protocol; the rest of this connection cannot be trusted."""

    def __init__(self, detail: str) -> None:
        super().__init__("bus", detail)


class RefusalError(PortError):
    """The server answered ``ERR word``."""

    def __init__(self, word: str, asked: str) -> None:
        code, meaning = REFUSALS.get(word, ("refused", "the server's log may say why"))
        super().__init__(code, f"{asked}: {_shown(word)}: {meaning}")
        self.word = word


def _shown(word: str) -> str:
    """Return a server's word safe for a log: short, and without control characters."""
    return word if len(word) <= LONGEST_WORD and word.isprintable() else f"{word!r:.60}"


def words(line: str) -> tuple[str, ...]:
    """Return the words of a line; raises ProtocolError where a quote stays open."""
    try:
        return split(line)
    except OpenQuoteError as error:
        raise ProtocolError(str(error)) from None


def refusal(tokens: tuple[str, ...], asked: str) -> RefusalError | None:
    """Return the error that an ``ERR`` line means, None for any other line. ``asked`` goes into its words."""
    if tokens[:1] != ("ERR",):
        return None
    return RefusalError(tokens[1] if len(tokens) > 1 else "ERR", asked)


def variables(lines: Iterable[tuple[str, ...]], ups: str) -> dict[str, str]:
    """Return the variables in the lines of ``LIST VAR ups``; raises ProtocolError at a line that is none of them."""
    found: dict[str, str] = {}
    for tokens in lines:
        if len(tokens) != 4 or tokens[:2] != ("VAR", ups):
            raise ProtocolError(f"LIST VAR {ups}: got the line {' '.join(tokens)!r:.80}, which is no variable of it")
        found[tokens[2]] = tokens[3]
    return found
