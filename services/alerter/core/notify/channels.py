"""A receiver's channels: how a notice goes out, and its text there. All of it is data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.alerter.core.notify.delivery import RetryPolicy


class Format(StrEnum):
    """What a text is written in."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Wording:
    """The templates of a receiver, and the greatest length of title and text. HTML is not cut: see the settings."""

    title: str
    text: str
    format: Format = Format.TEXT
    title_chars: int = 60
    text_chars: int = 1000
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """POSTs Alertmanager's JSON to ``url``, or to the URL in ``url_file``."""

    url: str | None
    url_file: str | None
    headers_file: str | None
    timeout_s: float
    external_url: str


@dataclass(frozen=True, slots=True)
class AppriseTarget:
    """Sends through the service that the Apprise URL in ``url_file`` names."""

    url_file: str
    timeout_s: float
    format: Format


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to one receiver, e.g. ``phone.apprise``; each has its own order and its own pauses."""

    receiver: str
    kind: str
    way: WebhookTarget | AppriseTarget
    care: RetryPolicy

    @property
    def name(self) -> str:
        """What distinguishes it from any other."""
        return f"{self.receiver}.{self.kind}"
