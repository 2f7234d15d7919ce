"""What one service consumes, produces and answers, as ``shared.kinds`` and ``shared.services`` have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.kinds import KINDS
from shared.services import service_row, target_of


@dataclass(frozen=True, slots=True)
class Route:
    """What a service takes and gives: consumed streams, produced streams with the consumers they wait for."""

    name: str
    consumes: tuple[str, ...] = ()
    produces: Mapping[str, Sequence[str]] = field(default_factory=dict)
    takes_offers: bool = False
    answers: bool = False  # questions on request/{name}/…
    targets: tuple[str, ...] = ()  # commands on command/{target}/…
    follows: tuple[str, ...] = ()  # kinds whose latest values the handler hears: see shared.delivery.retained
    lasting: bool = True  # the broker keeps what comes while the service is away


OWN_STREAMS = ("deadletter", "result")  # every service has these; the endpoint adds them


def route_of(name: str) -> Route:
    """Return the route of the service ``name``, which may be a name of its own (``host_agent-nas``)."""
    row = service_row(name)
    kinds = KINDS.values()
    return Route(
        name=name,
        consumes=tuple(kind.name for kind in kinds if kind.sequenced and row.name in kind.consumers),
        produces={
            kind.name: kind.consumers
            for kind in kinds
            if kind.sequenced and row.name in kind.producers and kind.name not in OWN_STREAMS
        },
        takes_offers=row.name in KINDS["ingest"].consumers,
        answers=row.answers,
        targets=(target_of(name),) if row.target else (),
        follows=tuple(kind.name for kind in kinds if row.name in kind.followers and not kind.addressee),
        lasting=row.session,
    )
