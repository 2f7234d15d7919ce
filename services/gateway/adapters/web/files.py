"""The console's style sheet, script and icon: three files of ours, read once."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FILES = {"console.css": "text/css", "console.js": "text/javascript", "favicon.svg": "image/svg+xml"}


def file_routes() -> list[Route]:
    """Return a route for each file; a browser asks whether it has changed, and mostly it has not."""
    return [_route(name, media_type) for name, media_type in FILES.items()]


def _route(name: str, media_type: str) -> Route:
    content = (files(__package__) / "static" / name).read_bytes()
    tag = f'"{sha256(content).hexdigest()[:16]}"'
    headers = {"cache-control": "no-cache", "etag": tag}

    async def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return Route(f"/{name}", answer, methods=["GET"])
