"""The OpenAPI 3.1 document of the API, from its table and the models of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from services.gateway.core.api.endpoint import Endpoint, Problem
from services.gateway.core.api.models import ExportQuery

REFS = "#/components/schemas/{model}"
LEVEL = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$"}
STREAM = {
    "get": {
        "summary": "Changes as they happen, as server-sent events",
        "operationId": "get_stream",
        "tags": ["now"],
        "description": "Each event's type is a kind of message (`state`, `event`, `alert` …), its data that message; "
        "`{kind}-cleared` names a topic that was emptied. `reset`: too much was missed, ask for everything anew.",
        "parameters": [
            {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 100}}
        ],
        "responses": {"200": {"description": "a stream that does not end", "content": {"text/event-stream": {}}}},
    }
}
FAULTS = {
    "400": "the service refuses the question",
    "401": "log in, or give a token",
    "403": "the request comes from another site",
    "404": "there is no such thing",
    "409": "the service refuses the command",
    "413": "the body is too large",
    "415": "the body is not JSON",
    "422": "a parameter or the body is not as it must be",
    "503": "no answer from the service or the broker",
}


def openapi(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """Return the document."""
    rows = list(endpoints)
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for row in rows:
        models[row.answer, "serialization"] = None
        if row.body is not None:
            models[row.body, "validation"] = None
    refs, schemas = models_json_schema(list(models), ref_template=REFS, schema_generator=GenerateJsonSchema)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Upskeep", "version": version, "description": "What Upskeep sees, and what to do about it."},
        "paths": {**paths, "/api/stream": STREAM, "/api/export/events.{form}": _export(refs)},
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "upskeep_session"},
            },
        },
        "security": [{}, {"token": []}, {"session": []}],
    }


def _operation(row: Endpoint, refs: Mapping[Any, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": level, "in": "path", "required": True, "schema": LEVEL} for level in row.levels
    ]
    parameters += _query(row.query)
    problem = {"application/problem+json": {"schema": refs[Problem, "serialization"]}}
    operation: dict[str, Any] = {
        "summary": row.summary,
        "operationId": _name(row),
        "tags": [row.tag],
        "parameters": parameters,
        "responses": {
            str(row.status): {
                "description": row.summary,
                "content": {"application/json": {"schema": refs[row.answer, "serialization"]}},
            },
            **{status: {"description": text, "content": problem} for status, text in FAULTS.items()},
        },
    }
    if row.body is not None:
        body = {"application/json": {"schema": refs[row.body, "validation"]}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _export(refs: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the one answer that is a file."""
    problem = {"application/problem+json": {"schema": refs[Problem, "serialization"]}}
    form = {"name": "form", "in": "path", "required": True, "schema": {"type": "string", "enum": ["jsonl", "csv"]}}
    files = {media: {"schema": {"type": "string"}} for media in ("application/x-ndjson", "text/csv")}
    return {
        "get": {
            "summary": "Counted events as a file, the oldest first, however many they are",
            "operationId": "get_export_events",
            "tags": ["events"],
            "parameters": [form, *_query(ExportQuery)],
            "responses": {
                "200": {"description": "the file, as a stream", "content": files},
                **{status: {"description": text, "content": problem} for status, text in FAULTS.items()},
            },
        }
    }


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the parameters of a query; its schemas refer to nothing outside."""
    schema = model.model_json_schema()
    shared = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _inlined(found, shared)}
        for name, found in schema.get("properties", {}).items()
    ]


def _inlined(schema: Any, shared: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, shared) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(shared[schema["$ref"].rsplit("/", 1)[-1]], shared)
    kept = {key: _inlined(value, shared) for key, value in schema.items() if key != "default"}
    options = [each for each in kept.get("anyOf", ()) if each != {"type": "null"}]
    return options[0] if len(options) == 1 and "anyOf" in kept else kept


def _name(row: Endpoint) -> str:
    words = [word.strip("{}").replace("-", "_") for word in row.path.split("/")[2:]]
    return "_".join((row.method.lower(), *words))
