"""Commands to the alerter: ``command/alerter/…``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from pydantic import Field

from services.alerter.application.notice_outbox import NoticeOutbox
from services.alerter.application.notifier import Notifier
from services.alerter.application.parameters import Matchers, Parameters, Text
from services.alerter.core.notify.silences import Silence
from shared.delivery.handler import RefusedError
from shared.messages import Alert, Name, Time
from shared.requests import Command

LONGEST_SILENCE_S = 366 * 86_400


class TestCommand(Parameters):
    """``test``: a message to one receiver, or to all."""

    receiver: Name | None = None


class AckCommand(Parameters):
    """``ack``: somebody has seen an alert."""

    rule: Name
    key: Name
    comment: Text | None = None


class SilenceCommand(Parameters):
    """``silence``: for so many seconds from ``starts`` (now, if not given), or until ``ends``."""

    matchers: Matchers
    comment: Text
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


class UnsilenceCommand(Parameters):
    """``unsilence``: end a silence now."""

    id: Text


class ResetCommand(Parameters):
    """``reset_stop``: lift an emergency stop, and say why."""

    zone: Text
    why: Text


class AlertOperations(Protocol):
    """What commands do to alerts; the Alerter implements it."""

    def acknowledge(self, alert_id: tuple[str, str], by: str, comment: str | None, now: datetime) -> Alert:
        """Note that a person has seen an alert."""

    def lift(self, zone: str, by: str, why: str, now: datetime) -> Alert:
        """Lift an emergency stop."""


def execute(
    alerts: AlertOperations, notifier: Notifier, outbox: NoticeOutbox, command: Command, now: datetime
) -> Mapping[str, Any]:
    """Carry out a command; raises RefusedError on one that is not known, ValidationError on odd data."""
    by = command.by or command.producer
    if not by:
        raise RefusedError("does not say who wants it: put a name into by")
    match command.name:
        case "ack":
            ack = AckCommand.model_validate(command.data)
            return {"alert": alerts.acknowledge((ack.rule, ack.key), by, ack.comment, now).model_dump(mode="json")}
        case "silence":
            silence = SilenceCommand.model_validate(command.data).silence(command.id, by, now)
            notifier.silence(silence, now)
            return {"silence": silence.model_dump(mode="json")}
        case "unsilence":
            ended = notifier.unsilence(UnsilenceCommand.model_validate(command.data).id, now)
            return {"silence": ended.model_dump(mode="json")}
        case "reset_stop":
            reset = ResetCommand.model_validate(command.data)
            return {"stop": alerts.lift(reset.zone, by, reset.why, now).model_dump(mode="json")}
        case "test":
            return outbox.try_out(TestCommand.model_validate(command.data).receiver, command.id, now)
        case _:
            known = "ack, silence, unsilence, reset_stop and test"
            raise RefusedError(f"the alerter knows no command {command.name!r}; it knows {known}")
