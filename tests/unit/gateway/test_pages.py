"""The pages: one glance says what is so, what is old is said to be old, and foreign text stays text."""

from __future__ import annotations

import cProfile
import pstats
import re
from datetime import timedelta
from typing import Any

import htpy as h
import pytest

from services.gateway.core.api.models import SilenceView
from services.gateway.core.pages.alerts import StandingQuestion, alerts_content
from services.gateway.core.pages.answers import RelatedAnswer, RelatedEvent, StandingAnswer
from services.gateway.core.pages.counters import Limit, counters_content
from services.gateway.core.pages.events import Choice, Ways, event_content, events_content
from services.gateway.core.pages.layout import PAGES, Frame, page
from services.gateway.core.pages.lists import health_content, incidents_content
from services.gateway.core.pages.login import login_page
from services.gateway.core.pages.now import Moment, now_content
from services.gateway.core.pages.sparkline import course, sparkline
from services.gateway.core.pages.stencil import Stencil
from services.gateway.core.pages.suite import suite_content
from services.gateway.core.pages.words import span_text, value_text
from services.gateway.core.view import STALE_S
from shared.health import Health, HealthFactor
from shared.incidents import Incident
from tests.unit.gateway.answers import STANDING
from tests.unit.gateway.heard import NOON, alert, counter, dead_letter, event, state, status, view_of

EVIL = '"><script>alert(1)</script>\u202e'
FRAME = Frame("home", "/upskeep", "/", "Now", NOON, connected=True)


def now(*messages: Any, at_s: float = 0.0) -> str:
    """Return *Now* as text between tags."""
    whole = page(FRAME, now_content(view_of(*messages), Moment(at_s, NOON), "/upskeep"))
    return re.sub(r"<[^>]+>", " ", whole.partition("<h1>")[2])


ON_BATTERY = {"power": "battery", "values": {"state_of_charge": 38.0, "estimated_runtime_low_s": 2265.0}}


@pytest.mark.parametrize(
    ("messages", "at_s", "said", "unsaid"),
    [
        ([state()], 0, "On mains", "left"),
        ([state(**ON_BATTERY)], 0, "On battery: ups at least 37 min left", "On mains"),
        ([state(), state("b", **ON_BATTERY)], 0, "On battery: b ", "On battery: b, ups"),
        ([state(**ON_BATTERY)], STALE_S + 1, "Not known: ups is silent", "On battery: ups"),
        ([state()], STALE_S + 1, "Last known: on mains", "heard"),
        ([], 0, "Nothing has been heard yet", "On mains"),
        ([state(power=None, battery=None, values={"air_temperature": 21.0})], 0, "No UPS says", "On mains"),
        ([state()], 0, "Nothing is wrong", "not online"),
        ([state(), alert()], 0, "1 alert fires", "Nothing is wrong"),
        ([state(), alert(state="resolved")], 0, "Nothing is wrong", "1 alert"),
        ([state(), status("alerter", state="offline")], 0, "alerter  is not online", "Nothing is wrong"),
        ([state(simulated=True)], 0, "simulated", "suspect"),
        ([state("system", power=None, battery=None, values={"lifecycle": "started"})], 0, "No device", "lifecycle"),
    ],
)
def test_one_glance_says_what_is_so(messages: list[Any], at_s: float, said: str, unsaid: str) -> None:
    """And nothing else."""
    text = now(*messages, at_s=at_s)
    assert said in text
    assert unsaid not in text


def test_a_curve_needs_two_points_and_stays_in_its_box() -> None:
    """A flat one lies in the middle."""
    assert sparkline([(0.0, 1.0)], "x") is None
    for values in ((1.0, 5.0, 3.0), (2.0, 2.0)):
        drawn = str(sparkline([(10.0 * n, value) for n, value in enumerate(values)], "charge"))
        points = [tuple(map(float, each.split(","))) for each in re.findall(r"[\d.]+,[\d.]+", drawn)]
        assert len(values) == len(points)
        assert all(0 <= x <= 160 and 0 <= y <= 36 for x, y in points)


