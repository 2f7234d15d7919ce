"""The API over HTTP, with services that are there, refuse or are away; and what a fuzzer makes of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import urllib3

from tests.conftest import Require
from tests.support.brokers import Broker
from tests.support.mqtt_probe import MqttProbe
from tests.support.running_gateway import RunningGateway
from tests.support.scripted_services import publish, services
from tests.unit.gateway.heard import alert, counter, state, status

pytestmark = pytest.mark.mosquitto

JSON = {"content-type": "application/json"}


def test_what_is_heard_is_answered_by_pages(gateway: RunningGateway, probe: MqttProbe) -> None:
    """Each item once, in order."""
    publish(probe, *(counter(f"T{number}") for number in range(5)), state(), alert())
    gateway.until(lambda: len(gateway.get("/api/counters").json()["items"]) == 5, "the counters")
    gateway.until(lambda: gateway.get("/api/overview").json()["alerts"], "the alert")

    first = gateway.get("/api/counters?limit=3").json()
    second = gateway.get(f"/api/counters?limit=3&cursor={first['next']}").json()
    assert ["T0", "T1", "T2", "T3", "T4"] == [each["type"] for each in first["items"] + second["items"]]
    assert second["next"] is None

    found = gateway.get("/api/devices/ups").json()
    assert ("mains", False) == (found["state"]["power"], found["stale"])
    assert gateway.get("/api/devices/nobody").status == 404


@pytest.mark.parametrize(
    ("path", "status_", "detail"),
    [
        ("/api/counters?limit=0", 422, "limit: Input should be greater than or equal to 1"),
        ("/api/counters?limt=1", 422, "limt: Extra inputs are not permitted"),
        ("/api/events?since=yesterday", 422, "since: "),
        ("/api/nothing", 404, "there is nothing at /api/nothing"),
        ("/api/devices/a%20b", 404, "'a b' is no name"),
    ],
)
def test_what_is_wrong_is_said_as_problem_details(shared: RunningGateway, path: str, status_: int, detail: str) -> None:
    """With what was found and where."""
    answer = shared.get(path)
    assert (status_, "application/problem+json") == (answer.status, answer.headers["content-type"])
    assert status_ == answer.json()["status"]
    assert detail in answer.json()["detail"]


def test_questions_go_to_the_services_and_commands_are_recorded(
    gateway: RunningGateway, probe: MqttProbe, broker: Broker
) -> None:
    """Who is away is said to be; each command becomes an event, whatever came of it."""
    publish(probe, status("counter_store"), status("alerter"))
    with services(broker) as taken:
        gateway.until(lambda: gateway.get("/api/events").status == 200, "the history")
        page = gateway.get("/api/events?types=A&types=B&severities=error").json()
        assert (["e0", "e1", "e2"], "c3") == ([each["id"] for each in page["items"]], page["next"])

        body = json.dumps({"by": "anna", "comment": "on my way"})
        done = gateway.ask("POST", "/api/alerts/on_battery/ups/acknowledge", body=body, headers=JSON)
        assert done.status == 200
        assert [("ack", "anna", {"rule": "on_battery", "key": "ups", "comment": "on my way"})] == [
            (each.name, each.by, each.data) for each in taken
        ]
        silence = json.dumps({"matchers": ["rule=x"], "for_s": 60, "comment": "why"})
        refused = gateway.ask("POST", "/api/silences", body=silence, headers=JSON)
        assert (409, True) == (refused.status, "not today" in refused.json()["detail"])

    assert gateway.get("/api/shutdown-plan").status == 503
    publish(probe, status("event_processor", streams={"event": {"head": 0, "floor": 1}}))
    probe.until(lambda: len(probe.all("ingest", "gateway")) >= 2, "the events of both commands")
    assert [("anna", "ack", "done"), ("api", "silence", "refused")] == [
        tuple(each["data"][key] for key in ("by", "name", "came")) for each in probe.all("ingest", "gateway")
    ]


def test_the_history_comes_as_a_file(gateway: RunningGateway, probe: MqttProbe, broker: Broker) -> None:
    """Page by page, as JSON lines and as CSV; what is wrong is said before anything is sent."""
    publish(probe, status("counter_store"))
    with services(broker):
        gateway.until(lambda: gateway.get("/api/events").status == 200, "the history")
        lines_of = gateway.get("/api/export/events.jsonl?types=A").data.decode().splitlines()
        table = gateway.get("/api/export/events.csv")
        wrong = gateway.get("/api/export/events.csv?since=yesterday")
        unknown = gateway.get("/api/export/events.xlsx")

    # the scripted store names one more page, and then the same again, where a stream must end
    assert ["e0", "e1", "e2"] * 2 == [json.loads(line)["id"] for line in lines_of]
    rows = table.data.decode().splitlines()
    assert "time,type,category,severity,device,zone,id,data" == rows[0]
    assert (7, "text/csv; charset=utf-8") == (len(rows), table.headers["content-type"])
    assert 'attachment; filename="upskeep-events.csv"' == table.headers["content-disposition"]
    assert (422, 404) == (wrong.status, unknown.status)
    assert 503 == gateway.get("/api/export/events.csv").status


def test_a_form_of_another_site_is_no_json(shared: RunningGateway) -> None:
    """A browser sends a form anywhere without asking; JSON it does not."""
    for media in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = shared.ask("POST", "/api/silences", body="{}", headers={"content-type": media})
        assert answer.status == 415


def lines(stream: urllib3.BaseHTTPResponse, wanted: int) -> list[dict[str, str]]:
    """Return the next events of a stream: their id, event and data."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    rest = b""
    while len(found) < wanted:
        rest += stream.read1(4096)  # type: ignore[attr-defined]
        *complete, rest = rest.split(b"\n")
        for line in complete:
            name, _, value = line.decode().partition(": ")
            if line and name:
                fields[name] = value
            elif "event" in fields:
                found.append(fields)
                fields = {}
            else:
                fields = {}
    return found


