"""What each user of the broker may publish and read, from ``shared.kinds``: as ``mosquitto/acl`` and docs/rights.md.

Rules:
1. A service publishes the kinds it produces. Where a level names the speaker, it publishes under its own name only.
2. It reads the kinds it consumes or follows. Where a level names the addressee, it reads what is for it only.
3. A consumer of an awaited kind reads its stream on the wire, of every producer, and not the public copy.
4. A client, ``operator`` say, publishes the kinds it produces under any name, and reads everything.
5. Any user may offer events under its own name. What is not allowed is refused.
6. Outside of the suite's topics are those of Home Assistant's discovery (``BEYOND``).
7. climate_supervisor alone commands actuators, and sensor_reader answers for simulated ones:
   ``tools.docs.actuator_rights``.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.kinds import KINDS, Kind
from shared.services import CLIENTS, SERVICES, ServiceRow, target_of
from shared.topics import Topics
from tools.docs.actuator_rights import READER, SUPERVISOR, actuator_rights, simulated_rights

NAME = "NAME"  # stands for the own name of a further reader or agent
ROOT = Topics().root

_ACL = f"""\
# The rights of each user at the broker. `make docs` writes this file from shared/kinds.py; do not edit it.
#
# What is not here is refused: a publish with "Not authorized" in MQTT 5 and in silence in 3.1.1; a refused subscription
# is granted and stays empty. The first + is the site. Where config/suite.yaml names another root than {ROOT},
# replace it here. What it all means: docs/rights.md and docs/security.md.
#
# start.sh writes the lines that begin with `#: ` for each user of such a name, `sensor_reader-attic` say.
"""

_OPERATOR = f"""\
# --- people and their scripts: all may be read
topic read  {ROOT}/#
topic read  $SYS/#
# history played again (upskeep replay); no service reads or writes there
topic readwrite replay/{ROOT}/#
"""

HOME_ASSISTANT = "home_assistant"  # a user for Home Assistant, which is no service; it is there once it has a password
BEYOND: dict[str, tuple[str, ...]] = {  # what is outside of the suite's own topics
    "gateway": (
        "write homeassistant/device/+/config",
        "read  homeassistant/device/+/config",
        "read  homeassistant/status",
    ),
    HOME_ASSISTANT: ("readwrite homeassistant/#",),
}
_SEEN_BY_HOME_ASSISTANT = ("event", "state", "trigger", "counter", "health", "alert", "status")
_PRESSED_IN_HOME_ASSISTANT = (
    "command/alerter/ack",
    "command/alerter/silence",
    "command/climate_controller/mode",
    "command/climate_controller/target",
)

_ANY = f"""\
# --- any user: events offered under its own name
pattern write {ROOT}/+/ingest/%u
"""

_PAGE = """# Rights at the broker

`make docs` writes this page from `shared/kinds.py`, as it writes `mosquitto/acl`. Do not edit it.
`tests/integration/broker/test_acl.py` asks a real Mosquitto. What it means for you: [security.md](security.md).

**P**: may publish it. **R**: may read it. **own**: only where the topic names this user (or, for `command` and
`result`, its target). A further reader or agent, `sensor_reader-attic` or `host_agent-nas`, has the rights of its
column under its own name; only `host_agent` itself commands others. Topics stand below `{root}/{{site}}`. Any other
user may offer events on `ingest/{{its name}}` and nothing else.

