"""``receivers`` and ``templates`` of ``config/alerts.yaml``: who is notified, over which channels, in which words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from services.alerter.core.notify.channels import AppriseTarget, Channel, Format, WebhookTarget, Wording
from services.alerter.core.notify.delivery import OnDoubt, RetryPolicy
from services.alerter.core.notify.routes import Receiver
from services.alerter.settings.durations import LongSpan
from services.alerter.settings.notify import Location
from shared.messages import Name
from shared.settings import Settings

MOST = 32  # receivers: each of their channels is a thread
TITLE = (
    "{{ severity if status == 'firing' else 'resolved' }}: "
    "{{ alerts[0].annotations.get('summary') or alerts[0].rule ~ ' ' ~ alerts[0].key }}"
    "{% if firing + resolved > 1 %} (+{{ firing + resolved - 1 }}){% endif %}"
)
TEXT = """\
{% for alert in alerts[:10] -%}
{{ '✓ over: ' if alert.state == 'resolved' }}{{ alert.message }}
{% if alert.event_text %}Last event: {{ alert.event_text }}
{% endif -%}
since {{ alert.since | clock }}{% if alert.state == 'resolved' %} until {{ alert.time | clock }}{% endif -%}
{% if alert.condition %}; the rule waits for: {{ alert.condition }}
{% else %}; value {{ alert.value | figure }}, limit {{ alert.threshold | figure }}
{% endif -%}
{% if alert.state != 'resolved' -%}
{{ alert.annotations.get('action') or 'Seen it? upskeep ack ' ~ alert.rule ~ ' ' ~ alert.key }}
{% endif -%}
{% endfor -%}
{% if firing + resolved > 10 %}and {{ firing + resolved - 10 }} more: upskeep alerts{% endif %}"""
_SECRET = re.compile(r"(?i)(token|key|secret|pass|auth|sig)")


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address of a webhook; write one like https://host/path")
    if parts.username or parts.password or any(_SECRET.search(item) for item in parts.query.split("&") if item):
        raise ValueError("holds a password or token; put the whole address into a file and name that as url_file")
    return url


Seconds = Annotated[float, Field(gt=0, le=120)]


class WebhookSettings(Settings):
    """``webhook``: Alertmanager's JSON by POST. ``headers_file`` holds lines like ``Authorization: Bearer …``."""

    url: Annotated[str, AfterValidator(_plain_url)] | None = None
    url_file: Path | None = None
    headers_file: Path | None = None
    timeout_s: Seconds = 10.0

    @model_validator(mode="after")
    def _one_address(self) -> WebhookSettings:
        if (self.url is None) is (self.url_file is None):
            raise ValueError("needs one of url and url_file")
        return self


class AppriseSettings(Settings):
    """``apprise``: one of its services, by the URL in ``url_file``: https://github.com/caronc/apprise/wiki."""

    url_file: Path
    timeout_s: Seconds = 20.0


class TemplateSettings(Settings):
    """Jinja templates. A missing one is that of ``templates`` in the file, else the shipped one."""

    title: str | None = None
    text: str | None = None


class ReceiverSettings(TemplateSettings):
    """``receivers``: who can be notified, and how. MQTT is always a channel, unless ``mqtt: false``."""

    name: Name
    send_resolved: bool = True
    mqtt: bool = True
    apprise: AppriseSettings | None = None
    webhook: WebhookSettings | None = None
    format: Format = Format.TEXT
    title_chars: Annotated[int, Field(ge=10, le=1000)] = 60
    text_chars: Annotated[int, Field(ge=40, le=100_000)] = 1000
    location: Location = "UTC"
    on_doubt: OnDoubt = OnDoubt.REPEAT
    give_up_after: LongSpan = timedelta(days=1)

    def receiver(self) -> Receiver:
        """Return the receiver."""
        return Receiver(self.name, self.send_resolved)

    def wording(self, common: TemplateSettings) -> Wording:
        """Return its templates; ``common`` are those of the file."""
        title = next(text for text in (self.title, common.title, TITLE) if text is not None)
        text = next(text for text in (self.text, common.text, TEXT) if text is not None)
        return Wording(title, text, self.format, self.title_chars, self.text_chars, ZoneInfo(self.location))

    def channels(self, external_url: str) -> Iterator[Channel]:
        """Yield its channels besides MQTT."""
        care = RetryPolicy(self.on_doubt, self.give_up_after)
        if (apprise := self.apprise) is not None:
            by_apprise = AppriseTarget(str(apprise.url_file), apprise.timeout_s, self.format)
            yield Channel(self.name, "apprise", by_apprise, care)
        if (hook := self.webhook) is not None:
            url_file, headers_file = (str(path) if path else None for path in (hook.url_file, hook.headers_file))
            by_hook = WebhookTarget(hook.url, url_file, headers_file, hook.timeout_s, external_url)
            yield Channel(self.name, "webhook", by_hook, care)

    def secrets(self) -> Iterator[tuple[str, Path]]:
        """Yield (key, file) of every secret."""
        for kind, way in (("apprise", self.apprise), ("webhook", self.webhook)):
            for key in ("url_file", "headers_file"):
                if (path := getattr(way, key, None)) is not None:
                    yield f"{kind}.{key}", path
