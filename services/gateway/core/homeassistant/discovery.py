"""What is to be published so that the broker holds the configurations that are wanted: a function of both.

Rules:
1. The broker is the only memory. What it holds of ours (by ``origin``) is read back after each connection, and nothing
   is published before all of it, and what the suite retains, has had the time to arrive (``settled``).
2. A device that has gone: its configuration is emptied, and Home Assistant removes it.
3. An entity that the broker's configuration has, and that is not known now, stays as it is: the channel may only not
   have been seen yet since this start. An alert's entity goes, for its topic says that it is over: it is published once
   more with nothing but its platform, which is how Home Assistant is asked to remove it.
4. When Home Assistant starts (its birth message), everything is published again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.gateway.core.homeassistant.configs import ALERT, Json, Options, configurations
from services.gateway.core.homeassistant.known import Known

MOST_HELD = 1_000  # configurations of ours that are read back
LONGEST = 1_048_576  # bytes of one


@dataclass(frozen=True, slots=True)
class Publish:
    """A retained publication; an empty payload empties the topic."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the broker holds of ours, by topic."""

    held: Mapping[str, Json] = field(default_factory=dict)

    def after(self, topic: str, payload: bytes, options: Options) -> Discovery:
        """Return the broker's configurations after a message on such a topic; others' are ignored."""
        config = _ours(payload, options)
        if config is None:
            return replace(self, held={t: c for t, c in self.held.items() if t != topic})
        if topic not in self.held and len(self.held) >= MOST_HELD:
            return self
        return replace(self, held={**self.held, topic: config})

    def due(self, known: Known, options: Options, *, enabled: bool) -> tuple[Discovery, list[Publish]]:
        """Return the messages to publish, and the broker's configurations afterwards; without ``enabled`` none."""
        wanted = configurations(known, options) if enabled else {}
        merged = {topic: _merged(config, self.held.get(topic)) for topic, config in wanted.items()}
        changed = {topic: config for topic, config in merged.items() if self.held.get(topic) != config}
        gone = sorted(set(self.held) - set(wanted))
        publishes = [Publish(topic, b"") for topic in gone]
        publishes += [Publish(topic, _payload(config)) for topic, config in sorted(changed.items())]
        return Discovery(merged), publishes

    def again(self) -> list[Publish]:
        """Return everything that is held, to be published anew."""
        return [Publish(topic, _payload(config)) for topic, config in sorted(self.held.items())]


def _payload(config: Json) -> bytes:
    return json.dumps(config, ensure_ascii=False, separators=(",", ":")).encode()


def _ours(payload: bytes, options: Options) -> Json | None:
    if not payload or len(payload) > LONGEST:
        return None
    try:
        config = json.loads(payload)
    except ValueError:
        return None
    origin = config.get("origin") if isinstance(config, dict) else None
    return config if isinstance(origin, dict) and origin.get("name") == options.origin else None


def _merged(wanted: Json, held: Json | None) -> Json:
    components = held.get("components") if held else None
    if not isinstance(components, dict):
        return wanted
    kept = {
        key: ({"platform": component.get("platform")} if key.startswith(ALERT) else component)
        for key, component in components.items()
        if isinstance(component, dict) and key not in wanted["components"]
    }
    return {**wanted, "components": dict(sorted({**kept, **wanted["components"]}.items()))}