"""


def may_publish(kind: Kind, name: str) -> list[str]:
    """Return the filters below the site that ``name`` may publish of a kind."""
    if not kind.spoken_by(name):
        return []
    pattern = name.partition("-")[0] + f"-{NAME}" if "-" in name else name
    if pattern in kind.narrowed:
        return list(kind.narrowed[pattern])
    if kind.name == "stream":
        return [_filter(kind, producer=name, stream=stream.name) for stream in _awaited() if stream.spoken_by(name)]
    return [_filter(kind) if name in CLIENTS else _filter(kind, **_own(kind.speaker, name))]


def may_read(kind: Kind, name: str) -> list[str]:
    """Return the filters below the site that the service ``name`` may read of a kind."""
    service = name.partition("-")[0]
    if kind.name == "stream":
        return [_filter(kind, stream=stream.name) for stream in _awaited() if service in stream.consumers]
    if service not in (*(() if kind.awaited else kind.consumers), *kind.followers):
        return []
    return [_filter(kind, **_own(kind.addressee, name))]


def _awaited() -> Iterator[Kind]:
    return (kind for kind in KINDS.values() if kind.awaited)


def _own(level: str, name: str) -> dict[str, str]:
    """Return what ``name`` is called on the level that names it, if there is one."""
    return {level: target_of(name) if level == "target" else name} if level else {}


def _filter(kind: Kind, **levels: str) -> str:
    """Return the subscription filter of a kind below the site, with these levels fixed."""
    return "/".join(_step(kind, step, levels) for step in kind.steps)


def _step(kind: Kind, step: str, levels: dict[str, str]) -> str:
    if not step.startswith("{"):
        return step
    level = step.strip("{}")
    spans = level.endswith("*") or (kind.name, level) == ("response", "name")  # MQTT 5: a client chooses where below
    return levels.get(level, "#" if spans else "+")


def _lines(name: str) -> Iterator[str]:
    """Yield the ACL's lines of one service or client, publishing and reading in the order of the kinds."""
    yield f"user {name}"
    for kind in KINDS.values():
        yield from (f"topic write {ROOT}/+/{topic}" for topic in may_publish(kind, name))
    if name not in CLIENTS:
        for kind in KINDS.values():
            yield from (f"topic read  {ROOT}/+/{topic}" for topic in may_read(kind, name))
    if name == SUPERVISOR:
        yield from actuator_rights()
    if name.partition("-")[0] == READER:
        yield from simulated_rights()
    yield from (f"topic {right}" for right in BEYOND.get(name, ()))


def _home_assistant() -> str:
    """Return the rights of Home Assistant: what its entities show and set, two buttons, and its own topics."""
    lines = [
        "# --- Home Assistant, where it has a user of its own: docs/home-assistant.md",
        f"user {HOME_ASSISTANT}",
        *(f"topic write {ROOT}/+/{topic}" for topic in _PRESSED_IN_HOME_ASSISTANT),
        *(f"topic read  {ROOT}/+/{_filter(KINDS[kind])}" for kind in _SEEN_BY_HOME_ASSISTANT),
        *(f"topic {right}" for right in BEYOND[HOME_ASSISTANT]),
    ]
    return "\n".join(lines) + "\n"


def _block(row: ServiceRow) -> str:
    block = "\n".join(_lines(row.name))
    further = [f"#: {line}" for line in _lines(f"{row.name}-{NAME}")] if row.several else []
    return "\n".join([block, *further]) + "\n"


def acl() -> str:
    """Return ``mosquitto/acl``."""
    clients = ["\n".join(_lines(name)) + "\n" + _OPERATOR for name in CLIENTS]
    return "\n".join([_ACL, *map(_block, SERVICES), *clients, _home_assistant(), _ANY])


def _cell(kind: Kind, name: str) -> str:
    """Return a user's rights on a kind, in a word or two."""
    publishes, reads = may_publish(kind, name), ["+"] if name in CLIENTS else may_read(kind, name)
    own = {"P": bool(kind.speaker) and name not in CLIENTS, "R": bool(kind.addressee) and name not in CLIENTS}
    words = [
        letter + (" own" if own[letter] else "") for letter, filters in (("P", publishes), ("R", reads)) if filters
    ]
    if kind.narrowed.get(name):
        words[0] += " " + ", ".join(f"`{topic}`" for topic in kind.narrowed[name])
    return "; ".join(words)


def page() -> str:
    """Return ``docs/rights.md``."""
    users = [*(row.name for row in SERVICES), *CLIENTS]
    rows = ["| topic | " + " | ".join(users) + " |", "|---" * (1 + len(users)) + "|"]
    for kind in KINDS.values():
        cells = " | ".join(_cell(kind, user) for user in users)
        rows.append(f"| `{kind.topic.replace('*', '…')}` | {cells} |")
    return _PAGE.format(root=ROOT) + "\n".join(rows) + "\n" + _beyond()


def _beyond() -> str:
    rights = [f"| `{user}` | {', '.join(f'{way} `{topic}`' for way, topic in map(str.split, found))} |"
              for user, found in BEYOND.items()]  # fmt: skip
    seen = ", ".join(f"`{_filter(KINDS[kind])}`" for kind in _SEEN_BY_HOME_ASSISTANT)
    pressed = ", ".join(f"`{topic}`" for topic in _PRESSED_IN_HOME_ASSISTANT)
    return (
        "\nOutside of these topics, for [Home Assistant](home-assistant.md):\n\n| user | rights |\n|---|---|\n"
        + "\n".join(rights)
        + f"\n\n`{HOME_ASSISTANT}` is a user for Home Assistant. It reads {seen}, and publishes {pressed}.\n"
    )


def documents() -> dict[str, str]:
    """Return the broker's rights and their page, by path."""
    return {"mosquitto/acl": acl(), "docs/rights.md": page()}
