"""Who may come in: the check before every route, and the login.

Without a password and a token in the settings everybody may, under a name of this machine's (``core.access.origin``).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.adapters.web.problems import problem
from services.gateway.core.access.attempts import Attempts
from services.gateway.core.access.keys import Keys
from services.gateway.core.access.origin import SAFE, is_cross_site, is_known_host
from services.gateway.core.access.sessions import LASTS_S, is_valid, new_session, signing_key
from shared.clock import Clock

COOKIE = "upskeep_session"
OPEN = frozenset({"/login", "/console.css", "/console.js", "/favicon.svg"})  # what a person needs to log in
MOST_BYTES = 4_096


@dataclass(slots=True)
class Access:
    """The check in front of ``app``."""

    app: ASGIApp
    keys: Keys
    clock: Clock
    open_paths: Collection[str] = OPEN
    attempts: Attempts = field(default_factory=Attempts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer why not."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, session = headers.get("host", ""), _session(headers)
        cross = is_cross_site(
            scope["method"], host, headers.get("origin"), headers.get("sec-fetch-site"), with_cookie=bool(session)
        )
        if cross:
            return problem(403, "the request comes from another site; open the console itself")
        if not self.keys.locked:
            if is_known_host(host, self.keys.hosts):
                return None
            return problem(403, f"{host!r} is no name of this machine; add it to http.hosts in config/gateway.yaml")
        if self._has_token(headers) or self._has_session(session) or _path(scope) in self.open_paths:
            return None
        if scope["method"] in SAFE and "text/html" in headers.get("accept", ""):
            return RedirectResponse(scope.get("root_path", "") + "/login", 303)
        return problem(
            401, "log in at /login, or send the token as `Authorization: Bearer …`", www_authenticate="Bearer"
        )

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        good = bool(self.keys.token) and scheme.lower() == "bearer"
        return good and hmac.compare_digest(token.strip().encode(), self.keys.token.encode())

    def _has_session(self, session: str) -> bool:
        if not self.keys.password or not session:
            return False
        return is_valid(signing_key(self.keys.password), session, int(self.clock.wall().timestamp()))

    def try_password(self, given: str, address: str) -> str | float:
        """Return a new session, "" for a wrong password, or the seconds to wait where too many were tried."""
        now = self.clock.monotonic()
        if (wait_s := self.attempts.wait_s(address, now)) > 0:
            return wait_s
        if not self.keys.password or not hmac.compare_digest(given.encode(), self.keys.password.encode()):
            self.attempts.failed(address, now)
            return ""
        nonce = secrets.token_hex(8)
        return new_session(signing_key(self.keys.password), int(self.clock.wall().timestamp()), nonce)


def login_routes(access: Callable[[], Access], form: Callable[[str, str], str]) -> list[Route]:
    """Return the routes of login and logout; ``form(root, fault)`` is the page's HTML."""

    async def show(request: Request) -> Response:
        return _page(form(request.scope.get("root_path", ""), ""), 200)

    async def log_in(request: Request) -> Response:
        root, address = request.scope.get("root_path", ""), request.client.host if request.client else "unknown"
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return problem(413, f"the body may have {MOST_BYTES:,} bytes")
        given = parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]
        came = access().try_password(given, address)
        if isinstance(came, float):
            page = _page(form(root, f"Too many wrong passwords. Try again in {came:.0f} seconds."), 429)
            page.headers["retry-after"] = f"{came:.0f}"
            return page
        if not came:
            return _page(form(root, "That is not the password."), 401)
        answer = RedirectResponse(root + "/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, came, max_age=LASTS_S, path=root or "/", httponly=True, samesite="strict", secure=secure
        )
        return answer

    async def log_out(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        answer = RedirectResponse(root + "/login", 303)
        answer.delete_cookie(COOKIE, path=root or "/", httponly=True, samesite="strict")
        return answer

    return [
        Route("/login", show, methods=["GET"]),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
    ]


def _page(text: str, status: int) -> Response:
    return Response(text, status, media_type="text/html")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def _session(headers: Headers) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""
