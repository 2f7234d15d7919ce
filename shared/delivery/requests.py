"""Requests and commands: what arrives on ``request/…`` and ``command/…``, and what goes back.

Rules:
1. A request is answered from the batch it arrives in, and the response leaves after the commit. It is not kept: the
   client asks again. A request more than ``STALE_S`` old is refused, for nobody waits for it any more.
2. A command is executed once by its id: its result is in the ledger with the change it made, and a repeat gets the
   same result. Past ``expires`` it is refused.
3. Where the request names a response topic (MQTT 5), it must lie below ``response/{service}``: a service publishes
   nowhere else at a stranger's wish.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from shared.delivery.decoding import UnreadableError, decode
from shared.delivery.handler import CommandHandler, RefusedError, RequestHandler
from shared.delivery.records import Records
from shared.delivery.sizes import PACKET_BYTES
from shared.mqtt import Arrived, Publication
from shared.requests import Command, Request, Response, Result
from shared.topics import Topics

log = logging.getLogger(__name__)

STALE_S = 60.0
QUESTION_BYTES = 700_000  # an event goes whole into one


def handle_request(
    arrived: Arrived, parts: tuple[str, ...], handler: RequestHandler, topics: Topics, now: datetime
) -> Publication:
    """Return the response to a request; raises UnreadableError for a payload that is none."""
    request = decode(Request, _with(arrived.payload, service=parts[0], name=parts[1]))
    try:
        data = _answer(request, handler, now)
        payload = _response(request, "ok", data=data)
        if len(payload) > PACKET_BYTES:
            raise RefusedError(f"the answer has {len(payload):,} bytes, and {PACKET_BYTES:,} pass: ask for less")
    except (RefusedError, ValidationError) as refusal:
        payload = _response(request, "error", error=_words(refusal))
    except Exception as error:
        log.exception("a fault in answering %s", arrived.topic)
        payload = _response(request, "error", error=f"a fault in {request.service}, see its log: {error!r}")
    return Publication(_back_to(arrived, request, topics), payload, correlation=arrived.correlation)


def _answer(request: Request, handler: RequestHandler, now: datetime) -> Mapping[str, Any]:
    if request.time is not None and now - request.time > timedelta(seconds=STALE_S):
        age_s = (now - request.time).total_seconds()
        raise RefusedError(f"the question is {age_s:.0f} s old by this machine's clock; {STALE_S:g} s is the most")
    return handler.answer(request.name, request.data)


def _response(request: Request, status: str, **more: Any) -> bytes:
    fields = {"service": request.service, "name": request.name, "transaction": request.transaction, "status": status}
    return Response.model_validate(fields | more).model_dump_json(exclude_none=True).encode()


def _back_to(arrived: Arrived, request: Request, topics: Topics) -> str:
    usual = topics.build("response", request.service, request.name)
    wanted = arrived.respond_to or usual
    allowed = topics.every("response", request.service).removesuffix("#")
    return wanted if wanted.startswith(allowed) and not set(wanted) & set("+#") else usual


def decode_command(arrived: Arrived, parts: tuple[str, ...]) -> Command:
    """Return the command; raises UnreadableError."""
    return decode(Command, _with(arrived.payload, target=parts[0], name=parts[1]))


def execute_command(command: Command, handler: CommandHandler, records: Records, now: datetime) -> Result:
    """Execute a command unless it has been executed; call inside the batch's transaction."""
    if (kept := records.result(command.id)) is not None:
        return Result.model_validate_json(kept)
    result = _execute(command, handler, now)
    records.save_result(command.id, result.model_dump_json(exclude_none=True).encode())
    return result


def _execute(command: Command, handler: CommandHandler, now: datetime) -> Result:
    came = Result(id=command.id, target=command.target, name=command.name, status="done", time=now)
    try:
        if command.expires is not None and command.expires < now:
            raise RefusedError(f"it expired at {command.expires.isoformat()}")
        return _with_data(came, handler.execute(command))
    except (RefusedError, ValidationError) as refusal:
        return came.model_copy(update={"status": "refused", "reason": _words(refusal)})


def _with_data(came: Result, data: Mapping[str, Any]) -> Result:
    """Return the result with its data; it is kept and read again, so what no Result may hold is left out."""
    try:
        return Result.model_validate({**came.model_dump(), "data": dict(data)})
    except ValidationError as fault:
        return came.model_copy(update={"reason": f"it was done, and its result cannot be shown: {_words(fault)}"})


def _words(refusal: Exception) -> str:
    """Return why, for the person who asked."""
    if not isinstance(refusal, ValidationError):
        return str(refusal)
    faults = (f"{'.'.join(str(p) for p in e['loc']) or 'data'}: {e['msg']}" for e in refusal.errors(include_url=False))
    return "; ".join(faults)


def _with(payload: bytes, **names: str) -> bytes:
    """Return the payload with what its topic says laid over it."""
    if len(payload) > QUESTION_BYTES:
        raise UnreadableError(f"has {len(payload):,} bytes; a question or command may have {QUESTION_BYTES:,}")
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise UnreadableError(f"is a JSON {type(content).__name__}; an object is wanted")
    return json.dumps(content | names).encode()
