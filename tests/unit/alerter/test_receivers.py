"""Receivers: what is refused in their settings, their words, Alertmanager's JSON, and what becomes of an attempt."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.alerter.adapters import secret_files
from services.alerter.adapters.apprise_sender import opened
from services.alerter.adapters.templates import NoticeTemplate, NoticeWriter, faults
from services.alerter.core.notify.alertmanager import NEVER, webhook_json
from services.alerter.core.notify.channels import Format, Wording
from services.alerter.core.notify.delivery import (
    FAIR_TRIAL,
    Attempts,
    Failed,
    GivenUp,
    OnDoubt,
    RetryLater,
    RetryPolicy,
    Sent,
    after_a_crash,
    decide_delivery,
)
from services.alerter.core.notify.sample import samples, trial
from services.alerter.settings import AlertsSettings
from services.alerter.settings.receivers import TEXT, TITLE
from shared.retries import pause_s
from shared.settings import ConfigError, parse_settings
from tests.support.alerter_times import START

PAGE = Path(__file__).parents[3] / "docs" / "notifications.md"
FIRING, RESOLVED, MANY = samples("phone")
DAY = timedelta(days=1)


def read(text: str) -> AlertsSettings:
    return parse_settings(text, "alerts.yaml", "alerts", AlertsSettings, {})


# ---- settings


@pytest.mark.parametrize(
    ("webhook", "told"),
    [
        ("{url: 'https://anna:s3cret@host/hook'}", "put the whole address into a file and name that as url_file"),
        ("{url: 'https://host/hook?token=s3cret'}", "put the whole address into a file and name that as url_file"),
        ("{url: 'ftp://host/hook'}", "is no address of a webhook"),
        ("{}", "needs one of url and url_file"),
        ("{url: 'https://host', url_file: secrets/x}", "needs one of url and url_file"),
    ],
)
def test_an_odd_webhook_is_refused_and_no_password_is_shown(webhook: str, told: str) -> None:
    """Secrets stand in files."""
    with pytest.raises(ConfigError, match=told) as caught:
        read(f"receivers: [{{name: default, webhook: {webhook}}}]")
    assert "anna:s3cret" not in str(caught.value)


def test_two_receivers_of_one_name_are_refused() -> None:
    """Nobody could say who is meant."""
    with pytest.raises(ConfigError, match="'default' is given 2 times"):
        read("receivers: [{name: default}, {name: default}]")


# ---- the page's examples


def test_the_examples_of_the_page_are_good(tmp_path: Path) -> None:
    """The settings load and their templates work; Apprise understands every address."""
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    settings = AlertsSettings.model_validate(yaml.safe_load(example))
    assert [] == faults(settings.wordings())
    assert ["phone.apprise", "mail.apprise", "ops.webhook"] == [channel.name for channel in settings.channels()]

    rows = re.findall(r"^\| ([\w ]+) \| `(\S+)` \|$", page, re.MULTILINE)
    assert ["ntfy", "Telegram", "mail", "Pushover", "Slack webhook"] == [name for name, _ in rows]
    for _, url in rows:
        (tmp_path / "url").write_text(f"{url}\n")
        assert 1 == len(opened(str(tmp_path / "url")))


# ---- secrets


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), ("", "has 0 lines"), ("a\nb\n", "has 2 lines"), ("x" * 9000, "more than 8192 bytes")],
)
def test_a_secret_that_cannot_be_used_is_reported_without_what_it_holds(
    content: str | None, told: str, tmp_path: Path
) -> None:
    """The file, and what is wrong with it."""
    path = tmp_path / "phone"
    if content is not None:
        path.write_text(content)
    (doubt,) = secret_files.doubts([("phone.apprise.url_file", path)])
    assert doubt.startswith(f"phone.apprise.url_file: {path}")
    assert told in doubt


def test_headers_are_read_line_by_line(tmp_path: Path) -> None:
    """Comments and empty lines are left out."""
    path = tmp_path / "headers"
    path.write_text("# ours\nAuthorization: Bearer a:b\n\nX-Node: attic\n")
    assert [("Authorization", "Bearer a:b"), ("X-Node", "attic")] == list(secret_files.headers(path))
    path.write_text("s3cret\n")
    with pytest.raises(secret_files.SecretError, match="line 1 is no header") as caught:
        list(secret_files.headers(path))
    assert "s3cret" not in str(caught.value)


# ---- words


def test_the_shipped_words_say_what_since_when_value_limit_and_what_to_do() -> None:
    """On a phone's screen."""
    written = NoticeTemplate(Wording(TITLE, TEXT)).written(FIRING)
    assert "info: upskeep_test test" == written.title
    assert [
        "ups: 3.4, below the limit of 3.6",
        "since 31 Jan 12:00 UTC; value 3.4, limit 3.6",
        "Seen it? upskeep ack upskeep_test test",
    ] == written.text.splitlines()
    state = FIRING.model_copy(
        update={"alerts": (FIRING.alerts[0].model_copy(update={"condition": "power is battery, for 1 min"}),)}
    )
    lines = NoticeTemplate(Wording(TITLE, TEXT)).written(state).text.splitlines()
    assert "since 31 Jan 12:00 UTC; the rule waits for: power is battery, for 1 min" == lines[1]
    assert "There is nothing to do." in NoticeTemplate(Wording(TITLE, TEXT)).written(trial("phone", "c", START)).text


def test_words_are_cut_to_their_length() -> None:
    """Titles at 60 characters, texts at 1,000, if nothing else is said; a title has one line."""
    written = NoticeTemplate(Wording("a\nb {{ 'x' * 100 }}", TEXT)).written(MANY)
    assert (60, "a b x", "…") == (len(written.title), written.title[:5], written.title[-1])
    assert 1000 >= len(written.text)


