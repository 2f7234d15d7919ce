"""What people ask of the alerter and tell it: ``request/alerter/…`` and ``command/alerter/…``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.alerter.adapters.notices import Notices
from services.alerter.core.actions import STOP
from services.alerter.core.matchers import all_hold, parse_matcher
from services.alerter.core.notify.silences import Silence
from services.alerter.service.mailroom import Mailroom
from services.alerter.service.teller import Teller
from shared.delivery.handler import RefusedError
from shared.messages import Alert, AlertState, Name, Time
from shared.requests import Command

PAGE = 500
LONGEST_SILENCE_S = 366 * 86_400


def _matcher(text: str) -> str:
    parse_matcher(text)
    return text


Matchers = Annotated[tuple[Annotated[str, AfterValidator(_matcher)], ...], Field(max_length=32)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Wish(BaseModel):
    """Base of what is asked: a key it does not know is a slip, and said so."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AlertsWish(Wish):
    """``alerts``: those in some states whose labels pass the matchers, ``limit`` after ``cursor``."""

    states: tuple[AlertState, ...] = (AlertState.PENDING, AlertState.FIRING, AlertState.ACKNOWLEDGED)
    matchers: Matchers = ()
    cursor: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE


class SilencesWish(Wish):
    """``silences``: those in force or to come; with ``expired`` those that are over and still kept, too."""

    expired: bool = False


class NoticesWish(Wish):
    """``notices``: the newest."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20


class DeliveryWish(Wish):
    """``delivery``: how far some notices have got on each channel of their receivers."""

    ids: Annotated[tuple[Words, ...], Field(max_length=100)]


class TestWish(Wish):
    """``test``: a message to one receiver, or to all."""

    receiver: Name | None = None


class AckWish(Wish):
    """``ack``: somebody has seen an alert."""

    rule: Name
    key: Name
    comment: Words | None = None


class SilenceWish(Wish):
    """``silence``: for so many seconds from ``starts`` (now, if not given), or until ``ends``."""

    matchers: Matchers
    comment: Words
    for_s: Annotated[float, Field(gt=0, le=LONGEST_SILENCE_S)] | None = None
    starts: Time | None = None
    ends: Time | None = None

    def silence(self, identity: str, by: str, now: datetime) -> Silence:
        """Return the silence; raises ValidationError where it cannot be one."""
        starts = self.starts or now
        ends = self.ends or starts + timedelta(seconds=self.for_s or 0)
        lasting = self.ends is None
        known: dict[str, Any] = {"id": identity, "by": by, "comment": self.comment, "matchers": self.matchers}
        return Silence(**known, starts=starts, ends=ends, lasting=lasting)


class UnsilenceWish(Wish):
    """``unsilence``: end a silence now."""

    id: Words


class ResetWish(Wish):
    """``reset_stop``: lift an emergency stop, and say why."""

    zone: Words
    why: Words


def page_of(alerts: list[Alert], wish: AlertsWish, muted: Callable[[Alert], str | None]) -> Mapping[str, Any]:
    """Return one page of those wanted, each with why it is mute if it is; ``cursor`` is None on the last page."""
    matchers = tuple(map(parse_matcher, wish.matchers))
    wanted = [alert for alert in alerts if alert.state in wish.states and all_hold(matchers, alert.labels)]
    shown = wanted[wish.cursor : wish.cursor + wish.limit]
    after = wish.cursor + len(shown)
    rows = [alert.model_dump(mode="json", exclude_none=True) | {"muted": muted(alert)} for alert in shown]
    return {"alerts": rows, "total": len(wanted), "cursor": after if after < len(wanted) else None}


class Work(Protocol):
    """What a desk can have done: by the Alerter."""

    def snapshot(self) -> list[Alert]:
        """Return every alert."""

    def acknowledge(self, place: tuple[str, str], by: str, comment: str | None, now: datetime) -> Alert:
        """Note that a person has seen an alert."""

    def lift(self, zone: str, by: str, why: str, now: datetime) -> Alert:
        """Lift an emergency stop."""


def answer(
    work: Work, teller: Teller, notices: Notices, name: str, data: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Answer a question; raises RefusedError on one that is not known, ValidationError on odd data."""
    match name:
        case "alerts":
            return page_of(work.snapshot(), AlertsWish.model_validate(data), partial(teller.why, now=now))
        case "silences":
            expired = SilencesWish.model_validate(data).expired
            found = [silence for silence in teller.silences if expired or silence.ends > now]
            return {"silences": [silence.model_dump(mode="json") for silence in found]}
        case "notices":
            newest = notices.newest(NoticesWish.model_validate(data).limit)
            return {"notices": [notice.model_dump(mode="json", exclude={"alerts"}) for notice in newest]}
        case "delivery":
            wish = DeliveryWish.model_validate(data)
            return {"delivery": notices.delivery(wish.ids), "waiting": dict(notices.waiting())}
        case "stops":
            return {"stops": [a.model_dump(mode="json") for a in work.snapshot() if a.rule == STOP]}
        case _:
            known = "alerts, silences, notices, delivery and stops"
            raise RefusedError(f"the alerter knows no question {name!r}; it knows {known}")


def obey(work: Work, teller: Teller, mailroom: Mailroom, command: Command, now: datetime) -> Mapping[str, Any]:
    """Carry out a command; raises RefusedError on one that is not known, ValidationError on odd data."""
    by = command.by or command.producer
    if not by:
        raise RefusedError("says not who wants it; put that into by")
    match command.name:
        case "ack":
            ack = AckWish.model_validate(command.data)
            return {"alert": work.acknowledge((ack.rule, ack.key), by, ack.comment, now).model_dump(mode="json")}
        case "silence":
            silence = SilenceWish.model_validate(command.data).silence(command.id, by, now)
            teller.silence(silence, now)
            return {"silence": silence.model_dump(mode="json")}
        case "unsilence":
            ended = teller.unsilence(UnsilenceWish.model_validate(command.data).id, now)
            return {"silence": ended.model_dump(mode="json")}
        case "reset_stop":
            reset = ResetWish.model_validate(command.data)
            return {"stop": work.lift(reset.zone, by, reset.why, now).model_dump(mode="json")}
        case "test":
            return mailroom.try_out(TestWish.model_validate(command.data).receiver, command.id, now)
        case _:
            known = "ack, silence, unsilence, reset_stop and test"
            raise RefusedError(f"the alerter knows no command {command.name!r}; it knows {known}")