@pytest.mark.parametrize(
    ("values", "simulated", "words"),
    [
        ((65.0, 61.0, 62.5), False, "charge, last 1 min: between 61.0 % and 65.0 %"),
        ((65.0, 61.0, 62.5), True, "charge: between 61.0 % and 65.0 %"),
        ((65.0, 65.0, 65.0), False, "charge, last 1 min: 65.0 %"),
    ],
)
def test_a_curve_says_what_it_shows(values: tuple[float, ...], *, simulated: bool, words: str) -> None:
    """In text that everybody reads; the pace of a simulation is its own."""
    points = [(40.0 * n, value) for n, value in enumerate(values)]
    assert f"<figcaption>{words}</figcaption>" in str(course(points, "state_of_charge", simulated=simulated))


@pytest.mark.parametrize(("others", "times"), [(0, 1), (1, 3)])
def test_one_reason_says_once_until_when(others: int, times: int) -> None:
    """The whole score's recovery is news where there are several."""
    back = NOON + timedelta(days=2)
    lost = {"type": "AC_POWER_LOSS", "severity": "warning", "points": 5, "episodes": 2, "events": 2, "remedy": "-"}
    factors = (HealthFactor(**lost, last=NOON, recovers=back),) * (1 + others)
    health = Health(site="home", score=90, grade="EXCELLENT", factors=factors, as_of=NOON, recovers=back)
    assert times == str(h.div[health_content(view_of(health))]).count("</time>")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (11_100, "3 h 5 min"), (90_000, "1 d 1 h"), (-5, "0 s")],
)
def test_a_span_has_its_two_largest_units(seconds: float, text: str) -> None:
    """As people say it."""
    assert text == span_text(seconds)


def test_values_have_their_units() -> None:
    """And what is not known is shown as it is."""
    assert ["3.46 V", "38.0 %", "yes", "37 min", "2.5", "none"] == [
        value_text(name, value)
        for name, value in (
            ("battery_voltage", 3.461),
            ("state_of_charge", 38),
            ("ac_present", True),
            ("runtime_left_s", 2265),
            ("a_channel", 2.5),
            ("fault", "none"),
        )
    ]


def whole_pages() -> dict[str, str]:
    """Return every page with text of a stranger wherever text can be."""
    view = view_of(
        state(values={"fault": EVIL, EVIL: 1.0, "battery_voltage": 4.1}, active=(EVIL,)),
        counter(),
        status("alerter", figures={"notices_last_error": EVIL, EVIL: EVIL}),
        Health(site="home", score=90, grade="EXCELLENT", factors=(), as_of=NOON),
    )
    foreign = alert(message=EVIL, reason=EVIL, by=EVIL, comment=EVIL, state="acknowledged", labels={EVIL: EVIL},
                    annotations={EVIL: EVIL})  # fmt: skip
    incident = Incident(
        id="1", pattern="outage", key="ups", severity="warning", start=NOON, last=NOON, count=1, events=()
    )
    silence = SilenceView(id="1", matchers=(EVIL,), starts=NOON, ends=NOON + timedelta(1), by=EVIL, comment=EVIL)
    events = [event(data={EVIL: EVIL, "list": [EVIL]}, metadata={EVIL: {EVIL: EVIL}})]
    tied = RelatedEvent(after_s=-61, by=(EVIL,), event=event(2, device=None))
    view.dead_letters.append(dead_letter(EVIL))
    moment = Moment(0.0, NOON)
    stands = StandingAnswer(looks_at=EVIL, wants=EVIL, state=EVIL, reads=EVIL, lacks=EVIL)
    contents = {
        "now": now_content(view_of(foreign, state()), moment, ""),
        "devices": now_content(view, moment, ""),
        "alerts": alerts_content([foreign, alert()], [silence], "", EVIL, EVIL),
        "unknown silences": alerts_content([], EVIL, "", "", ""),
        "why not": alerts_content([], [], "", "", "", StandingQuestion(EVIL, EVIL, stands)),
        "no answer": alerts_content([], [], "", "", "", StandingQuestion(EVIL, EVIL, EVIL)),
        "events": events_content(
            events, Choice(EVIL, EVIL, EVIL, "c"), Ways("/a?b", "/a?c", (("CSV", "/a?d"),)), "", [EVIL], lambda _: EVIL
        ),
        "unknown events": events_content(EVIL, Choice(), Ways(), "", [], lambda _: ""),
        "incidents": incidents_content([incident]),
        "counters": counters_content([counter()], {"AC_POWER_LOSS": Limit(0, 5)}, lambda _: EVIL),
        "event": event_content(RelatedAnswer(event=events[0], related=(tied,)), "", lambda _: EVIL),
        "unknown event": event_content(EVIL, "", lambda _: EVIL),
        "health": health_content(view),
        "suite": suite_content(view, moment),
    }
    return {name: page(FRAME, content) for name, content in contents.items()} | {"login": login_page("/upskeep", EVIL)}


