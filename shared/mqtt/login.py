"""How a client makes itself known to the broker, and what is wrong where that fails.

The client id carries a MAC keyed with the password or the client's key, so that nobody without it can take the place of
a service (docs/adr/0025).
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from pathlib import Path

from shared.small_file import read_small
from shared.suite import BrokerSettings

ID_DIGITS = 16
_ABOUT_US = ("CERTIFICATE", "UNKNOWN_CA", "DECRYPT_ERROR")  # in alerts that refuse a client's certificate
_OUTDATED = {10: "has expired", 9: "is not valid yet"}  # OpenSSL's X509_V_ERR_…


class _TlsSocket(ssl.SSLSocket):
    """Closes itself where the handshake fails: paho loses such a socket without closing it."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class LoginError(Exception):
    """A password, certificate or key that cannot be used; says which file, and what is wrong with it."""


def client_id_of(name: str, settings: BrokerSettings) -> str:
    """Return the client id of ``name``; raises LoginError where the secret it is made with cannot be read."""
    for setting in ("password_file", "key_file", "cert_file"):
        if (path := getattr(settings, setting)) is not None:
            mac = hmac.new(_read(setting, path).strip(), name.encode(), hashlib.sha256)
            return f"{name}-{mac.hexdigest()[:ID_DIGITS]}"
    return name


def _read(setting: str, path: Path) -> bytes:
    try:
        return read_small(path)
    except OSError as error:
        raise LoginError(f"broker.{setting} {path} cannot be read: {error.strerror}") from None


def password_of(settings: BrokerSettings) -> str | None:
    """Return the password, None without one; raises LoginError."""
    if (path := settings.password_file) is None:
        return None
    try:
        return _read("password_file", path).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise LoginError(f"broker.password_file {path} is not UTF-8 text") from None


def tls_context(settings: BrokerSettings) -> ssl.SSLContext:
    """Return whom to trust, with the client's own certificate if it has one; raises LoginError."""
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        _read("ca_file", settings.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(settings.ca_file)
        except ssl.SSLError:
            raise LoginError(f"broker.ca_file {settings.ca_file} holds no certificate in PEM form") from None
    context.sslsocket_class = _TlsSocket
    if settings.cert_file is not None:
        _load_own(context, settings.cert_file, settings.key_file)
    return context


def _load_own(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    _read("cert_file", cert)
    if key is not None:
        _read("key_file", key)
    try:
        context.load_cert_chain(
            cert, key, password=""
        )  # an encrypted key is refused; no service can ask for a password
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise LoginError(f"broker.key_file {key or cert} is not the key of the certificate in {cert}") from None
        raise LoginError(f"broker.cert_file {cert} with key_file {key or cert}: no certificate and key in PEM form, "
                         "without a passphrase") from None  # fmt: skip


def tls_fault(error: ssl.SSLError, where: str, settings: BrokerSettings) -> str:
    """Say what is wrong with a TLS connection to ``where``."""
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = f"is {settings.ca_file} the authority that signed it?" if settings.ca_file else "set broker.ca_file"
        if error.verify_code in _OUTDATED:
            return f"the certificate of {where} {_OUTDATED[error.verify_code]}"
        return f"the certificate of {where} is not accepted: {error.verify_message}; {advice}"
    if error.reason == "WRONG_VERSION_NUMBER":
        return f"{where} does not speak TLS; is the port right, or should broker.url begin with mqtt://?"
    if error.reason and any(word in error.reason for word in _ABOUT_US):
        own = settings.cert_file or "without one; set broker.cert_file and key_file"
        return f"{where} does not accept this client's certificate ({error.reason.lower().replace('_', ' ')}): {own}"
    if isinstance(error, ssl.SSLEOFError):
        return f"{where} ends the connection after the TLS handshake; does it ask for a certificate (broker.cert_file)?"
    return f"TLS with {where} fails: {error.reason or error}"
