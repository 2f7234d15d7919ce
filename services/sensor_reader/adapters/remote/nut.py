"""A NUT server, read over TCP. It is only ever asked for variables; nothing is set and no command sent.

Rules:
1. One connection is kept from poll to poll. If it turns out to be dead, the same poll makes one new one.
2. Without ``login`` we are no client that counts: LOGIN would make a primary wait for us before it cuts the power.
3. TLS: ``require`` checks the certificate (by ``ca_file``, else by what the system trusts) and never goes on without;
   ``try`` takes TLS where the server has it, and checks the certificate only with a ``ca_file``; ``off`` asks for none.
4. Where the server does not know the UPS, the error names those it knows, ``MOST_NAMES`` at most.
5. The server is not trusted: an answer has at most ``_MOST_BYTES`` and ``_MOST_LINES`` and comes within the time of
   one poll, however slowly it drips.
"""

from __future__ import annotations

import socket
import ssl
import time

from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.meaning import interpret
from services.sensor_reader.core.nut.wire import ProtocolError, RefusalError, refusal, variables, words
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.settings import NutSettings
from shared.nut.line import quote
from shared.small_file import read_small

_MOST_BYTES = 1 << 20  # of one answer; a big UPS shows some 10 kB
_MOST_LINES = 10_000
MOST_NAMES = 10


class NutUps:
    """One UPS of a server. Not for several threads at a time."""

    def __init__(self, server: NutSettings) -> None:
        self._server = server
        self._link: _Link | None = None
        self._history = History()

    def read(self) -> Reading:
        """Ask for all its variables; raises PortError."""
        kept = self._link is not None
        try:
            found = self._variables()
        except _LinkError:
            if not kept:
                raise
            found = self._variables()
        reading, self._history = interpret(found, self._history)
        return reading

    @property
    def encrypted(self) -> bool:
        """Whether there is a connection, and it is one in TLS."""
        return self._link is not None and self._link.encrypted

    def close(self) -> None:
        """Send LOGOUT and close the connection; safe to call twice."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _variables(self) -> dict[str, str]:
        ups = self._server.ups
        try:
            if self._link is None:
                self._link = _open(self._server)
            return variables(self._link.list(f"VAR {quote(ups)}"), ups)
        except (_LinkError, ProtocolError):
            self.close()
            raise
        except RefusalError as error:
            if error.word != "UNKNOWN-UPS" or self._link is None:
                raise
            names = [f"{tokens[1]:.60}" for tokens in self._link.list("UPS") if len(tokens) > 1]
            known = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "") or "none"
            raise PortError(error.code, f"{error.detail}; it knows: {known}") from error


def ups_names(server: NutSettings) -> tuple[str, list[str]]:
    """Return a server's version, and the UPSs it knows, at most ``MOST_NAMES``; raises PortError."""
    link = _open(server)
    try:
        version = " ".join(link.ask("VER", "VER"))
        return version, [tokens[1] for tokens in link.list("UPS") if len(tokens) > 1][:MOST_NAMES]
    finally:
        link.close()


class _LinkError(PortError):
    """The connection failed; other PortErrors come from an answer."""


