"""The topic tree and its payloads as documents, made from the code that speaks them: never edit those by hand.

``docs/topics.md`` is for people, ``docs/schemas/*.json`` (JSON Schema 2020-12) and ``docs/asyncapi.json``
(AsyncAPI 3.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0) are for programs.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

from shared import actuation, health, incidents, maintenance, messages, notices, report, requests
from shared.kinds import ANYONE, EVERY_SERVICE, KINDS, Kind
from shared.messages import Message
from shared.topics import Topics

MODULES = (messages, health, incidents, maintenance, report, requests, notices, actuation)  # where payloads are defined
CONTRACT = "1.0.0"  # of the topics and payloads together; the first part is the v1 of the root

_PREFACE = """# Topics and payloads

`make docs` writes this page from `shared/kinds.py` and the models it names. Do not edit it.

Every topic begins with `{root}`; root and site are set in `config/suite.yaml`. A level marked `…` may span several.
What the services say to each other is below `wire/`; a person rarely needs it. Who may publish and read what:
[rights.md](rights.md). As JSON Schemas: [schemas/](schemas/); as AsyncAPI 3: [asyncapi.json](asyncapi.json).

Payloads are UTF-8 JSON, times RFC 3339 in UTC. Unknown fields are ignored. A missing or ill-typed field, or one
beyond these bounds, sends the message to `deadletter/…`.

A state of live hardware in which numbers alone are new, and a status but for the first of a connection, come at QoS 0,
and are retained like the others.

| what | may hold |
|---|---|
| a name | 1 to 128 letters, digits, `_`, `.` and `-`; no dot first. An event type has no empty part between its dots |
| an id, a label | 1 to 512, or 128, characters; no control characters and no line breaks |
| a text | 1,048,576 characters |
| a time of a reading, a command or a status | the years 1970 to 2261 |
| a text that is the value of a channel | 4,096 characters |
| free data of an offer | 16 levels, 10,000 values, texts of 262,144 characters, numbers of 64 bits; 262,144 bytes |
| free data of an event | the same, and 500 values more for what the suite adds |
| free data of a question or command | 24 levels, 30,000 values; 700,000 bytes: an event goes whole into one |
| free data of an answer or result | 24 levels, 500,000 values; 1,000,000 bytes |
"""


def render() -> str:
    """Return ``docs/topics.md``."""
    overview = ["| topic | from → to | QoS | retained | payload |", "|---|---|---|---|---|"]
    for kind in KINDS.values():
        payload = (
            "a message of that stream" if kind.model is None else f"[{_name(kind.model)}](#{_name(kind.model).lower()})"
        )
        retained = "yes" if kind.retained else ""
        topic = kind.topic.replace("*}", "…}")
        overview.append(f"| `{topic}` | {_path(kind)} | {kind.qos} | {retained} | {payload}: {kind.purpose} |")
    root = _address(KINDS["health"]).removesuffix("/health")
    parts = [_PREFACE.format(root=root), "\n".join(overview) + "\n", *map(_section, _models())]
    return "\n".join(parts)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every payload, and of every part of one, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {_name(model): dialect | model.model_json_schema() for model in _models()}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document; its payloads refer to the files of ``schemas``."""
    used = {_name(kind.model): kind.model for kind in KINDS.values() if kind.model is not None}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Upskeep",
            "version": CONTRACT,
            "description": "Small services over MQTT that watch UPS power and room climate and count every event once.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(kind) for name, kind in KINDS.items()},
        "operations": {f"send_{name}": _operation(kind) for name, kind in KINDS.items()},
        "components": {"messages": {name: _message(model) for name, model in used.items()}},
    }


def documents() -> dict[str, str]:
    """Return every page by its path."""
    documents = {f"docs/schemas/{name}.json": _json(schema) for name, schema in schemas().items()}
    return documents | {"docs/topics.md": render(), "docs/asyncapi.json": _json(asyncapi())}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _models() -> list[type[Message]]:
    """Every payload and part of one, in the order of their files; not the bases they stand on."""
    found = [item for module in MODULES for item in vars(module).values() if inspect.isclass(item)]
    models = [item for item in dict.fromkeys(found) if issubclass(item, Message)]
    return [model for model in models if model not in (Message, messages.Sequenced)]


def _name(model: type[Message]) -> str:
    return model.__name__


def _address(kind: Kind) -> str:
    levels = [f"{{{level.removesuffix('*')}}}" for level in kind.levels]
    return Topics(site="{site}").every(kind.name, *levels)


def _path(kind: Kind) -> str:
    """Return publisher and consumers of a kind; further users may read it."""
    senders = {EVERY_SERVICE: "every service", ANYONE: "anyone"}.get(kind.producers, ", ".join(kind.producers))
    if kind.addressee:
        return f"{senders} → the {kind.addressee}"
    receivers = kind.consumers or kind.followers
    return f"{senders} → {', '.join(receivers) if receivers != EVERY_SERVICE else 'every service'}".rstrip(" →")


def _about(model: type[Message]) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").replace("``", "`").split())


def _channel(kind: Kind) -> dict[str, Any]:
    parameters = {"site": {"description": "the site's name, one level"}}
    for level in kind.levels:
        spans = "may span several levels" if level.endswith("*") else "one level"
        parameters[level.removesuffix("*")] = {"description": spans}
    channel: dict[str, Any] = {"address": _address(kind), "description": kind.purpose, "parameters": parameters}
    if kind.model is not None:
        name = _name(kind.model)
        channel["messages"] = {name: {"$ref": f"#/components/messages/{name}"}}
    return channel


def _operation(kind: Kind) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{kind.name}"},
        "summary": _path(kind),
        "bindings": {"mqtt": {"qos": kind.qos, "retain": kind.retained, "bindingVersion": "0.2.0"}},
    }


def _message(model: type[Message]) -> dict[str, Any]:
    name = _name(model)
    return {"name": name, "summary": _about(model), "payload": {"$ref": f"schemas/{name}.json"}}


def _section(model: type[Message]) -> str:
    schema = model.model_json_schema()
    required = schema.get("required", [])
    rows = ["| field | type | without it |", "|---|---|---|"]
    for name, field in schema.get("properties", {}).items():
        absent = "refused" if name in required else f"`{json.dumps(field.get('default'))}`"
        rows.append(f"| `{name}` | {_type(field, schema.get('$defs', {}))} | {absent} |")
    return f"## {_name(model)}\n\n{_about(model)}\n\n" + "\n".join(rows) + "\n"


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Say a JSON Schema in words."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        values = definitions[name].get("enum")
        return _values(values) if values else f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(option, definitions) for option in field["anyOf"])
    if "enum" in field:
        return _values(field["enum"])
    if "items" in field:
        return f"list of {_type(field['items'], definitions)}"
    if isinstance(entries := field.get("additionalProperties"), dict):
        return f"object of {_type(entries, definitions)}"
    words = {"date-time": "time"} if "format" in field else {"string": "name"} if "pattern" in field else {}
    plain = str(field.get("format") or field.get("type", "anything"))
    return words.get(plain, plain)


def _values(values: list[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)
