"""A bound on the answers that Apprise reads: it uses ``requests``, which reads every answer whole.

Apprise accepts no session from outside. So this process replaces the adapter class that ``requests`` mounts in each new
session. The bound counts bytes after decompression.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from requests import sessions
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

MOST_BYTES = 1_000_000  # receivers answer with some hundred


class BoundedAdapter(HTTPAdapter):
    """Fails an answer with more than ``MOST_BYTES`` like a broken connection."""

    def build_response(self, req: Any, resp: Any) -> Any:
        """Return the answer with a bounded ``stream``, the only way in which ``requests`` reads a body."""
        whole = resp.stream

        def stream(amt: int, decode_content: bool | None = None) -> Iterator[bytes]:
            size = 0
            for chunk in whole(amt, decode_content=decode_content):
                size += len(chunk)
                if size > MOST_BYTES:
                    resp.close()
                    raise ProtocolError(f"the answer has more than {MOST_BYTES:,} bytes")
                yield chunk

        resp.stream = stream
        return super().build_response(req, resp)


def bound_answers() -> None:
    """Mount the adapter in every session that ``requests`` makes from now on."""
    vars(sessions)["HTTPAdapter"] = BoundedAdapter
