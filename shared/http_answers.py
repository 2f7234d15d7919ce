"""An HTTP server's refusal, in words."""

from __future__ import annotations

import json

QUOTED_BYTES = 200  # of an answer that a reason quotes


def refusal(where: str, status: int, text: bytes) -> str:
    """Return why a request to ``where`` failed: the status, how the answer begins, what to do about a redirect."""
    quoted = text[:QUOTED_BYTES].decode("utf-8", "replace").strip()
    reason = f"{where} answered {status}" + (f": {json.dumps(quoted)}" if quoted else "")
    if 300 <= status < 400:
        reason += "; redirects are not followed, write where it leads to"
    return reason
