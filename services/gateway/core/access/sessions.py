"""Sessions that need no memory: a cookie holds when it ends and a signature that only the password's holder can make.

A new password ends all sessions; a restart ends none.
"""

from __future__ import annotations

import hashlib
import hmac

LASTS_S = 12 * 3600


def signing_key(password: str) -> bytes:
    """Return the key that sessions under this password are signed with."""
    return hashlib.sha256(b"upskeep gateway session\0" + password.encode()).digest()


def new_session(key: bytes, now_s: int, nonce: str) -> str:
    """Return a session that begins now; ``nonce`` is random text without a dot."""
    ends = f"{now_s + LASTS_S}.{nonce}"
    return f"{ends}.{_sign(key, ends)}"


def is_valid(key: bytes, session: str, now_s: int) -> bool:
    """Whether a session was made under this key and has not ended."""
    ends, _, signature = session.rpartition(".")
    if not hmac.compare_digest(_sign(key, ends).encode(), signature.encode()):
        return False
    until = ends.partition(".")[0]
    return now_s < int(until) <= now_s + LASTS_S


def _sign(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