def test_html_is_escaped_and_text_is_not() -> None:
    """What an event says may hold anything."""
    alert = FIRING.alerts[0].model_copy(update={"message": "<b>3 < 4</b>"})
    notice = FIRING.model_copy(update={"alerts": (alert,)})
    text = "<p>{{ alerts[0].message }}</p>"
    html = NoticeTemplate(Wording(TITLE, text, Format.HTML)).written(notice).text
    assert "<p>&lt;b&gt;3 &lt; 4&lt;/b&gt;</p>" == html
    assert "<p><b>3 < 4</b></p>" == NoticeTemplate(Wording(TITLE, text)).written(notice).text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ alert.message }}", "'alert' is undefined"),
        ("{% for a in alerts %}\n{{ a.mesage }}{% endfor %}", "no attribute 'mesage'"),
        ("one\n{% if %}", "in its line 2"),
        ("{{ alerts.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_cannot_work_is_reported_at_the_start(text: str, told: str) -> None:
    """With the receiver, and the line where there is one."""
    ((receiver, fault),) = faults({"phone": Wording(TITLE, text)})
    assert "phone" == receiver
    assert told in fault


def test_the_shipped_templates_work_in_every_format() -> None:
    """So a check of the configuration need not try them."""
    assert [] == faults({form.value: Wording(TITLE, TEXT, form) for form in Format})


def test_a_template_that_fails_later_holds_nobody_up() -> None:
    """Plain words go out, with the fault."""
    wordings = {"phone": Wording("{{ alerts[0].annotations.floor }}", TEXT)}
    assert [] == faults(wordings)
    written = NoticeWriter(wordings)(FIRING)
    assert "firing: 1 alerts" == written.title
    assert "ups: 3.4, below the limit of 3.6" in written.text
    assert "the template of receiver phone fails" in written.text


# ---- Alertmanager's JSON


def test_a_webhook_has_every_field_of_alertmanagers_version_4() -> None:
    """https://prometheus.io/docs/alerting/latest/configuration/#webhook_config."""
    body = webhook_json(MANY, "https://ups.example.org")
    assert {
        *("version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels"),
        *("commonAnnotations", "externalURL", "alerts"),
    } == body.keys()
    assert ("4", "firing", "phone", 0) == (body["version"], body["status"], body["receiver"], body["truncatedAlerts"])
    assert {"rule": "upskeep_test", "alertname": "upskeep_test"} == body["groupLabels"]
    for alert in body["alerts"]:
        assert {
            *("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"),
        } == alert.keys()
        assert re.fullmatch(r"[0-9a-f]{16}", alert["fingerprint"])


def test_an_alert_that_fires_has_no_end_and_one_that_is_over_has() -> None:
    """The zero time of Go stands for none."""
    (firing,), (over,) = webhook_json(FIRING)["alerts"], webhook_json(RESOLVED)["alerts"]
    assert ("firing", "2026-01-31T12:00:00Z", NEVER) == (firing["status"], firing["startsAt"], firing["endsAt"])
    assert ("resolved", "2026-01-31T12:05:00Z") == (over["status"], over["endsAt"])


# ---- what becomes of an attempt

FAILED = Failed("no connection")
JUST = Attempts(1, timedelta(0), timedelta(0))
LONG = Attempts(50, FAIR_TRIAL, DAY)


@pytest.mark.parametrize(
    ("care", "outcome", "so_far", "verdict"),
    [
        (RetryPolicy(), Sent(), LONG, Sent),
        (RetryPolicy(), FAILED, JUST, RetryLater),
        (RetryPolicy(), Failed("x", doubtful=True), JUST, RetryLater),
        (RetryPolicy(OnDoubt.SKIP), Failed("x", doubtful=True), JUST, GivenUp),
        (RetryPolicy(OnDoubt.SKIP), FAILED, JUST, RetryLater),
        (RetryPolicy(), Failed("x", final=True), JUST, GivenUp),
        (RetryPolicy(), FAILED, LONG, GivenUp),
        (
            RetryPolicy(),
            FAILED,
            Attempts(1, timedelta(0), 3 * DAY),
            RetryLater,
        ),  # the machine was off: it has hardly been tried
        (RetryPolicy(), FAILED, Attempts(99, DAY, DAY - timedelta(seconds=1)), RetryLater),
    ],
)
def test_an_attempt_is_judged(care: RetryPolicy, outcome: Failed | Sent, so_far: Attempts, verdict: type) -> None:
    """Sent, tried again or given up."""
    assert verdict is type(decide_delivery(care, FIRING, outcome, so_far, 1.0))


def test_a_test_message_is_tried_once() -> None:
    """A person waits."""
    assert GivenUp("no connection") == decide_delivery(RetryPolicy(), trial("phone", "c", START), FAILED, JUST, 1.0)


def test_what_was_under_way_in_a_crash_is_repeated_or_given_up() -> None:
    """As ``on_doubt`` says."""
    assert after_a_crash(RetryPolicy()) is None
    assert isinstance(after_a_crash(RetryPolicy(OnDoubt.SKIP)), GivenUp)


@given(st.integers(1, 10_000), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_a_pause_is_bounded_and_never_shorter_than_asked(failures: int, jitter: float, asked_s: float | None) -> None:
    """Half of the first pause at least; five minutes, or an hour where that is asked for, at most."""
    pause = pause_s(failures, 1.0, 300.0, jitter, asked_s)
    assert max(0.5, min(asked_s or 0, 3600)) <= pause <= max(300, min(asked_s or 0, 3600))
