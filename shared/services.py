"""The table of services: one row each, in the order of the flow. What they say to one another: ``shared.kinds``.

A service that feeds others comes before them: it starts first and stops first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """What is fixed about a service.

    ``target`` is what commands to it name. With ``several``, more than one may run at a site: each further one has a
    name of its own, ``{name}-{own}``, and the target ``{target}-{own}``. ``enabled_by`` names the file that switches
    an optional service on. ``session``: the broker keeps what arrives while the service is away. ``client``: what it
    follows comes to a client of its own (``shared.client``), by which it also asks, and not to its endpoint.
    """

    name: str
    target: str = ""
    several: bool = False
    answers: bool = True
    enabled_by: str = ""
    session: bool = True
    client: bool = False


SERVICES: tuple[ServiceRow, ...] = (
    ServiceRow("sensor_reader", target="sensor_reader", several=True),
    ServiceRow("event_processor", target="event_processor"),
    ServiceRow("counter_store", target="counter_store"),
    ServiceRow("alerter", target="alerter"),
    ServiceRow("host_agent", target="host", several=True, enabled_by="config/host_agent.yaml", session=False),
    ServiceRow("climate_controller", target="climate_controller", enabled_by="config/actuators.yaml", session=False),
    ServiceRow("climate_supervisor", target="climate_supervisor", enabled_by="config/actuators.yaml", session=False),
    ServiceRow("uplink", answers=False, enabled_by="config/suite.yaml", session=False),
    ServiceRow("gateway", answers=False, enabled_by="config/gateway.yaml", session=False, client=True),
)
READER = "sensor_reader"  # all that runs at a site that only reads, with the uplink
UPLINK = "uplink"  # which a producer waits for where the site has one
CLIENTS = ("operator",)  # users of the broker that are no service: people with the command line, and their scripts


def service_row(name: str) -> ServiceRow:
    """Return the row of a service by its name or by a name of its own (``host_agent-nas``); raises KeyError."""
    for row in SERVICES:
        if name == row.name or (row.several and name.startswith(row.name + "-")):
            return row
    raise KeyError(name)


def target_of(name: str) -> str:
    """Return what commands to the service ``name`` name: ``host-nas`` for ``host_agent-nas``."""
    row = service_row(name)
    return row.target + name.removeprefix(row.name)


def service_of(target: str) -> str:
    """Return the service behind a target, ``host_agent-nas`` for ``host-nas``; a device stands for itself."""
    for row in SERVICES:
        if row.target and (target == row.target or (row.several and target.startswith(row.target + "-"))):
            return row.name + target.removeprefix(row.target)
    return target


def is_service(name: str) -> bool:
    """Return whether this is a service's name, or one of its own."""
    try:
        return bool(service_row(name))
    except KeyError:
        return False


def suite_of(*, optional: bool = False) -> tuple[str, ...]:
    """Return the names of the services that always run, or with ``optional`` of all, in the order of the flow."""
    return tuple(row.name for row in SERVICES if optional or not row.enabled_by)
