"""Wiring: the agent's settings, its name and its place on the wire."""

from __future__ import annotations

import shutil

from services.host_agent.adapters.boot import boot_id
from services.host_agent.adapters.durable_file import DurableFile
from services.host_agent.service import HostAgent
from services.host_agent.settings import FILE, HostAgentSettings, service_of
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import Context, Service, main
from shared.settings import ConfigError, Fault, read_settings


def build(settings: HostAgentSettings, context: Context, _: Ledger, endpoint: Endpoint) -> HostAgent:
    """Return the agent, which reports the shutdown before."""
    folder, boot = context.data / endpoint.name, boot_id()
    memory, last_words = DurableFile(folder / "memory.json"), DurableFile(folder / "last_shutdown.json")
    return HostAgent(settings, endpoint, context.clock, boot, memory, last_words, lambda: endpoint.connected)


def read(context: Context) -> HostAgentSettings:
    """Return the settings; raises ConfigError also where something that is to be run in earnest is not there."""
    settings = read_settings(context.folder, FILE, HostAgentSettings, context.environ)
    faults = [
        Fault(str(context.folder / f"{FILE}.yaml"), where, f"there is no program {program.run[0]!r} to run here")
        for where, program in settings.programs
        if not settings.dry_run and shutil.which(program.run[0]) is None
    ]
    if faults:
        raise ConfigError(faults)
    return settings


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
