"""Notices through Apprise: mail, ntfy, Telegram, Pushover, Slack and over a hundred more services.

1. Apprise reports a failure, but not whether the notice may have arrived. So every failure is one in doubt.
2. A mail carries the notice's id as ``X-Upskeep-Notice``; Apprise makes its Message-ID itself.
3. Apprise's log messages become the reason of a failure, and do not go to the service's log.
4. It reads no more of an answer than ``bounded_requests`` allows.
5. An attempt runs on a thread of its own, and ``send`` waits for it for at most ``timeout_s``, because a server may
   answer each read in time and never finish. Apprise's own timeouts leave such a call in a pool that all channels
   share, so they are off. While an attempt hangs, its channel begins no other. The process does not wait for it when it
   ends.
"""

from __future__ import annotations

import logging
import queue
import threading

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from services.alerter.adapters.bounded_requests import bound_answers
from services.alerter.adapters.secret_files import SecretError, secret
from services.alerter.core.notify.channels import AppriseTarget, Format
from services.alerter.core.notify.delivery import Failed, Outcome, Sent
from shared.messages import Severity
from shared.notices import Notice

FORMATS = {Format.TEXT: NotifyFormat.TEXT, Format.HTML: NotifyFormat.HTML, Format.MARKDOWN: NotifyFormat.MARKDOWN}
SORTS = {
    Severity.INFO: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.ERROR: NotifyType.FAILURE,
    Severity.CRITICAL: NotifyType.FAILURE,
}
logging.getLogger("apprise").propagate = False  # rule 3
bound_answers()


class AppriseSender:
    """Sends through one of Apprise's services."""

    def __init__(self, way: AppriseTarget) -> None:
        self._way = way
        self._attempt: threading.Thread | None = None

    def send(self, notice: Notice) -> Outcome:
        """Send title and text, and return the outcome within ``timeout_s``."""
        if self._attempt is not None and self._attempt.is_alive():
            return Failed("the attempt before this one has not ended")
        try:
            service = opened(self._way.url_file)
        except SecretError as error:
            return Failed(str(error))
        outcome: queue.SimpleQueue[Outcome | Exception] = queue.SimpleQueue()
        self._attempt = threading.Thread(
            target=self._try, args=(service, notice, outcome), name="sending a notice", daemon=True
        )
        self._attempt.start()
        try:
            found = outcome.get(timeout=self._way.timeout_s)
        except queue.Empty:
            reason = f"{service[0].service_name}: not finished within {self._way.timeout_s:g} s"
            return Failed(reason, doubtful=True)
        if isinstance(found, Exception):
            raise found
        return found

    def _try(self, service: Apprise, notice: Notice, outcome: queue.SimpleQueue[Outcome | Exception]) -> None:
        try:
            outcome.put(self._sent(service, notice))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            outcome.put(error)

    def _sent(self, service: Apprise, notice: Notice) -> Outcome:
        for plugin in service:
            plugin.socket_connect_timeout = min(plugin.socket_connect_timeout, self._way.timeout_s)
            plugin.socket_read_timeout = min(self._way.timeout_s, 60.0)
            headers = getattr(plugin, "headers", None)  # of mail and of plain JSON, XML or forms
            if isinstance(headers, dict):
                headers["X-Upskeep-Notice"] = notice.id
        sort = NotifyType.SUCCESS if notice.status == "resolved" else SORTS[notice.alerts[0].severity]
        result = service.notify(
            body=notice.text,
            title=notice.title,
            notify_type=sort,
            body_format=FORMATS[self._way.format],
        )
        if result:
            return Sent()
        messages = [entry.message for entry in result.logs()]
        reason = "; ".join(dict.fromkeys(messages)) or f"Apprise gives no reason ({result.status})"
        return Failed(f"{service[0].service_name}: {reason}"[:500], doubtful=True)

    def close(self) -> None:
        """Do nothing: it has no connection between two notices."""


def opened(path: str) -> Apprise:
    """Return the service of the URL in a file; raises SecretError if Apprise does not understand it."""
    service = Apprise(asset=AppriseAsset(app_id="Upskeep", app_desc="Upskeep", async_mode=False, service_timeout=0))
    if not service.add(secret(path)):
        raise SecretError(f"{path} holds no URL that Apprise understands; see https://github.com/caronc/apprise/wiki")
    return service
