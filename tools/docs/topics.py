"""The topic tree and its payloads as documents, made from the code that speaks them: never edit those by hand.

``docs/topics.md`` is for people, ``docs/schemas/*.json`` (JSON Schema 2020-12) and ``docs/asyncapi.json``
(AsyncAPI 3.0, https://www.asyncapi.com/docs/reference/specification/v3.0.0) are for programs.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any

from shared import health, incidents, messages, notices, report, requests
from shared.messages import Message
from shared.topics import PATTERNS, Topics

MODULES = (messages, health, incidents, report, requests, notices)  # where payloads are defined
CONTRACT = "1.0.0"  # of the topics and payloads together; the first part is the v1 of the root


@dataclass(frozen=True, slots=True)
class Route:
    """Who says what to whom on one kind of topic. Without ``message`` the kind is reserved."""

    sender: str
    receivers: str
    purpose: str
    message: type[Message] | None = None
    retained_once_used: bool = False

    @property
    def qos(self) -> int:
        """The message's QoS."""
        return 1 if self.message is None else self.message.QOS

    @property
    def retained(self) -> bool:
        """Whether the broker keeps the last value."""
        return self.retained_once_used if self.message is None else self.message.RETAIN


ROUTES: dict[str, Route] = {
    "raw": Route("sensor_reader", "event_processor, counter_store", "one poll of one device", messages.Frame),
    "ingest": Route("anyone", "event_processor", "an event offered from outside", messages.Candidate),
    "event": Route("event_processor", "everyone", "something that happened", messages.Event),
    "state": Route("event_processor", "everyone", "what is known now of a device", messages.DeviceState),
    "trigger": Route("event_processor", "everyone", "an event's named triggers", messages.Trigger),
    "incident": Route("event_processor", "everyone", "events that belong together", incidents.Incident),
    "counter": Route("counter_store", "everyone", "how often a type was counted", messages.Counter),
    "health": Route("counter_store", "everyone", "score, grade and factors", health.Health),
    "report": Route("counter_store", "everyone", "the last daily and weekly report", report.ScheduledReport),
    "alert": Route("alerter", "everyone", "an alert's present state", messages.Alert),
    "notice": Route("alerter", "everyone", "what a receiver is told of a group of alerts", notices.Notice),
    "command": Route("anyone allowed", "the target", "something a device or service is to do", requests.Command),
    "result": Route("the target", "everyone", "what came of a command", requests.Result),
    "request": Route("a client", "the service", "a question", requests.Request),
    "response": Route("the service", "the client", "its answer", requests.Response),
    "status": Route("every service", "everyone", "life sign and vital figures", messages.Status),
    "checkpoint": Route("a consumer", "the producer", "how far the consumer has durably got", messages.Checkpoint),
    "resend": Route("a producer", "the consumer", "messages asked for again", messages.Resend),
    "deadletter": Route("every service", "the operator", "what was refused, and why", messages.DeadLetter),
}

_PREFACE = """# Topics and payloads

Made by `tools/docs/topics.py` from `shared/topics.py`, `shared/messages.py`, `shared/health.py`,
`shared/incidents.py`, `shared/report.py`, `shared/requests.py` and `shared/notices.py`; do not edit.

Every topic begins with `{root}`; root and site are set in `config/suite.yaml`. Payloads are UTF-8 JSON, times
RFC 3339 in UTC. Unknown fields are ignored; a missing or ill-typed one sends the message to `deadletter/…`. As JSON
Schemas: [schemas/](schemas/); as AsyncAPI 3: [asyncapi.json](asyncapi.json). A part marked `…` may span levels.
"""


def render() -> str:
    """Return ``docs/topics.md``."""
    overview = ["| topic | from → to | QoS | retained | payload |", "|---|---|---|---|---|"]
    for kind, route in ROUTES.items():
        payload = "reserved" if route.message is None else f"[{_name(route.message)}](#{_name(route.message).lower()})"
        path = f"{route.sender} → {route.receivers}"
        retained = "yes" if route.retained else ""
        overview.append(f"| `{_below_site(kind)}` | {path} | {route.qos} | {retained} | {payload}: {route.purpose} |")
    root = _address("health").removesuffix("/health")
    parts = [_PREFACE.format(root=root), "\n".join(overview) + "\n", *map(_section, _models())]
    return "\n".join(parts)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every payload, and of every part of one, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {_name(model): dialect | model.model_json_schema() for model in _models()}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document; its payloads refer to the files of ``schemas``."""
    used = {_name(route.message): route.message for route in ROUTES.values() if route.message is not None}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Upskeep",
            "version": CONTRACT,
            "description": "Small services over MQTT that watch UPS power and room climate and count every event once.",
        },
        "defaultContentType": "application/json",
        "channels": {kind: _channel(kind, route) for kind, route in ROUTES.items()},
        "operations": {f"send_{kind}": _operation(kind, route) for kind, route in ROUTES.items()},
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


def _address(kind: str) -> str:
    levels = [f"{{{level.removesuffix('*')}}}" for level in PATTERNS[kind]]
    return Topics(site="{site}").every(kind, *levels)


def _below_site(kind: str) -> str:
    levels = [f"{{{level.replace('*', '…')}}}" for level in PATTERNS[kind]]
    return "/".join((kind, *levels))


def _about(model: type[Message]) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").replace("``", "`").split())


def _channel(kind: str, route: Route) -> dict[str, Any]:
    parameters = {"site": {"description": "the site's name, one level"}}
    for level in PATTERNS[kind]:
        spans = "may span several levels" if level.endswith("*") else "one level"
        parameters[level.removesuffix("*")] = {"description": spans}
    channel: dict[str, Any] = {"address": _address(kind), "description": route.purpose, "parameters": parameters}
    if route.message is not None:
        name = _name(route.message)
        channel["messages"] = {name: {"$ref": f"#/components/messages/{name}"}}
    return channel


def _operation(kind: str, route: Route) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{kind}"},
        "summary": f"{route.sender} → {route.receivers}",
        "bindings": {"mqtt": {"qos": route.qos, "retain": route.retained, "bindingVersion": "0.2.0"}},
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
