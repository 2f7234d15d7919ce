"""The texts of notices: Jinja templates in a sandbox. An unknown name is a fault, not an empty text.

If a template fails on a notice, the notice goes out in plain words, with the fault below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from services.alerter.core.notify.channels import Format, Wording
from services.alerter.core.notify.sample import samples
from services.alerter.core.wording import figure
from shared.notices import Notice
from shared.safe_text import safe_lines, safe_text

MOST_KEPT = 128  # templates: a receiver has two
FAULTS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


class NoticeTemplate:
    """One receiver's templates, compiled; raises TemplateError if they are faulty."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._title = self._compile(wording.title, escaped=False)
        self._text = self._compile(wording.text, escaped=wording.format is Format.HTML)

    def written(self, notice: Notice) -> Notice:
        """Return the notice with title and text, cut to their lengths; raises one of ``FAULTS``."""
        return notice.model_copy(update=self.rendered(_names(notice)))

    def rendered(self, names: Mapping[str, Any]) -> dict[str, str]:
        """Return title and text with these names filled in."""
        title = _cut(safe_text(" ".join(self._title.render(names).split())), self._wording.title_chars)
        text = safe_lines(self._text.render(names).strip())
        if self._wording.format is not Format.HTML:  # to cut HTML needs a parser; the receiving service cuts it
            text = _cut(text, self._wording.text_chars)
        return {"title": title, "text": text}

    def _compile(self, text: str, *, escaped: bool) -> Template:
        environment = _environment(self._clock, escaped=escaped)
        code = _code(text, escaped=escaped)
        return environment.template_class.from_code(environment, code, environment.make_globals(None))

    def _clock(self, time: datetime) -> str:
        return time.astimezone(self._wording.zone).strftime("%d %b %H:%M %Z")


def _environment(clock: Callable[[datetime], str], *, escaped: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=escaped, keep_trailing_newline=False)
    environment.filters |= {"clock": clock, "figure": figure}
    return environment


@lru_cache(MOST_KEPT)
def _code(text: str, *, escaped: bool) -> CodeType:
    """Return a template as code: whoever is forked after a check has it. Which clock it goes by is not in it."""
    return _environment(str, escaped=escaped).compile(text)


class NoticeWriter:
    """The templates of all receivers."""

    def __init__(self, wordings: Mapping[str, Wording]) -> None:
        self._wordings = wordings
        self._words: dict[str, NoticeTemplate] = {}  # each compiled for its first notice

    def __call__(self, notice: Notice) -> Notice:
        """Return the notice with its receiver's text, or a plain one if a template fails."""
        try:
            if notice.receiver not in self._words:
                self._words[notice.receiver] = NoticeTemplate(self._wordings[notice.receiver])
            return self._words[notice.receiver].written(notice)
        except FAULTS as error:
            plain = "\n".join(
                f"{alert.rule}/{alert.key} {alert.state.value}: {alert.message}" for alert in notice.alerts
            )
            fault = f"(the template of receiver {notice.receiver} fails: {error})"
            title = f"{notice.status}: {len(notice.alerts)} alerts"
            return notice.model_copy(update={"title": title, "text": _cut(f"{plain}\n{fault}", 2000)})


def faults(wordings: Mapping[str, Wording]) -> list[tuple[str, str]]:
    """Return (receiver, fault) of each receiver whose templates fail on a sample notice."""
    found = []
    for name, wording in wordings.items():
        try:
            words = NoticeTemplate(wording)
            for sample in samples(name):
                words.rendered(_with_any_label(_names(sample)))
        except FAULTS as error:
            line = getattr(error, "lineno", None)
            found.append((name, f"the template fails{f' in its line {line}' if line else ''}: {error}"))
    return found


def _names(notice: Notice) -> dict[str, Any]:
    alerts = [alert.model_dump() for alert in notice.alerts]
    severity = alerts[0]["severity"].value if alerts else ""
    names = notice.model_dump(exclude={"alerts", "title", "text", "producer", "epoch", "seq"})
    return {**names, "alerts": alerts, "severity": severity, "truncated": notice.truncated}


class _Any(dict[str, str]):
    """Has every name, because only the alerts decide which labels and annotations there are."""

    def __missing__(self, name: str) -> str:
        return name


def _with_any_label(names: dict[str, Any]) -> dict[str, Any]:
    free = {"labels", "annotations", "group_labels", "common_labels", "common_annotations"}
    alerts = [{key: _Any(value) if key in free else value for key, value in a.items()} for a in names["alerts"]]
    return {key: _Any(value) if key in free else value for key, value in names.items()} | {"alerts": alerts}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