@pytest.mark.parametrize(("name", "text"), whole_pages().items(), ids=whole_pages())
def test_no_page_takes_script_or_style_from_a_stranger(name: str, text: str) -> None:
    """What is foreign is text; what a policy would forbid is not there in the first place."""
    assert "<script>" not in text
    assert not re.search(r"<[^>]*\s(style|on\w+)=", text)
    assert not re.search(r'(src|href|action)="(https?:)?//', text)


@pytest.mark.parametrize(("name", "text"), whole_pages().items(), ids=whole_pages())
def test_every_address_on_a_page_is_below_the_proxys_path(name: str, text: str) -> None:
    """Those of the frame; contents are given theirs."""
    found = re.findall(r'<(?:link|script)[^>]*(?:href|src)="([^"]+)"', text)
    assert found
    assert all(address.startswith("/upskeep/") for address in found)


def test_the_page_that_is_shown_is_marked() -> None:
    """For the eye and for a screen reader."""
    text = page(Frame("home", "", "/alerts", "Alerts", NOON, connected=False), None)
    assert ['<a href="/alerts" aria-current="page">'] == re.findall(r"<a [^>]*aria-current[^>]*>", text)
    assert all(f">{name}</a>" in text for _, name in PAGES)
    assert "no connection to the broker" in text


def test_the_events_are_looked_for_by_zone_time_and_incident() -> None:
    """The form keeps what was chosen; an open event leads to what happened around it and to its incident."""
    choice = Choice(zone="tent", since="2026-11-28T11:00", until=EVIL, incident="i1")
    shown = str(h.fragment[events_content([event(metadata={"incident": "i1"})], choice, Ways(), "/up", [], str)])
    assert 'name="zone" value="tent"' in shown
    assert 'name="since" value="2026-11-28T11:00"' in shown
    assert 'name="until" value=""' in shown
    assert 'name="incident" value="i1"' in shown
    assert "/up/events?since=2026-11-28T11:50Z&amp;until=2026-11-28T12:10Z" in shown
    assert "/up/events?incident=i1" in shown


def test_counts_stand_against_their_limits_the_broken_ones_first() -> None:
    """A limit that is judged for each device is no limit of the site's count."""
    counters = [counter("BUSY", last_day=9), counter("OVER", last_hour=3), counter("EACH"), counter("FREE")]
    limits = {"OVER": Limit(2, None), "BUSY": Limit(None, 9), "EACH": Limit(0, None, "device")}
    text = str(h.fragment[counters_content(counters, limits, str)])

    assert ["OVER", "BUSY", "EACH", "FREE"] == re.findall(r"<code>(\w+)</code>", text)
    assert ["3 of 2"] == re.findall(r'class="badge warning">([^<]+)<', text)
    assert ("9 of 9" in text, "0 a device" in text) == (True, True)


