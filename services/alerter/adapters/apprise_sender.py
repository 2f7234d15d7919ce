"""Everything that Apprise can reach: mail, ntfy, Telegram, Pushover, Slack and over a hundred more.

1. Apprise says that something went wrong and not how far it had got; it may have arrived. So every failure there is one
   in doubt.
2. A mail carries the notice's id as ``X-Upskeep-Notice``; Apprise makes its Message-ID itself.
3. Apprise logs what it does; here that is the reason of a failure, and nothing goes to the service's log.
4. What it reads of an answer is bounded (``bounded_requests``).
"""

from __future__ import annotations

import logging

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
    """A Sender through one of Apprise's services."""

    def __init__(self, way: AppriseTarget) -> None:
        self._way = way

    def send(self, notice: Notice) -> Outcome:
        """Send title and text, and say what came of it."""
        try:
            service = opened(self._way.url_file)
        except SecretError as error:
            return Failed(str(error))
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
            timeout=self._way.timeout_s,
        )
        if result:
            return Sent()
        said = [entry.message for entry in result.logs()]
        reason = "; ".join(dict.fromkeys(said)) or f"Apprise gives no reason ({result.status})"
        return Failed(f"{service[0].service_name}: {reason}"[:500], doubtful=True)

    def close(self) -> None:
        """It holds nothing between two notices."""


def opened(path: str) -> Apprise:
    """Return the service that the URL in a file names; raises SecretError where it names none."""
    service = Apprise(asset=AppriseAsset(app_id="Upskeep", app_desc="Upskeep", async_mode=False))
    if not service.add(secret(path)):
        raise SecretError(f"{path} holds no URL that Apprise understands; see https://github.com/caronc/apprise/wiki")
    return service
