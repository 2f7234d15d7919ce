"""Wiring: the agent's settings, its name and its route."""

from __future__ import annotations

from services.host_agent.adapters.boot import boot_id
from services.host_agent.adapters.durable_file import DurableFile
from services.host_agent.configuration import read
from services.host_agent.service import HostAgent
from services.host_agent.settings import HostAgentSettings, service_of
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import Service, main


def build(settings: HostAgentSettings, context: Context, _: Ledger, endpoint: Endpoint) -> HostAgent:
    """Return the agent, which has reported the last shutdown."""
    folder, boot = context.data / endpoint.name, boot_id()
    memory, last_words = DurableFile(folder / "memory.json"), DurableFile(folder / "last_shutdown.json")
    return HostAgent(settings, endpoint, context.clock, boot, memory, last_words, lambda: endpoint.connected)


SERVICE = Service(
    route=route_of("host_agent"),
    settings=read,
    handler=build,
    drive=lambda _, __, agent, ___: agent,
    named=lambda settings: route_of(service_of(settings.name)),
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