def test_a_stream_goes_on_where_it_was_left(gateway: RunningGateway, probe: MqttProbe) -> None:
    """By the last id; one of another run of the gateway begins anew."""

    def open_stream(**headers: str) -> urllib3.BaseHTTPResponse:
        return gateway.get("/api/stream?kind=counter", headers=headers, preload_content=False)

    with open_stream() as stream:
        publish(probe, alert(), counter("T1"))
        (first,) = lines(stream, 1)
    publish(probe, counter("T2"), counter("T3"))
    gateway.until(lambda: len(gateway.get("/api/counters").json()["items"]) == 3, "both are heard")
    with open_stream(**{"last-event-id": first["id"]}) as stream:
        missed = lines(stream, 2)
    assert ["T1", "T2", "T3"] == [json.loads(each["data"])["type"] for each in (first, *missed)]

    with open_stream(**{"last-event-id": "another-7"}) as stream:
        assert ["reset"] == [each["event"] for each in lines(stream, 1)]


def test_a_page_misses_no_change_before_it_follows(gateway: RunningGateway, probe: MqttProbe) -> None:
    """It names the last change that is in it; one that has come since is said at once."""
    publish(probe, counter("T1"))
    gateway.until(lambda: len(gateway.get("/api/counters").json()["items"]) == 1, "it is heard")
    seen = re.search('data-seen="([^"]+)"', gateway.get("/counters").data.decode()).group(1)
    publish(probe, counter("T2"))
    gateway.until(lambda: len(gateway.get("/api/counters").json()["items"]) == 2, "it is heard")

    for known in (seen, "another-7"):
        address = f"/changes?kind=counter&last_event_id={known}"
        with gateway.get(address, preload_content=False) as stream:
            assert ["changed"] == [each["event"] for each in lines(stream, 1)]


def test_a_fuzzer_finds_no_fault(gateway: RunningGateway, probe: MqttProbe, broker: Broker, require: Require) -> None:
    """Schemathesis, by the document: no 5xx but the 503 of a service that is away."""
    schemathesis = require.module("schemathesis")
    from hypothesis import HealthCheck, Phase, given, settings

    publish(probe, status("counter_store"), status("alerter"), status("host_agent"), state(), alert(), counter())
    document = gateway.get("/api/openapi.json").json()
    del document["paths"]["/api/stream"]  # it does not end
    schema = schemathesis.openapi.from_dict(document)
    seen: set[int] = set()
    with services(broker):
        for found in schema.get_all_operations():
            operation = found.ok()
            strategy = operation.as_strategy()

            @given(case=strategy)
            @settings(
                max_examples=12,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def fuzz(case: Any) -> None:
                answer = case.call(base_url=gateway.url.rstrip("/"), timeout=20)
                seen.add(answer.status_code)
                assert answer.status_code < 500 or answer.status_code == 503, (case.path, answer.text)

            fuzz()
    assert 200 in seen
    assert "Traceback" not in gateway.log()