def test_dead_letters_can_be_read_and_gaps_are_counted() -> None:
    """The newest first, with topic and payload; what is missing for good by the services' own figures."""
    view = view_of(status("counter_store", figures={"lost": 4, "dropped": 0}), dead_letter("old"), dead_letter("new"))
    text = str(h.fragment[suite_content(view, Moment(0.0, NOON))])

    assert text.index(">new<") < text.index(">old<")
    assert "upskeep/v1/home/ingest/x" in text
    cells = re.findall(r'<td role="cell" data-head="([^"]+)"><div>([^<]*)</div></td>', text)
    assert ("What", "messages of others that can no longer be had") in cells
    assert ("How many", "4") in cells
    assert "messages of its own" not in text


def test_an_event_opens_with_what_belongs_to_it() -> None:
    """In the order of time, each a link; an id that no address can hold is no link."""
    later = RelatedEvent(after_s=125, by=("device",), event=event(2))
    before = RelatedEvent(after_s=-3, by=("zone", "incident"), event=event(3, id="a/b"))
    related = (later, before)
    text = str(h.fragment[event_content(RelatedAnswer(event=event(1), related=related), "/up", lambda each: each.id)])

    assert text.index("3 s before") < text.index("2 min later")
    assert ["/up/event?id=e2"] == re.findall(r'<a href="(/up/event[^"]+)">e2', text)
    assert "zone, incident" in text
    assert '<details id="event-e1" open>' in text
    assert "/up/event?id=e1" not in text  # this page


def test_an_alert_that_did_not_fire_says_what_it_lacks() -> None:
    """And what was asked stays in the form."""
    asked = StandingQuestion("on_battery", "ups", StandingAnswer.model_validate(STANDING))
    text = page(FRAME, alerts_content([], [], "/upskeep", "", "", asked))

    assert "it has held for 12 s; 1 min are needed" in text
    assert 'value="on_battery"' in text


@pytest.mark.parametrize(
    ("more", "said", "unsaid"),
    [
        (
            {"condition": "power is battery, for 1 min"},
            "The rule waits for power is battery, for 1 min",
            "the limit is",
        ),
        ({"value": 6, "threshold": 5, "window_s": 3600}, "Value 6 in 1 h; the limit is 5", "The rule waits for"),
    ],
)
def test_why_an_alert_fires_is_said_in_words_where_a_number_says_nothing(
    more: dict[str, Any], said: str, unsaid: str
) -> None:
    """A state is or is not: it has no value and no limit."""
    whole = page(FRAME, alerts_content([alert(**more)], [], "/upskeep", "", ""))
    text = " ".join(re.sub(r"<[^>]+>", " ", whole).split())
    assert said in text
    assert unsaid not in text


def test_a_stencil_escapes_what_fills_it_and_knows_its_slots() -> None:
    """Foreign text stays text in an attribute and between tags, also where it looks like a slot; markup is kept."""
    link = Stencil(h.a(href="/{{name}}")["{{name}}", h.b["{{inner}}"]])
    inner = Stencil(h.i["{{text}}"])(text="<")

    assert (
        link(name='"<{{inner}}', inner=inner)
        == '<a href="/&#34;&lt;{{inner}}">&#34;&lt;{{inner}}<b><i>&lt;</i></b></a>'
    )
    with pytest.raises(KeyError, match="inner"):
        link(name="a")


def test_a_row_of_events_costs_some_hundred_calls() -> None:
    """A page of 50 is made in a few milliseconds: 440 calls a row, where a tree of elements took 3,800."""
    rows = [event(id=f"e{number}", metadata={"incident": "i1"}) for number in range(50)]
    with cProfile.Profile() as profile:
        page(FRAME, events_content(rows, Choice(), Ways(), "", [], lambda _: "words"))
    calls = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]

    assert calls / len(rows) < 800
