"""Whether a request may be what another site made a browser send.

Rules:
1. Reading changes nothing and needs no check: no other site can read the answer.
2. A browser says with everything else where it comes from: ``Origin`` must name the address that was asked, and
   ``Sec-Fetch-Site`` must not say that it comes from elsewhere.
3. What says neither is no browser of today. It may pass unless it came with a session's cookie.
4. Without a login, the name that was asked must be this machine's or a configured one, so that no name of a stranger's
   that leads here (DNS rebinding) makes a browser read or command.
"""

from __future__ import annotations

import re
from collections.abc import Collection

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_.-]+))(?::\d{1,5})?")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def is_cross_site(method: str, host: str, origin: str | None, fetch_site: str | None, *, with_cookie: bool) -> bool:
    """Whether a request must be refused by rules 1 to 3; ``host`` is the header of that name."""
    if method in SAFE:
        return False
    if origin is not None:
        return origin.partition("://")[2].lower() != host.lower() or not host
    if fetch_site is not None:
        return fetch_site not in ("same-origin", "none")
    return with_cookie


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Whether the header ``Host`` names this machine or one of ``names``, whatever the port."""
    found = _HOST.fullmatch(host.lower())
    name = (found["v6"] or found["name"]) if found else ""
    return name in LOCAL or name in {known.lower() for known in names}
