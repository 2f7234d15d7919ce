"""A bound on what Apprise reads of an answer: it asks by ``requests``, which reads every answer whole.

Apprise takes no session of ours, so the class that ``requests`` mounts in each session it makes is ours, in this
process. What unpacks to more counts as more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from requests import sessions
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

MOST_BYTES = 1_000_000  # receivers answer with some hundred


class BoundedAdapter(HTTPAdapter):
    """Ends an answer with more than ``MOST_BYTES`` as one that broke off."""

    def build_response(self, req: Any, resp: Any) -> Any:
        """Return the answer, whose body is read by no other way than ``stream``."""
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
    """Have every session that ``requests`` makes from now on use it."""
    vars(sessions)["HTTPAdapter"] = BoundedAdapter
