"""``docs/bounds.md``: the sets that a sender can grow, from the limits that the services enforce."""

from __future__ import annotations

from services.alerter.core.limits import LIMITS as ALERTER
from services.counter_store.application.limits import LIMITS as COUNTER_STORE
from services.event_processor.core.limits import LIMITS as EVENT_PROCESSOR
from services.gateway.core.limits import LIMITS as GATEWAY
from services.host_agent.core.limits import LIMITS as HOST_AGENT
from shared.limits import Limit
from shared.mqtt.client import WAITING_BYTES

PAGE = "docs/bounds.md"
HEAD = """# Bounds

Generated from the services' limits by `make docs`; do not edit. Each set that a sender can grow has a bound. What else
holds of them: [security.md](security.md).

| service | set | bound | at the bound |
|---|---|---|---|
"""
WAITING = Limit(
    "bytes of messages that wait for it", WAITING_BYTES, "it reads on when it has room; the rest waits at the broker"
)
OWNERS = {
    "event_processor": EVENT_PROCESSOR, "counter_store": COUNTER_STORE, "alerter": ALERTER, "host_agent": HOST_AGENT,
    "gateway": GATEWAY, "each service": (WAITING,),
}  # fmt: skip


def documents() -> dict[str, str]:
    """Return the page by its path."""
    rows = [f"| {name} | {each.what} | {each.most:,} | {each.policy} |" for name in OWNERS for each in OWNERS[name]]
    return {PAGE: HEAD + "\n".join(rows) + "\n"}
