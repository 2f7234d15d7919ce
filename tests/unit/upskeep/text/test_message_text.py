"""What a person who looks on is told, and that nothing gets lost on a narrow screen."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from rich.text import Text

from shared.event_text.sentence import parse_sentence
from shared.event_text.texts import TypeText
from shared.messages import Alert, AlertState, Event, Severity
from shared.topics import Topics
from upskeep.runner.live_view import LiveView
from upskeep.text.message_text import LineStyle, alert_table, event_line, line, news, print_line, print_whole
from upskeep.text.times import Times

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(name: str, severity: Severity = Severity.INFO, **data: object) -> Event:
    return Event(
        id="1", type=name, category="power", severity=severity, time=NOON, site="home", device="ups", data=data
    )


def alert(state: AlertState, reason: str = "over_limit", **annotations: str) -> Alert:
    return Alert(
        rule="on_battery",
        key="ups",
        state=state,
        severity=Severity.WARNING,
        since=NOON,
        time=NOON,
        value=1,
        threshold=1,
        window_s=0,
        reason=reason,
        message="ups: power is battery",
        annotations=annotations,
    )


def screen(width: int, terminal: bool) -> Console:
    return Console(file=StringIO(), width=width, force_terminal=terminal, color_system=None, soft_wrap=True)


def shown(out: Console) -> str:
    return out.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_what_happens_is_news_and_what_a_service_says_of_its_start_is_not() -> None:
    """Unless it is worse than information."""
    assert news(event("AC_POWER_LOSS"))
    assert not news(event("system.lifecycle.started"))
    assert not news(event("system.health.check"))
    assert news(event("system.service.offline", Severity.ERROR))


@pytest.mark.parametrize("kind", ["alert.raised", "alert.cleared"])
def test_an_alert_is_news_once(kind: str) -> None:
    """Its event says what its line says already."""
    assert not news(event(kind, Severity.WARNING))


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        (AlertState.PENDING, "began", False),
        (AlertState.RESOLVED, "passed", False),
        (AlertState.FIRING, "held", True),
        (AlertState.ACKNOWLEDGED, "acknowledged", True),
        (AlertState.RESOLVED, "within_limit", True),
    ],
)
def test_an_alert_is_news_once_it_fires(state: AlertState, reason: str, told: bool) -> None:
    """What may become one is not, nor that it did not."""
    assert told == news(alert(state, reason))


def test_what_was_over_before_anybody_looked_is_not_printed() -> None:
    """A retained alert that has resolved says nothing new; one that fires does, once."""
    view = LiveView(Topics("home"))

    assert [False, True, False, True] == [
        view._note(alert(state))
        for state in (AlertState.RESOLVED, AlertState.FIRING, AlertState.FIRING, AlertState.RESOLVED)
    ]


def test_an_alert_is_shown_in_its_rules_words_while_it_fires() -> None:
    """And by what was found once it is over."""
    words = {"summary": "ups has been on battery for more than a minute"}
    lines = [str(line(alert(state, **words))) for state in (AlertState.FIRING, AlertState.RESOLVED)]

    assert [
        "12:00:00Z  ALERT FIRING  on_battery  ups has been on battery for more than a minute",
        "12:00:00Z  ALERT RESOLVED  on_battery  ups: power is battery; it began at 12:00:00Z",
    ] == lines


def test_a_time_among_the_data_is_as_short_as_can_be() -> None:
    """Without its date on the same day, never without its zone; flags are words."""
    told = event("X", since="2026-01-31T11:59:58.486666Z", began="2026-01-30T23:00:00Z", on=True, off=False)

    assert str(event_line(told)).endswith("since=11:59:58Z  began=2026-01-30 23:00:00Z  on=yes  off=no")
    assert str(event_line(told, dated=True)).startswith("2026-01-31 12:00:00Z  X ")


def test_a_terminal_gets_a_line_of_its_width_and_a_pipe_all_of_it() -> None:
    """One line stays one line."""
    narrow, pipe = screen(10, terminal=True), screen(10, terminal=False)
    for out in (narrow, pipe):
        print_line(out, Text("0123456789abc"))

    assert ("012345678…\n", "0123456789abc\n") == (shown(narrow), shown(pipe))


def test_what_is_shown_whole_goes_on_below() -> None:
    """Indented; no word is lost."""
    narrow, pipe = screen(12, terminal=True), screen(12, terminal=False)
    for out in (narrow, pipe):
        print_whole(out, Text("one two three four five six"))

    assert "one two\n    three\n    four\n    five six\n" == "".join(
        row.rstrip() + "\n" for row in shown(narrow).splitlines()
    )
    assert "one two three four five six\n" == shown(pipe)


WORDS = {"AC_POWER_LOSS": TypeText("AC lost", parse_sentence("Mains lost: on battery[, {state_of_charge}]"), {})}


def test_an_event_is_shown_in_words_with_its_type_and_its_fields_where_they_are_asked_for() -> None:
    """At 80 columns what happened comes first."""
    lost = event("AC_POWER_LOSS", Severity.WARNING, state_of_charge="38 %")
    words = "12:00:00Z  warning   ups       Mains lost: on battery, 38 %  AC_POWER_LOSS"

    assert words == event_line(lost, style=LineStyle(WORDS)).plain
    assert words + "  state_of_charge=38 %" == event_line(lost, style=LineStyle(WORDS, data=True)).plain
    assert len(words) <= 80


def test_a_type_is_there_whole_or_not_at_all() -> None:
    """It used to be cut: ``BATTERY_RECO…`` can be neither read nor looked for."""
    lost = event("AC_POWER_LOSS", Severity.WARNING, state_of_charge="38 %")
    whole = event_line(lost, style=LineStyle(WORDS)).plain

    assert whole == event_line(lost, style=LineStyle(WORDS, width=len(whole))).plain
    assert whole.removesuffix("  AC_POWER_LOSS") == event_line(lost, style=LineStyle(WORDS, width=len(whole) - 1)).plain


def test_times_are_local_where_that_is_asked_for_and_say_their_zone() -> None:
    """In UTC they end in Z, elsewhere in the zone's name; the day is that of the zone."""
    vienna = LineStyle(times=Times(ZoneInfo("Europe/Vienna")))
    began = event("X", since="2026-01-30T23:30:00Z")

    assert "13:00:00 CET" in event_line(began, style=vienna).plain
    assert event_line(began, style=vienna).plain.endswith("since=00:30:00 CET")
    assert event_line(began).plain.endswith("since=2026-01-30 23:30:00Z")


def test_alerts_are_readable_at_80_columns() -> None:
    """What an alert is about stands below it where there is no room beside it; nothing is broken or cut."""
    long = "BATTERY_LOW happened 3 times within 1 hour, which is more than the limit of 2 for this type of event"
    rules = [alert(AlertState.FIRING, summary=long), alert(AlertState.RESOLVED)]
    narrow, wide = screen(80, terminal=True), screen(200, terminal=True)
    for out in (narrow, wide):
        out.print(alert_table(rules))

    lines = [row.rstrip() for row in shown(narrow).splitlines()]
    assert lines[1] == "on_battery  ups  firing    warning   2026-01-31 12:00:00Z"
    assert " ".join(lines[2:4]).split() == long.split()
    assert all(len(row) <= 80 for row in lines)
    assert long in shown(wide)


def test_a_list_among_the_data_is_shown_in_words() -> None:
    """Not as a program writes it."""
    told = event("I2C_ERROR", errors=[{"code": "nack", "chip": "ina219", "detail": ""}], nothing=None)

    assert event_line(told).plain.endswith("errors=nack ina219  nothing=-")