class _Link:
    """A connection: lines out, words in."""

    def __init__(self, place: str, connection: socket.socket, timeout_s: float) -> None:
        self._place = place
        self._timeout_s = timeout_s
        self._deadline_s = time.monotonic() + timeout_s
        self._socket = connection
        self._buffer = b""

    def ask(self, line: str, what: str) -> tuple[str, ...]:
        """Send a line and return the words of the answer; raises PortError where that is a refusal."""
        self._send(line)
        return self._answer(what)

    def list(self, what: str) -> list[tuple[str, ...]]:
        """Return the lines between BEGIN LIST and END LIST."""
        began = self.ask(f"LIST {what}", f"LIST {what}")
        if began[:2] != ("BEGIN", "LIST"):
            raise ProtocolError(f"{self._place}: LIST {what} was answered with {' '.join(began)!r:.80}")
        lines: list[tuple[str, ...]] = []
        size = 0
        while (tokens := self._answer(f"LIST {what}"))[:2] != ("END", "LIST"):
            lines.append(tokens)
            size += sum(map(len, tokens))
            if size > _MOST_BYTES or len(lines) > _MOST_LINES:
                raise ProtocolError(f"{self._place}: LIST {what} does not end")
        return lines

    def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS."""
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise PortError("refused", f"{self._place}: TLS failed: {reason}; see tls and ca_file") from error
        except OSError as error:
            raise _broken(self._place, error) from error

    @property
    def encrypted(self) -> bool:
        """Whether it is in TLS."""
        return isinstance(self._socket, ssl.SSLSocket)

    def close(self) -> None:
        """Send LOGOUT, if the server still answers, and close the connection."""
        try:
            self._socket.sendall(b"LOGOUT\n")
        except OSError:
            pass
        finally:
            self._socket.close()

    def _send(self, line: str) -> None:
        self._deadline_s = time.monotonic() + self._timeout_s
        try:
            self._socket.settimeout(self._timeout_s)
            self._socket.sendall(line.encode() + b"\n")
        except OSError as error:
            raise _broken(self._place, error) from error

    def _answer(self, what: str) -> tuple[str, ...]:
        tokens = words(self._line())
        refused = refusal(tokens, f"{self._place}: {what}")
        if refused:
            raise refused
        return tokens

    def _left_s(self) -> float:
        """Return how long the answer may still take; raises TimeoutError where it took too long."""
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def _line(self) -> str:
        while b"\n" not in self._buffer:
            try:
                self._socket.settimeout(self._left_s())
                got = self._socket.recv(4096)
            except OSError as error:
                raise _broken(self._place, error) from error
            if not got:
                raise _LinkError("bus", f"{self._place}: the server closed the connection")
            self._buffer += got
            if len(self._buffer) > _MOST_BYTES:
                raise ProtocolError(f"{self._place}: a line does not end")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


def _broken(place: str, error: OSError) -> _LinkError:
    if isinstance(error, TimeoutError):
        return _LinkError("timeout", f"{place}: no answer in time; does the server hang?")
    if isinstance(error, ConnectionRefusedError):
        return _LinkError("nack", f"{place}: nobody listens there; does upsd run, and LISTEN on this address?")
    if isinstance(error, socket.gaierror):
        return _LinkError("nack", f"{place}: there is no such host: {error.strerror}")
    return _LinkError("bus", f"{place}: {error.strerror or error}")


def _open(server: NutSettings) -> _Link:
    context = _context(server)
    try:
        connection = socket.create_connection((server.host, server.port), server.timeout_s)
    except OSError as error:
        raise _broken(server.place, error) from error
    link = _Link(server.place, connection, server.timeout_s)
    try:
        _encrypt(link, server, context)
        _introduce(link, server)
    except BaseException:
        link.close()
        raise
    return link


def _context(server: NutSettings) -> ssl.SSLContext | None:
    if server.tls == "off":
        return None
    try:
        if server.ca_file is not None:
            read_small(server.ca_file)
        context = ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise PortError("refused", f"ca_file {server.ca_file}: {error.strerror or error}") from error
    if server.tls == "try" and server.ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _encrypt(link: _Link, server: NutSettings, context: ssl.SSLContext | None) -> None:
    if context is None:
        return
    try:
        link.ask("STARTTLS", "STARTTLS")
    except RefusalError:
        if server.tls == "require":
            raise
        return
    link.encrypt(context, server.host)


def _introduce(link: _Link, server: NutSettings) -> None:
    if server.username is None or server.password_file is None:
        return
    try:
        password = read_small(server.password_file).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise PortError("refused", f"password_file {server.password_file}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise PortError("refused", f"password_file {server.password_file}: is not UTF-8 text") from None
    if not password.isprintable():
        raise PortError("refused", f"password_file {server.password_file}: must hold one line, the password")
    link.ask(f"USERNAME {quote(server.username)}", "USERNAME")
    link.ask(f"PASSWORD {quote(password)}", "PASSWORD")
    if server.login:
        link.ask(f"LOGIN {quote(server.ups)}", f"LOGIN {server.ups}")
