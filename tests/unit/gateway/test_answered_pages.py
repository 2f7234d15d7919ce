"""The pages that show what services answer: reports, climate and the shutdown plan."""

from __future__ import annotations

import re
from typing import Any

import htpy as h
import pytest

from services.gateway.core.pages.answers import ActuatorsAnswer, ClimateAnswer, Piece, PlanAnswer, ReportAnswer
from services.gateway.core.pages.climate import band_gauge, climate_content
from services.gateway.core.pages.now import Moment
from services.gateway.core.pages.reports import columns_chart, reports_content
from services.gateway.core.pages.shutdown import shutdown_content
from services.gateway.core.view import STALE_S
from shared.messages import Status
from tests.unit.gateway.answers import ACTUATORS, CLIMATE, PLAN, REPORT
from tests.unit.gateway.heard import NOON, state, status, view_of

EVIL = '"><script>alert(1)</script>'


def text(content: h.Node) -> str:
    """Return what is between the tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", str(h.fragment[content])).split())


def climate(zone: dict[str, Any], at_s: float = 0.0, *heard: Any) -> str:
    """Return *Climate* of a zone that differs so from the usual."""
    answer = ClimateAnswer.model_validate({"zones": {"tent": CLIMATE["zones"]["tent"] | zone}})
    view = view_of(*(heard or (state("tent", power=None, battery=None), status("climate_controller"))))
    return text(climate_content(view, Moment(at_s, NOON), answer, ActuatorsAnswer.model_validate(ACTUATORS)))


@pytest.mark.parametrize(
    ("zone", "at_s", "said", "unsaid"),
    [
        ({}, 0, "too dry: the VPD is above its band", "in its band"),
        ({"vpd": 0.8}, 0, "too humid: the VPD is below its band", "too dry"),
        ({"vpd": 1.12}, 0, "in its band", "too dry"),
        ({}, STALE_S + 1, "no fresh reading", "too dry"),
        ({"vpd": None}, 0, "no fresh reading", "in its band"),
        ({"paused_until": NOON.isoformat()}, 0, "paused until", "too dry"),
        ({"actuators": {}}, 0, "Nothing has been decided yet", "air for the plants"),
        ({}, 0, "the VPD of 1.31 kPa is above its band of 1.00 to 1.20 kPa", "not armed"),
        ({}, 0, "it has not answered for 40 s", "Emergency"),
        ({}, 0, "climate_supervisor has the last word and alone commands actuators never heard of", "Emergency"),
    ],
)
def test_a_zone_says_where_it_is_and_why_its_actuators_do_what_they_do(
    zone: dict[str, Any], at_s: float, said: str, unsaid: str
) -> None:
    """A reading that is old is no reading."""
    shown = climate(zone, at_s)
    assert said in shown
    assert unsaid not in shown


def test_what_stops_the_climate_stands_on_top() -> None:
    """An emergency stop, and a supervisor that switches nothing."""
    answer = ActuatorsAnswer.model_validate(
        ACTUATORS | {"armed": False, "stops": [{"zone": "tent", "by": "anna", "reason": "smoke"}]}
    )
    shown = text(climate_content(view_of(), Moment(0, NOON), "away", answer))
    assert "Emergency stop of tent by anna: smoke" in shown
    assert "not armed" in shown
    assert "What is decided is not known: away" in shown


@pytest.mark.parametrize("vpd", [None, 0.0, 1.1, 40.0])
def test_the_scale_holds_every_vpd(vpd: float | None) -> None:
    """And says in words what it shows."""
    drawn = str(band_gauge(vpd, 1.1, 0.1))
    assert "target 1.10 kPa, band 1.00 to 1.20 kPa" in drawn
    assert all(0 <= float(x) <= 300 for x in re.findall(r'(?:cx|x1|x)="([-\d.]+)"', drawn))


def test_a_report_is_a_chart_with_its_numbers() -> None:
    """One part of a column for each severity that there was; the table has the same numbers."""
    report = ReportAnswer.model_validate(REPORT)
    drawn = str(h.fragment[columns_chart(report.timeline.pieces, "day")])
    there = sum(count > 0 for piece in report.timeline.pieces for count in piece.by_severity.values())
    assert there == drawn.count("<rect")
    assert all(float(y) >= 0 for y in re.findall(r' y="([-\d.]+)"', drawn))
    shown = text(reports_content(report, 7, [], "", lambda kind: f"({kind})"))
    assert "158 events" in shown
    assert "AC_POWER_LOSS (AC_POWER_LOSS) warning 12" in shown
    assert "ups is on battery" in shown


def test_a_chart_of_nothing_is_none() -> None:
    """Neither is one of an hour in which nothing was a division by nothing."""
    assert columns_chart([], "day") is None
    empty = Piece.model_validate({"start": NOON, "by_severity": {}})
    assert "<rect" not in str(columns_chart([empty], "hour"))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({}, "host: watching primary, for 1 h 30 min"),
        ({}, "once a policy holds warn; wall"),
        ({}, "in 30 s to 1 min send nas down, and wait"),
        ({}, "battery critical does not hold"),
        ({}, "on battery for 600 s in 4 min, if nothing changes"),
        ({}, "97 % at least 1 h 30 min 0 s ago"),
        ({"dry_run": True}, "everything is only said, nothing is done"),
        ({"obstacles": []}, "What keeps the host up Nothing."),
        ({"why": "the battery is critical"}, "Because the battery is critical"),
    ],
)
def test_a_plan_says_what_would_happen_when_and_what_keeps_the_host_up(plan: dict[str, Any], said: str) -> None:
    """In words."""
    assert said in text(shutdown_content(PlanAnswer.model_validate(PLAN | plan), []))


def test_further_hosts_are_named_by_their_life_signs() -> None:
    """And a host agent that is away is said to be."""
    nas: Status = status("host_agent-nas", figures={"phase": "warned"})
    shown = text(shutdown_content("no host_agent has been heard of", [status("host_agent"), nas]))
    assert "no host_agent has been heard of" in shown
    assert "host_agent-nas online warned" in shown


def test_no_answer_brings_script_into_a_page() -> None:
    """Whatever a service says is text."""
    zone = CLIMATE["zones"]["tent"] | {"mode": EVIL, "stage": EVIL, "sensor": EVIL, "actuators": {EVIL: EVIL}}
    plan = PLAN | {"host": EVIL, "why": EVIL, "obstacles": [EVIL], "steps": [{"what": EVIL}]}
    line = {"time": NOON.isoformat(), "type": EVIL, "severity": EVIL, "text": EVIL}
    report = ReportAnswer.model_validate(REPORT | {"latest_events": [line]})
    contents = (
        climate_content(view_of(), Moment(0, NOON), ClimateAnswer.model_validate({"zones": {EVIL: zone}}), EVIL),
        shutdown_content(PlanAnswer.model_validate(plan), []),
        reports_content(report, 7, [], "", lambda _: EVIL),
        reports_content(EVIL, 7, [], "", lambda _: EVIL),
    )
    for content in contents:
        shown = str(h.fragment[content])
        assert "<script>" not in shown
        assert not re.search(r"<[^>]*\s(style|on\w+)=", shown)
