"""What one service consumes, produces, answers, executes and follows, by ``shared.kinds`` and ``shared.services``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.delivery.handler import HandlerError, Handlers
from shared.kinds import KINDS
from shared.services import service_row, target_of

OWN_STREAMS = ("deadletter", "result")  # every service has these; the endpoint adds them


@dataclass(frozen=True, slots=True)
class Route:
    """What a service consumes and produces: streams, and for each produced one the consumers it waits for."""

    name: str
    consumes: tuple[str, ...] = ()
    produces: Mapping[str, Sequence[str]] = field(default_factory=dict)
    consumes_offers: bool = False
    answers: bool = False  # requests on request/{name}/…
    targets: tuple[str, ...] = ()  # commands on command/{target}/…
    follows: tuple[str, ...] = ()  # kinds whose latest values the handler receives: see shared.delivery.retained
    persistent_session: bool = True  # the broker keeps what comes while the service is away
    gathers: tuple[str, ...] = ()  # streams whose work may wait for a commit, besides frames and samples

    def minds(self) -> tuple[str, ...]:
        """Return whose life signs matter: its own and of those who take offers; () for everybody's."""
        if self.consumes or self.follows or any(self.produces.values()):
            return ()
        return self.name, *KINDS["event"].producers

    def handlers(self, handler: object) -> Handlers:
        """Return what ``handler`` implements; raises HandlerError where it lacks what this route needs."""
        found = Handlers.of(handler)
        follows = [kind for kind in self.follows if kind != "status"]  # delivery itself reads that, in every service
        needs = (
            (self.consumes, found.stream, f"consumes the stream {' and '.join(self.consumes)}", "apply"),
            (self.consumes_offers, found.offer, "consumes offers on ingest/…", "offer"),
            (self.answers, found.request, f"answers request/{self.name}/…", "answer"),
            (self.targets, found.command, f"executes command/{'|'.join(self.targets)}/…", "execute"),
            (follows, found.retained, f"follows {' and '.join(follows)}", "follow"),
        )
        for needed, implemented, what, method in needs:
            if needed and implemented is None:
                raise HandlerError(
                    f"the route of {self.name} {what}, but its handler {type(handler).__name__} has no method "
                    f"{method}(): write it, or take that out of the route"
                )
        return found


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
        consumes_offers=row.name in KINDS["ingest"].consumers,
        answers=row.answers,
        targets=(target_of(name),) if row.target else (),
        follows=() if row.client else followed_by(row.name),
        persistent_session=row.session,
        gathers=tuple(kind.name for kind in kinds if row.name in kind.gathered),
    )


def followed_by(name: str) -> tuple[str, ...]:
    """Return the kinds that the service ``name`` follows."""
    return tuple(kind.name for kind in KINDS.values() if name in kind.followers and not kind.addressee)
